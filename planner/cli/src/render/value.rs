//! Values as people read them, in the notation of the language.

use std::borrow::Cow;

use cplan_model::{Format, Kind, Members, Value, parse_quantity};

/// What stands for an unknown.
pub(crate) const UNKNOWN: &str = "(known after apply)";
/// What stands for a sensitive value.
pub(crate) const SENSITIVE: &str = "(sensitive value)";

/// On one line: `"a"`, `[1, 2]`, `{a = 1}`.
pub(crate) fn inline(value: &Value) -> String {
    let mut out = String::new();
    write_inline(&mut out, value);
    out
}

fn write_inline(out: &mut String, value: &Value) {
    if value.marks().is_sensitive() {
        out.push_str(SENSITIVE);
        return;
    }
    match value.kind() {
        Kind::Null(_) => out.push_str("null"),
        Kind::Unknown(_) => out.push_str(UNKNOWN),
        Kind::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Kind::Number(n) => out.push_str(&n.to_string()),
        Kind::String(s) => write_quoted(out, s),
        Kind::List(_, items) | Kind::Set(_, items) | Kind::Tuple(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                write_inline(out, item);
            }
            out.push(']');
        }
        Kind::Map(_, items) | Kind::Object(items) => {
            out.push('{');
            for (i, (name, member)) in items.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                out.push_str(&key(name));
                out.push_str(" = ");
                write_inline(out, member);
            }
            out.push('}');
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
    [Format::Bytes, Format::Duration, Format::Rate, Format::Fraction, Format::Throughput]
        .iter()
        .any(|f| parse_quantity(*f, text).is_ok())
}

/// How the lines of a value are drawn.
#[derive(Clone, Copy)]
struct Lines<'a> {
    mark: &'a str,
    typed: bool,
}

/// Over several lines where it is a collection or a text of several lines. Lines after the first begin with `indent`
/// spaces; every line of content begins with `mark` (`+ ` for what is made). `typed` names the type of a collection
/// (`tolist([…])`), as outputs show it.
pub(crate) fn block(value: &Value, indent: usize, mark: &str, typed: bool) -> String {
    let mut out = String::new();
    write_block(&mut out, value, indent, mark, typed);
    out
}

/// The same behind what stands in `out`.
pub(crate) fn write_block(out: &mut String, value: &Value, indent: usize, mark: &str, typed: bool) {
    Lines { mark, typed }.value(out, value, indent);
}

impl Lines<'_> {
    fn value(self, out: &mut String, value: &Value, indent: usize) {
        if value.marks().is_sensitive() {
            out.push_str(SENSITIVE);
            return;
        }
        match value.kind() {
            Kind::String(s) if s.trim_end_matches('\n').contains('\n') => heredoc(out, s, indent),
            Kind::List(_, items) => self.wrapped(out, "tolist", |out| self.items(out, items, indent)),
            Kind::Set(_, items) => self.wrapped(out, "toset", |out| self.items(out, items, indent)),
            Kind::Tuple(items) => self.items(out, items, indent),
            Kind::Map(_, items) => self.wrapped(out, "tomap", |out| self.entries(out, items, indent, true)),
            Kind::Object(items) => self.entries(out, items, indent, self.typed),
            _ => write_inline(out, value),
        }
    }

    fn wrapped(self, out: &mut String, function: &str, inner: impl FnOnce(&mut String)) {
        if !self.typed {
            return inner(out);
        }
        out.push_str(function);
        out.push('(');
        inner(out);
        out.push(')');
    }

    /// The column of what is in a collection at `indent`.
    fn deeper(self, indent: usize) -> usize {
        indent + if self.mark.is_empty() { 4 } else { 2 + self.mark.chars().count() }
    }

    /// What stands before a line of content.
    fn start(self, out: &mut String, indent: usize) {
        pad(out, indent + if self.mark.is_empty() { 4 } else { 2 });
        out.push_str(self.mark);
    }

    fn items(self, out: &mut String, items: &[Value], indent: usize) {
        if items.is_empty() {
            return out.push_str("[]");
        }
        out.push_str("[\n");
        for item in items {
            self.start(out, indent);
            self.value(out, item, self.deeper(indent));
            out.push_str(",\n");
        }
        pad(out, indent);
        out.push(']');
    }

    fn entries(self, out: &mut String, members: &Members, indent: usize, quoted: bool) {
        let name = |k: &str| if quoted { quote(k) } else { key(k).into_owned() };
        let shown: Vec<_> =
            members.iter().filter(|(_, v)| self.typed || !v.is_null()).map(|(k, v)| (name(k), v)).collect();
        if shown.is_empty() {
            return out.push_str("{}");
        }
        let longest = shown.iter().map(|(k, _)| k.chars().count()).max().unwrap_or(0);
        out.push_str("{\n");
        for (name, member) in shown {
            self.start(out, indent);
            out.push_str(&name);
            pad(out, longest - name.chars().count());
            out.push_str(" = ");
            self.value(out, member, self.deeper(indent));
            out.push('\n');
        }
        pad(out, indent);
        out.push('}');
    }
}

/// So many spaces.
pub(crate) fn pad(out: &mut String, columns: usize) {
    out.extend(std::iter::repeat_n(' ', columns));
}

fn heredoc(out: &mut String, text: &str, indent: usize) {
    out.push_str("<<-EOT\n");
    for line in text.lines() {
        pad(out, indent + 4);
        out.push_str(&visible(line));
        out.truncate(out.trim_end_matches(|c: char| c.is_whitespace() && c != '\n').len());
        out.push('\n');
    }
    pad(out, indent);
    out.push_str("EOT");
}

/// A line without what a terminal would act upon.
pub(crate) fn visible(line: &str) -> String {
    line.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}

/// Names as they are written: bare where the language allows it.
pub(crate) fn key(name: &str) -> Cow<'_, str> {
    let ident = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let starts = name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    if starts && name.chars().all(ident) { Cow::Borrowed(name) } else { Cow::Owned(quote(name)) }
}

/// A string as the language writes it.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_quoted(&mut out, text);
    out
}

/// The same behind what stands in `out`.
pub(crate) fn write_quoted(out: &mut String, text: &str) {
    out.push('"');
    let plain = |c: char| !matches!(c, '"' | '\\' | '$' | '%') && !c.is_control();
    if text.chars().all(plain) {
        out.push_str(text);
    } else {
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '$' | '%' if rest.peek() == Some(&'{') => out.extend([c, c]),
                c if c.is_control() => out.push_str(&format!("\\u{:04x}", c as u32)),
                c => out.push(c),
            }
        }
    }
    out.push('"');
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
