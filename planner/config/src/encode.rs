//! Values as expressions of the language, as they would be written down.

use std::fmt::Write as _;

use cplan_model::{Kind, Value};

/// An expression that gives the value, marks aside, in the layout of files. Lists, sets and tuples are all in brackets,
/// and what is unknown is `null`.
pub fn encode(value: &Value) -> String {
    let text = format!("x = {}\n", written(value));
    let laid_out = crate::format(&text).unwrap_or(text);
    laid_out.trim_end().strip_prefix("x = ").unwrap_or(&laid_out).to_owned()
}

fn written(value: &Value) -> String {
    let inner: Vec<String>;
    match value.kind() {
        Kind::Null(_) | Kind::Unknown(_) => "null".to_owned(),
        Kind::Bool(b) => b.to_string(),
        Kind::Number(n) if n.is_integer() => n.in_radix(10),
        Kind::Number(n) => n.to_string(),
        Kind::String(text) => quoted(text),
        Kind::List(_, items) | Kind::Set(_, items) | Kind::Tuple(items) => {
            inner = items.iter().map(written).collect();
            format!("[{}]", inner.join(", "))
        }
        Kind::Map(_, members) | Kind::Object(members) => {
            if members.is_empty() {
                return "{}".to_owned();
            }
            inner = members.iter().map(|(name, v)| format!("{} = {}\n", key(name), written(v))).collect();
            format!("{{\n{}}}", inner.concat())
        }
    }
}

fn key(name: &str) -> String {
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let begins = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    if begins && name.chars().all(word) { name.to_owned() } else { quoted(name) }
}

/// A text in quotes in which nothing is computed.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '"' | '\\' => out.extend(['\\', sign]),
            '$' | '%' => {
                out.push(sign);
                if signs.peek() == Some(&'{') {
                    out.push(sign);
                }
            }
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_gives_the_value_again() {
        let inner = Value::object([
            ("a b", Value::null(cplan_model::Type::Dynamic)),
            ("c", Value::string("${x} %{ $\u{1}\n\"\\")),
        ]);
        let value =
            Value::object([("list", Value::tuple([Value::bool(true), inner.clone()])), ("n", Value::number(15))]);
        let text = encode(&value);
        assert_eq!(
            text,
            "{\n  list = [true, {\n    \"a b\" = null\n    c     = \"$${x} %%{ $\\u0001\\n\\\"\\\\\"\n  }]\n  n = 15\n}"
        );
        assert_eq!(encode(&Value::object::<&str>([])), "{}");
    }
}
