//! Encodings: JSON, base64, URLs, CSV, hashes.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cplan_model::{Type, Value};
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::json::{from_json, to_json};
use super::{Context, Failure, Function, Outcome, Returns, Table, any, fixed, str_of, text};

pub(super) fn table() -> Table {
    let one = |call| Function::new([text("str")], fixed(Type::String), call);
    vec![
        ("jsonencode", Function::new([any("val").null().unknown()], fixed(Type::String), jsonencode)),
        (
            "jsondecode",
            Function::new([text("str")], Returns::Computed, |_, a| from_json(str_of(&a[0])).map_err(Failure::Call)),
        ),
        ("base64encode", one(|_, a| Ok(Value::string(BASE64_STANDARD.encode(str_of(&a[0])))))),
        ("base64decode", one(base64decode)),
        ("urlencode", one(|_, a| Ok(Value::string(urlencode(str_of(&a[0])))))),
        ("csvdecode", Function::new([text("str")], Returns::Computed, csvdecode)),
        ("yamlencode", Function::new([any("value").null().unknown()], fixed(Type::String), super::yaml::yamlencode)),
        ("yamldecode", Function::new([text("src")], Returns::Computed, super::yaml::yamldecode)),
        ("md5", one(|_, a| Ok(Value::string(hex(&Md5::digest(str_of(&a[0]))))))),
        ("sha1", one(|_, a| Ok(Value::string(hex(&Sha1::digest(str_of(&a[0]))))))),
        ("sha256", one(|_, a| Ok(Value::string(hex(&Sha256::digest(str_of(&a[0]))))))),
        ("sha512", one(|_, a| Ok(Value::string(hex(&Sha512::digest(str_of(&a[0]))))))),
        ("base64sha256", one(|_, a| Ok(Value::string(BASE64_STANDARD.encode(Sha256::digest(str_of(&a[0]))))))),
        ("base64sha512", one(|_, a| Ok(Value::string(BASE64_STANDARD.encode(Sha512::digest(str_of(&a[0]))))))),
    ]
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn jsonencode(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    if !a[0].is_wholly_known() {
        return Ok(crate::evaluate::not_null(Type::String));
    }
    Ok(Value::string(to_json(&a[0])?))
}

fn base64decode(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let text = str_of(&a[0]);
    let bytes = BASE64_STANDARD
        .decode(text.replace(['\n', '\r'], ""))
        .map_err(|_| Failure::Call(format!("failed to decode base64 data {text:?}")))?;
    String::from_utf8(bytes)
        .map(Value::string)
        .map_err(|_| Failure::Call("the result of decoding the provided string is not valid UTF-8".into()))
}

fn urlencode(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(b).to_string(),
            b' ' => "+".into(),
            b => format!("%{b:02X}"),
        })
        .collect()
}

fn csvdecode(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let rows = csv(str_of(&a[0])).map_err(Failure::Call)?;
    let Some((header, rows)) = rows.split_first() else {
        return Err("missing header line".into());
    };
    let mut names = std::collections::BTreeSet::new();
    for name in header {
        if !names.insert(name) {
            return Err(format!("duplicate column name {name:?}").into());
        }
    }
    let ty = Type::object(header.iter().map(|n| (n.as_str(), Type::String)));
    let mut out = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        if row.len() != header.len() {
            return Err(format!("record on line {}: wrong number of fields", i + 2).into());
        }
        out.push(Value::object(header.iter().zip(row).map(|(n, v)| (n.as_str(), Value::string(v.as_str())))));
    }
    Ok(Value::list(ty, out))
}

/// Rows of comma-separated fields (RFC 4180).
fn csv(text: &str) -> Result<Vec<Vec<String>>, String> {
    let (mut rows, mut row, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    let mut begun = false;
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if field.is_empty() => quoted = true,
            '"' => return Err(format!("parse error on line {}: bare \" in non-quoted field", rows.len() + 1)),
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\r' if !quoted && chars.peek() == Some(&'\n') => continue,
            '\n' if !quoted => {
                if begun {
                    row.push(std::mem::take(&mut field));
                    rows.push(std::mem::take(&mut row));
                }
                begun = false;
                continue;
            }
            c => field.push(c),
        }
        begun = true;
    }
    if quoted {
        return Err(format!("parse error on line {}: extraneous or missing \" in quoted-field", rows.len() + 1));
    }
    if begun {
        row.push(field);
        rows.push(row);
    }
    Ok(rows)
}
