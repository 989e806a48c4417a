//! Providers see values without marks, so what they say of them may show a secret.

use cplan_model::{Diagnostics, Kind, Value};

/// Takes the sensitive parts of a value out of what was said of it.
pub(super) fn hush(said: Diagnostics, value: &Value) -> Diagnostics {
    let mut secrets = Vec::new();
    collect(value, false, &mut secrets);
    // A secret that contains another is to go as a whole.
    secrets.sort_by_key(|s| std::cmp::Reverse(s.len()));
    let mut out = Diagnostics::new();
    for mut diagnostic in said {
        for text in [&mut diagnostic.what, &mut diagnostic.remedy] {
            for secret in &secrets {
                if text.contains(secret.as_str()) {
                    *text = text.replace(secret.as_str(), "(sensitive value)");
                }
            }
        }
        out.push(diagnostic);
    }
    out
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
    fn secrets_are_taken_out() {
        let value = Value::object([
            ("cidr", Value::string("hunter2").mark(Marks::SENSITIVE)),
            ("list", Value::tuple([Value::string("hunter22"), Value::number(4711)]).mark(Marks::SENSITIVE)),
            ("name", Value::string("open")),
        ]);
        let said = Diagnostic::error("x", "X", "`hunter22` and `hunter2` and 4711 of `open`.").remedy("Not hunter2.");
        let said = hush(Diagnostics::from(said), &value);
        let first = said.iter().next().unwrap();
        assert_eq!(first.what, "`(sensitive value)` and `(sensitive value)` and (sensitive value) of `open`.");
        assert_eq!(first.remedy, "Not (sensitive value).");
    }
}
