//! The order in which sets give their elements: cty's, which users see in loops and outputs.
//!
//! Primitive elements go by size or by bytes, what is unknown after them, null last; others go by a text made of all
//! that is in them, in which numbers have ten digits.

use std::cmp::Ordering;
use std::fmt::Write as _;

use crate::{Kind, Number, Type, Value};

/// Sorts and removes duplicates. Unknown elements may turn out to differ, so all of them stay.
pub(super) fn arrange(element: &Type, mut items: Vec<Value>) -> Vec<Value> {
    if element.is_primitive() || items.len() < 2 {
        items.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b)));
    } else {
        items.sort_by_cached_key(|item| {
            let mut text = String::new();
            spell(item, &mut text);
            (rank(item), text, item.clone())
        });
    }
    items.dedup_by(|a, b| a == b && a.is_wholly_known());
    items
}

fn rank(value: &Value) -> u8 {
    match value.kind() {
        Kind::Null(_) => 2,
        Kind::Unknown(_) => 1,
        _ => 0,
    }
}

fn spell(value: &Value, out: &mut String) {
    let mut each = |open: char, close: char| {
        out.push(open);
        for item in value.children() {
            spell(item, out);
            out.push(';');
        }
        out.push(close);
    };
    match value.kind() {
        Kind::Unknown(_) => out.push('?'),
        Kind::Null(_) => out.push('~'),
        Kind::Bool(b) => out.push(if *b { 'T' } else { 'F' }),
        Kind::Number(n) => out.push_str(&ten_digits(n)),
        Kind::String(s) => quote(s, out),
        Kind::List(..) | Kind::Set(..) => each('[', ']'),
        Kind::Tuple(_) | Kind::Object(_) => each('<', '>'),
        Kind::Map(_, items) => {
            out.push('{');
            for (key, item) in items.iter() {
                quote(key, out);
                out.push(':');
                spell(item, out);
                out.push(';');
            }
            out.push('}');
        }
    }
}

/// As C's `%.10g`.
fn ten_digits(number: &Number) -> String {
    match number.as_i64() {
        Some(n) if n.unsigned_abs() < 10_000_000_000 && !number.is_zero() => return n.to_string(),
        _ if number.is_zero() || number.is_infinite() => return number.to_string(),
        _ => {}
    }
    let text = format!("{:.9e}", number.as_f64());
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..10).contains(&exponent) {
        let places = usize::try_from(9 - exponent).unwrap_or(0);
        let plain = format!("{:.places$}", number.as_f64());
        return if plain.contains('.') { plain.trim_end_matches('0').trim_end_matches('.').into() } else { plain };
    }
    let digits = if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits };
    let sign = match exponent.cmp(&0) {
        Ordering::Less => '-',
        _ => '+',
    };
    format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_ascii_control() => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primitive_elements_go_by_size_and_others_by_their_text() {
        let numbers = |all: &[i64]| all.iter().map(|n| Value::number(*n)).collect::<Vec<_>>();
        let mut mixed = numbers(&[10, 9]);
        mixed.insert(0, Value::null(Type::Number));
        mixed.insert(1, Value::unknown(Type::Number));
        let sorted = arrange(&Type::Number, mixed);
        assert_eq!(sorted[..2], numbers(&[9, 10]));
        assert!(!sorted[2].is_known() && sorted[3].is_null());
        let tuples: Vec<_> = numbers(&[9, 10, 9]).into_iter().map(|n| Value::tuple([n])).collect();
        let sorted = arrange(&Type::tuple([Type::Number]), tuples);
        assert_eq!(sorted.iter().map(|t| t.as_slice().unwrap()[0].clone()).collect::<Vec<_>>(), numbers(&[10, 9]));
        let open = vec![Value::unknown(Type::Bool), Value::unknown(Type::Bool)];
        assert_eq!(arrange(&Type::Bool, open).len(), 2);
    }

    #[test]
    fn numbers_have_ten_digits() {
        for (text, spelt) in [
            ("1.5", "1.5"),
            ("12345678901", "1.23456789e+10"),
            ("0.00001", "1e-05"),
            ("0.25", "0.25"),
            ("-0", "-0"),
            ("9999999999", "9999999999"),
            ("1e30", "1e+30"),
            ("3.14159265358979", "3.141592654"),
        ] {
            assert_eq!(ten_digits(&Number::parse(text).unwrap()), spelt);
        }
    }
}
