//! Values as people read them, in the notation of the language.

use std::collections::BTreeMap;
use std::sync::Arc;

use cplan_model::{Format, Kind, Value, parse_quantity};

/// What stands for an unknown.
pub(crate) const UNKNOWN: &str = "(known after apply)";
/// What stands for a sensitive value.
pub(crate) const SENSITIVE: &str = "(sensitive value)";

/// On one line: `"a"`, `[1, 2]`, `{a = 1}`.
pub(crate) fn inline(value: &Value) -> String {
    if value.marks().is_sensitive() {
        return SENSITIVE.to_owned();
    }
    let list = |items: &[Value]| items.iter().map(inline).collect::<Vec<_>>().join(", ");
    match value.kind() {
        Kind::Null(_) => "null".to_owned(),
        Kind::Unknown(_) => UNKNOWN.to_owned(),
        Kind::Bool(b) => b.to_string(),
        Kind::Number(n) => n.to_string(),
        Kind::String(s) => quote(s),
        Kind::List(_, items) | Kind::Set(_, items) | Kind::Tuple(items) => format!("[{}]", list(items)),
        Kind::Map(_, items) | Kind::Object(items) => {
            let entries = items.iter().map(|(k, v)| format!("{} = {}", key(k), inline(v)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

/// On one line, a quantity as its bare text: `7.5ms`.
pub(crate) fn bare(value: &Value) -> String {
    match value.as_str() {
        Some(text) if !value.marks().is_sensitive() && is_quantity(text) => text.to_owned(),
        _ => inline(value),
    }
}

fn is_quantity(text: &str) -> bool {
    [Format::Bytes, Format::Duration, Format::Rate, Format::Fraction].iter().any(|f| parse_quantity(*f, text).is_ok())
}

/// Over several lines where it is a collection or a text of several lines. Lines after the first begin with `indent`
/// spaces; every line of content begins with `mark` (`+ ` for what is made). `typed` names the type of a collection
/// (`tolist([…])`), as outputs show it.
pub(crate) fn block(value: &Value, indent: usize, mark: &str, typed: bool) -> String {
    if value.marks().is_sensitive() {
        return SENSITIVE.to_owned();
    }
    let pad = " ".repeat(indent);
    let item_pad = format!("{pad}{}{mark}", if mark.is_empty() { "    " } else { "  " });
    let deeper = item_pad.chars().count();
    let wrap = |function: &str, open: &str, lines: Vec<String>, close: &str| {
        let (before, after) =
            if typed && !function.is_empty() { (format!("{function}("), ")") } else { (String::new(), "") };
        if lines.is_empty() {
            return format!("{before}{open}{close}{after}");
        }
        format!("{before}{open}\n{}{pad}{close}{after}", lines.concat())
    };
    let items = |items: &[Value]| {
        items.iter().map(|v| format!("{item_pad}{},\n", block(v, deeper, mark, typed))).collect::<Vec<_>>()
    };
    match value.kind() {
        Kind::String(s) if s.trim_end_matches('\n').contains('\n') => heredoc(s, indent),
        Kind::List(_, v) => wrap("tolist", "[", items(v), "]"),
        Kind::Set(_, v) => wrap("toset", "[", items(v), "]"),
        Kind::Tuple(v) => wrap("", "[", items(v), "]"),
        Kind::Map(_, m) => wrap("tomap", "{", entries(m, &item_pad, mark, typed, true), "}"),
        Kind::Object(m) => wrap("", "{", entries(m, &item_pad, mark, typed, typed), "}"),
        _ => inline(value),
    }
}

fn entries(m: &BTreeMap<Arc<str>, Value>, pad: &str, mark: &str, typed: bool, quoted: bool) -> Vec<String> {
    let name = |k: &str| if quoted { quote(k) } else { key(k) };
    let shown: Vec<_> = m.iter().filter(|(_, v)| typed || !v.is_null()).collect();
    let longest = shown.iter().map(|(k, _)| name(k).chars().count()).max().unwrap_or(0);
    let deeper = pad.chars().count();
    shown.iter().map(|(k, v)| format!("{pad}{:<longest$} = {}\n", name(k), block(v, deeper, mark, typed))).collect()
}

fn heredoc(text: &str, indent: usize) -> String {
    let pad = " ".repeat(indent);
    let lines: String = text.lines().map(|l| format!("{pad}    {}", visible(l)).trim_end().to_owned() + "\n").collect();
    format!("<<-EOT\n{lines}{pad}EOT")
}

/// A line without what a terminal would act upon.
pub(crate) fn visible(line: &str) -> String {
    line.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}

/// Names as they are written: bare where the language allows it.
pub(crate) fn key(name: &str) -> String {
    let ident = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let starts = name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    if starts && name.chars().all(ident) { name.to_owned() } else { quote(name) }
}

/// A string as the language writes it.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out.replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::*;
    use cplan_model::{Marks, Type};

    #[test]
    fn one_line() {
        let value = Value::object([
            ("a b", Value::tuple([Value::number(1), Value::bool(true)])),
            ("pw", Value::string("x").mark(Marks::SENSITIVE)),
            ("id", Value::unknown(Type::String)),
            ("s", Value::string("a\"${b}\u{1b}")),
        ]);
        assert_eq!(
            inline(&value),
            r#"{"a b" = [1, true], id = (known after apply), pw = (sensitive value), s = "a\"$${b}\u001b"}"#
        );
        assert_eq!(bare(&Value::string("7.5ms")), "7.5ms");
        assert_eq!(bare(&Value::string("edge")), "\"edge\"");
    }

    #[test]
    fn several_lines_in_a_plan() {
        let value = Value::object([
            ("l", Value::list(Type::String, [Value::string("x")])),
            ("none", Value::null(Type::String)),
            ("text", Value::string("one\ntwo\n")),
        ]);
        assert_eq!(
            block(&value, 6, "+ ", false),
            "{\n        + l    = [\n            + \"x\",\n          ]\n        + text = <<-EOT\n              one\n              two\n          EOT\n      }"
        );
    }

    #[test]
    fn outputs_name_their_types() {
        let value = Value::map(Type::set(Type::Number), [("a", Value::set(Type::Number, [Value::number(2)]))]);
        assert_eq!(block(&value, 0, "", true), "tomap({\n    \"a\" = toset([\n        2,\n    ])\n})");
    }
}
