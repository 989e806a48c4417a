//! Values as `terraform console` prints them.

use cplan_model::{Kind, Type, Value};

/// A value that stands so far to the right.
pub(super) fn printed(value: &Value, indent: usize) -> String {
    if !value.is_known() {
        return "(known after apply)".into();
    }
    if value.marks().is_sensitive() {
        return "(sensitive value)".into();
    }
    let pad = " ".repeat(indent + 2);
    let end = " ".repeat(indent);
    let list = |items: &[Value]| {
        if items.is_empty() {
            return "[]".to_owned();
        }
        let lines: String = items.iter().map(|v| format!("{pad}{},\n", printed(v, indent + 2))).collect();
        format!("[\n{lines}{end}]")
    };
    match value.kind() {
        Kind::Null(ty) => null(ty),
        Kind::Unknown(_) => "(known after apply)".into(),
        Kind::Bool(b) => b.to_string(),
        Kind::Number(n) => n.to_string(),
        Kind::String(s) if s.contains('\n') => {
            let lines: String = s.split('\n').map(|line| format!("{end}{line}\n")).collect();
            format!("<<-EOT\n{lines}{end}EOT")
        }
        Kind::String(s) => quoted(s),
        Kind::List(_, items) => format!("tolist({})", list(items)),
        Kind::Set(_, items) => format!("toset({})", list(items)),
        Kind::Tuple(items) => list(items),
        Kind::Map(_, items) | Kind::Object(items) => {
            let body = if items.is_empty() {
                "{}".to_owned()
            } else {
                let lines: String =
                    items.iter().map(|(k, v)| format!("{pad}{} = {}\n", quoted(k), printed(v, indent + 2))).collect();
                format!("{{\n{lines}{end}}}")
            };
            if matches!(value.kind(), Kind::Map(..)) { format!("tomap({body})") } else { body }
        }
    }
}

fn null(ty: &Type) -> String {
    match ty {
        Type::Bool => "tobool(null)".into(),
        Type::Number => "tonumber(null)".into(),
        Type::String => "tostring(null)".into(),
        Type::List(t) => format!("tolist(null) /* of {} */", t.friendly()),
        Type::Set(t) => format!("toset(null) /* of {} */", t.friendly()),
        Type::Map(t) => format!("tomap(null) /* of {} */", t.friendly()),
        Type::Tuple(_) => "null /* tuple */".into(),
        Type::Object(_) => "null /* object */".into(),
        Type::Dynamic => "null".into(),
    }
}

/// As Go quotes: joiners and spaces other than the usual one are spelled.
fn quoted(text: &str) -> String {
    let each = text.chars().map(|c| match c {
        '\u{a0}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{feff}' => {
            format!("\\u{:04x}", c as u32)
        }
        '"' | '\\' | '\t' | '\r' => c.escape_default().to_string(),
        c if (c as u32) < 0x20 || c as u32 == 0x7f => format!("{:?}", c).trim_matches('\'').to_owned(),
        c => c.to_string(),
    });
    format!("\"{}\"", each.collect::<String>())
}
