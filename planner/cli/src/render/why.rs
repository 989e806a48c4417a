//! Where a value comes from.

use std::fmt::Write as _;

use cplan_model::Value;
use serde_json::{Value as Json, json as object};

use super::json::values::json as value_json;
use super::style::{Style, Tone};
use super::value::inline;

/// A value, and what it hangs on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cause {
    /// Its name.
    pub(crate) what: String,
    /// What it is, where that is known at all.
    pub(crate) value: Option<Value>,
    /// `main.tf:3:9`
    pub(crate) place: Option<String>,
    /// Its expression, on one line.
    pub(crate) text: String,
    /// What else is to be said of it.
    pub(crate) because: String,
    /// What its expression names.
    pub(crate) from: Vec<Cause>,
}

/// The run that last changed an object.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// Its name, as the folder of its log has it.
    pub(crate) id: String,
    /// `apply` or `destroy`.
    pub(crate) command: Option<String>,
    /// Who ran it.
    pub(crate) user: Option<String>,
    /// And where.
    pub(crate) host: Option<String>,
    /// When it began.
    pub(crate) started: Option<String>,
}

/// The whole text.
pub(crate) fn causes(cause: &Cause, run: Option<&Run>, style: Style) -> String {
    let mut out = String::new();
    tell(cause, 0, style, &mut out);
    if let Some(run) = run {
        let mut text = format!("Last changed by run {}", run.id);
        if let Some(command) = &run.command {
            let _ = write!(text, ": {command}");
        }
        if let (Some(user), Some(host)) = (&run.user, &run.host) {
            let _ = write!(text, " by {user}@{host}");
        }
        if let Some(started) = &run.started {
            let _ = write!(text, ", {started}");
        }
        let _ = writeln!(out, "\n{text}");
    }
    out
}

fn tell(cause: &Cause, depth: usize, style: Style, out: &mut String) {
    let pad = "  ".repeat(depth);
    let value = cause.value.as_ref().map(|v| format!(" = {}", short(&inline(v)))).unwrap_or_default();
    let name = if depth == 0 { style.paint(Tone::Strong, &cause.what) } else { cause.what.clone() };
    let _ = writeln!(out, "{pad}{name}{value}");
    let said =
        [cause.text.as_str(), cause.because.as_str()].iter().filter(|t| !t.is_empty()).copied().collect::<Vec<_>>();
    let said = said.join("; ");
    match (&cause.place, said.is_empty()) {
        (Some(place), true) => {
            let _ = writeln!(out, "{pad}    {}", style.paint(Tone::Info, place));
        }
        (Some(place), false) => {
            let _ = writeln!(out, "{pad}    {}: {said}", style.paint(Tone::Info, place));
        }
        (None, false) => {
            let _ = writeln!(out, "{pad}    {said}");
        }
        (None, true) => {}
    }
    for inner in &cause.from {
        tell(inner, depth + 1, style, out);
    }
}

fn short(text: &str) -> String {
    if text.chars().count() > 80 { text.chars().take(79).collect::<String>() + "…" } else { text.to_owned() }
}

/// The same as a document; what is sensitive is masked.
pub(crate) fn json(cause: &Cause, run: Option<&Run>) -> Json {
    let mut out = node(cause);
    if let Some(run) = run {
        out["last_run"] = object!({
            "run": run.id, "command": run.command, "user": run.user, "host": run.host, "started": run.started,
        });
    }
    out
}

fn node(cause: &Cause) -> Json {
    let mut out = object!({"name": cause.what});
    if let Some(value) = &cause.value {
        out["value"] = value_json(value, false);
    }
    if let Some(place) = &cause.place {
        out["place"] = object!(place);
    }
    for (name, text) in [("expression", &cause.text), ("because", &cause.because)] {
        if !text.is_empty() {
            out[name] = object!(text);
        }
    }
    if !cause.from.is_empty() {
        out["from"] = cause.from.iter().map(node).collect();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_back_stands_deeper() {
        let variable = Cause {
            what: "var.size".to_owned(),
            value: Some(Value::number(2)),
            place: Some("main.tf:1:1".to_owned()),
            because: "its default".to_owned(),
            ..Cause::default()
        };
        let cause = Cause {
            what: "a.b.input".to_owned(),
            value: Some(Value::number(4)),
            place: Some("main.tf:5:11".to_owned()),
            text: "input = var.size * 2".to_owned(),
            from: vec![variable],
            ..Cause::default()
        };
        let run =
            Run { id: "r-1".to_owned(), command: Some("apply".to_owned()), user: None, host: None, started: None };
        assert_eq!(
            causes(&cause, Some(&run), Style::plain()),
            "a.b.input = 4\n    main.tf:5:11: input = var.size * 2\n  var.size = 2\n      main.tf:1:1: its default\n\n\
             Last changed by run r-1: apply\n"
        );
    }
}
