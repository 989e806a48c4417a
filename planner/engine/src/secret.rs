//! Providers see values without marks, so what they say of them may show a secret.

use cplan_model::{Diagnostics, Kind, Value};
use cplan_sdk::ProviderError;

/// The sensitive texts and numbers of values.
#[derive(Default)]
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    pub(crate) fn of<'v>(values: impl IntoIterator<Item = &'v Value>) -> Self {
        let mut secrets = Vec::new();
        values.into_iter().for_each(|value| collect(value, false, &mut secrets));
        // A secret that contains another is to go as a whole.
        secrets.sort_by_key(|s| std::cmp::Reverse(s.len()));
        Secrets(secrets)
    }

    /// Adds what everybody's log is to be without: a text that is so short that it stands in others by chance is left to
    /// the steps that it belongs to, and of one with several lines each counts, because outputs come in lines.
    pub(crate) fn learn(&mut self, value: &Value) {
        let mut found = Vec::new();
        collect(value, false, &mut found);
        if found.is_empty() {
            return;
        }
        for secret in found.into_iter().filter(|s| s.len() >= 4) {
            if secret.contains('\n') {
                self.0.extend(secret.lines().map(str::trim).filter(|line| line.len() >= 8).map(str::to_owned));
            }
            self.0.push(secret);
        }
        self.0.sort_by_key(|s| std::cmp::Reverse(s.len()));
        self.0.dedup();
    }

    /// The text without them.
    pub(crate) fn hush(&self, text: &str) -> String {
        self.hush_with(&Secrets::default(), text)
    }

    /// The text without them and without others: taken out one after the other, a short one of these would tear a long one
    /// of those apart, and the rest of it would be read.
    pub(crate) fn hush_with(&self, others: &Secrets, text: &str) -> String {
        let mut all: Vec<&str> = self.0.iter().chain(&others.0).map(String::as_str).collect();
        all.sort_by_key(|s| std::cmp::Reverse(s.len()));
        all.into_iter().fold(text.to_owned(), |text, secret| {
            if text.contains(secret) { text.replace(secret, "(sensitive value)") } else { text }
        })
    }

    /// An error without them.
    pub(crate) fn hush_error(&self, error: ProviderError) -> ProviderError {
        self.hush_error_with(&Secrets::default(), error)
    }

    /// An error without them and without others.
    pub(crate) fn hush_error_with(&self, others: &Secrets, mut error: ProviderError) -> ProviderError {
        for text in [&mut error.message, &mut error.remedy, &mut error.details] {
            *text = self.hush_with(others, text);
        }
        let mut cause = std::error::Error::source(&error);
        let mut shows = false;
        while let Some(inner) = cause {
            let text = inner.to_string();
            shows |= self.hush_with(others, &text) != text;
            cause = inner.source();
        }
        if shows {
            error.source = None;
        }
        error
    }

    /// Diagnostics without them.
    pub(crate) fn hush_all(&self, said: Diagnostics) -> Diagnostics {
        let mut out = Diagnostics::new();
        for mut diagnostic in said {
            diagnostic.what = self.hush(&diagnostic.what);
            diagnostic.remedy = self.hush(&diagnostic.remedy);
            out.push(diagnostic);
        }
        out
    }
}

fn collect(value: &Value, within: bool, out: &mut Vec<String>) {
    let secret = within || value.marks().is_sensitive();
    match value.kind() {
        Kind::String(text) if secret && !text.is_empty() => out.push(text.to_string()),
        Kind::Number(number) if secret => out.push(number.to_string()),
        _ => value.children().for_each(|child| collect(child, secret, out)),
    }
}

#[cfg(test)]
mod tests {
    use cplan_model::{Diagnostic, Marks};

    use super::*;

    #[test]
    fn others_learn_of_secrets_that_are_long_enough() {
        let key = Value::string("-----BEGIN-----\nc2VjcmV0\n-----END-----\n").mark(Marks::SENSITIVE);
        let mut all = Secrets::default();
        all.learn(&Value::tuple([key, Value::string("abc").mark(Marks::SENSITIVE), Value::string("open")]));
        assert_eq!(all.hush("abc open\n c2VjcmV0"), "abc open\n (sensitive value)");
    }

    #[test]
    fn a_secret_within_one_of_another_step_does_not_save_the_rest_of_it() {
        let secret = |text: &str| Value::string(text).mark(Marks::SENSITIVE);
        let mut all = Secrets::default();
        all.learn(&secret("user=root pin=918273"));
        let own = Secrets::of([&secret("root")]);
        let said = "a user=root pin=918273 and root";
        assert_eq!(own.hush_with(&all, said), "a (sensitive value) and (sensitive value)");
        let error = own.hush_error_with(&all, ProviderError::failed(said));
        assert_eq!(error.message, "a (sensitive value) and (sensitive value)");
    }

    #[test]
    fn secrets_are_taken_out() {
        let value = Value::object([
            ("cidr", Value::string("hunter2").mark(Marks::SENSITIVE)),
            ("list", Value::tuple([Value::string("hunter22"), Value::number(4711)]).mark(Marks::SENSITIVE)),
            ("name", Value::string("open")),
        ]);
        let said = Diagnostic::error("x", "X", "`hunter22` and `hunter2` and 4711 of `open`.").remedy("Not hunter2.");
        let said = Secrets::of([&value]).hush_all(Diagnostics::from(said));
        let first = said.iter().next().unwrap();
        assert_eq!(first.what, "`(sensitive value)` and `(sensitive value)` and (sensitive value) of `open`.");
        assert_eq!(first.remedy, "Not (sensitive value).");

        let mut error = ProviderError::failed("`hunter2` failed").remedy("Change hunter2.");
        error.details = "+ echo hunter2".into();
        error.source = Some("exit 1: hunter2".into());
        let error = Secrets::of([&value]).hush_error(error);
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        let error = Secrets::default().hush_error(ProviderError { source: Some("exit 1".into()), ..error });
        assert!(error.source.is_some());
    }
}
