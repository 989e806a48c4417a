//! Values as Terraform's console and `output` write them: in the notation of the language, types named where that
//! notation does not tell them.

use std::sync::{Arc, LazyLock};

use cplan_model::{Kind, Type, Value};
use regex::Regex;

use super::value::{SENSITIVE, UNKNOWN};

/// What stands for an ephemeral value.
const EPHEMERAL: &str = "(ephemeral value)";

/// A value over as many lines as it takes, without a line end.
pub(crate) fn literal(value: &Value) -> String {
    written(value, 0)
}

fn written(value: &Value, indent: usize) -> String {
    // As in Terraform, that a value is not known yet is no secret.
    if matches!(value.kind(), Kind::Unknown(_)) {
        return UNKNOWN.to_owned();
    }
    if value.marks().is_sensitive() {
        return SENSITIVE.to_owned();
    }
    if value.marks().is_ephemeral() {
        return EPHEMERAL.to_owned();
    }
    match value.kind() {
        Kind::Unknown(_) => UNKNOWN.to_owned(),
        Kind::Null(ty) => null(ty),
        Kind::Bool(b) => b.to_string(),
        Kind::Number(n) => n.to_string(),
        Kind::String(s) => heredoc(s, indent).unwrap_or_else(|| quoted(s)),
        Kind::Tuple(items) => sequence(items, indent),
        Kind::List(_, items) => format!("tolist({})", sequence(items, indent)),
        Kind::Set(_, items) => format!("toset({})", sequence(items, indent)),
        Kind::Object(_) => mapping(value, indent),
        Kind::Map(..) => format!("tomap({})", mapping(value, indent)),
    }
}

fn null(ty: &Type) -> String {
    match ty {
        Type::Dynamic => "null".to_owned(),
        Type::Bool => "tobool(null)".to_owned(),
        Type::Number => "tonumber(null)".to_owned(),
        Type::String => "tostring(null)".to_owned(),
        Type::List(t) => format!("tolist(null) /* of {} */", t.friendly()),
        Type::Set(t) => format!("toset(null) /* of {} */", t.friendly()),
        Type::Map(t) => format!("tomap(null) /* of {} */", t.friendly()),
        Type::Tuple(_) => "null /* tuple */".to_owned(),
        Type::Object(_) => "null /* object */".to_owned(),
    }
}

fn sequence(items: &[Value], indent: usize) -> String {
    if items.is_empty() {
        return "[]".to_owned();
    }
    let pad = " ".repeat(indent);
    let lines: String = items.iter().map(|v| format!("{pad}  {},\n", written(v, indent + 2))).collect();
    format!("[\n{lines}{pad}]")
}

fn mapping(value: &Value, indent: usize) -> String {
    let Some(entries) = value.as_map().filter(|m| !m.is_empty()) else { return "{}".to_owned() };
    let pad = " ".repeat(indent);
    let key = |text: &str| heredoc(text, indent + 2).unwrap_or_else(|| quoted(text));
    let lines: String =
        entries.iter().map(|(k, v)| format!("{pad}  {} = {}\n", key(k), written(v, indent + 2))).collect();
    format!("{{\n{lines}{pad}}}")
}

/// A text of several lines as a heredoc; its delimiter is no line of the text.
fn heredoc(text: &str, indent: usize) -> Option<String> {
    if !text.contains('\n') {
        return None;
    }
    let mut end = "EOT".to_owned();
    while text.split('\n').any(|line| line.trim() == end) {
        end.push('_');
    }
    if indent == 0 {
        return Some(format!("<<{end}\n{text}\n{end}"));
    }
    let pad = " ".repeat(indent);
    let lines: String = text.split('\n').map(|line| format!("{pad}{line}\n")).collect();
    Some(format!("<<-{end}\n{lines}{pad}{end}"))
}

/// Quoted as Go's `strconv.Quote` does, which is how Terraform prints: what is not printable is escaped, `${` is not.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            c if is_printable(c) => out.push(c),
            c if (c as u32) < 0x80 => out.push_str(&format!("\\x{:02x}", c as u32)),
            c if (c as u32) < 0x1_0000 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push_str(&format!("\\U{:08x}", c as u32)),
        }
    }
    out.push('"');
    out
}

/// Go's `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols, and of the spaces only U+0020.
fn is_printable(c: char) -> bool {
    static PRINTABLE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[\pL\pM\pN\pP\pS]$").ok());
    if c.is_ascii() {
        return (' '..='~').contains(&c);
    }
    PRINTABLE.as_ref().is_none_or(|r| r.is_match(c.encode_utf8(&mut [0; 4])))
}

/// A type as the console's `type()` writes it.
pub(crate) fn type_text(ty: &Type) -> String {
    spelled(ty, 0)
}

fn spelled(ty: &Type, indent: usize) -> String {
    let pad = " ".repeat(indent);
    let of = |name: &str, element: &Type| match element {
        // An element that takes several lines stands on lines of its own.
        Type::Tuple(_) | Type::Object(_) => {
            format!("{name}(\n{pad}    {},\n{pad})", spelled(element, indent + 4))
        }
        _ => format!("{name}({})", spelled(element, indent)),
    };
    match ty {
        Type::Dynamic => "dynamic".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Number => "number".to_owned(),
        Type::String => "string".to_owned(),
        Type::List(t) => of("list", t),
        Type::Set(t) => of("set", t),
        Type::Map(t) => of("map", t),
        Type::Tuple(ts) if ts.is_empty() => "tuple([])".to_owned(),
        Type::Tuple(ts) => {
            let lines: String = ts.iter().map(|t| format!("{pad}    {},\n", spelled(t, indent + 4))).collect();
            format!("tuple([\n{lines}{pad}])")
        }
        Type::Object(o) if o.attributes.is_empty() => "object({})".to_owned(),
        Type::Object(o) => {
            let line = |(k, t): (&Arc<str>, &Type)| format!("{pad}    {k}: {},\n", spelled(t, indent + 4));
            format!("object({{\n{}{pad}}})", o.attributes.iter().map(line).collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cplan_model::Marks;

    fn list(items: &[&str]) -> Value {
        Value::list(Type::String, items.iter().map(|s| Value::string(*s)))
    }

    #[test]
    fn collections_name_their_types() {
        let value = Value::object([
            ("b c", Value::null(Type::Dynamic)),
            ("t", list(&["a"])),
            ("x", Value::tuple([Value::number(1), Value::string("s").mark(Marks::SENSITIVE)])),
            ("m", Value::map(Type::set(Type::Bool), [("k", Value::set(Type::Bool, []))])),
        ]);
        assert_eq!(
            literal(&value),
            r#"{
  "b c" = null
  "m" = tomap({
    "k" = toset([])
  })
  "t" = tolist([
    "a",
  ])
  "x" = [
    1,
    (sensitive value),
  ]
}"#
        );
    }

    #[test]
    fn nulls_tell_their_types() {
        let null = |ty| literal(&Value::null(ty));
        assert_eq!(null(Type::String), "tostring(null)");
        assert_eq!(null(Type::map(Type::list(Type::String))), "tomap(null) /* of list of string */");
        assert_eq!(null(Type::tuple([])), "null /* tuple */");
        assert_eq!(null(Type::object([("a", Type::String)])), "null /* object */");
    }

    #[test]
    fn texts_of_several_lines_are_heredocs() {
        assert_eq!(literal(&Value::string("x\n")), "<<EOT\nx\n\nEOT");
        assert_eq!(literal(&Value::string("a\n  EOT\nx")), "<<EOT_\na\n  EOT\nx\nEOT_");
        let nested = Value::tuple([Value::tuple([Value::string("a\n\nb")])]);
        assert_eq!(literal(&nested), "[\n  [\n    <<-EOT\n    a\n    \n    b\n    EOT,\n  ],\n]");
    }

    #[test]
    fn what_is_not_printable_is_escaped() {
        assert_eq!(literal(&Value::string("\u{1} é 日本 ${x}\u{0}\"\\")), r#""\x01 é 日本 ${x}\x00\"\\""#);
        assert_eq!(
            literal(&Value::string("\u{200b}\u{a0}\u{e000}\u{1f600}\u{7f}\u{85}\u{e0001}")),
            r#""\u200b\u00a0\ue000😀\x7f\u0085\U000e0001""#
        );
    }

    #[test]
    fn types() {
        assert_eq!(type_text(&Type::list(Type::map(Type::Number))), "list(map(number))");
        assert_eq!(
            type_text(&Type::map(Type::tuple([Type::Number, Type::object([("a b", Type::Dynamic)])]))),
            "map(\n    tuple([\n        number,\n        object({\n            a b: dynamic,\n        }),\n    ]),\n)"
        );
    }
}
