//! Encodings of texts: base64, compressed or not, and what URLs hold.

use std::io::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cplan_model::{Type, Value};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Context, Failure, Function, Outcome, Table, fixed, quoted, str_of, text};

pub(super) fn table() -> Table {
    let one = |call| Function::new([text("str")], fixed(Type::String), call);
    vec![
        ("base64encode", one(|_, a| Ok(Value::string(BASE64_STANDARD.encode(str_of(&a[0])))))),
        ("base64decode", one(base64decode)),
        ("base64gzip", one(base64gzip)),
        ("urlencode", one(|_, a| Ok(Value::string(urlencode(str_of(&a[0])))))),
    ]
}

/// The bytes of base64 in which line ends do not count, or the offset at which it is none.
pub(super) fn base64_bytes(text: &str) -> Result<Vec<u8>, usize> {
    let symbols: Vec<(usize, u8)> = text.bytes().enumerate().filter(|(_, b)| !matches!(b, b'\n' | b'\r')).collect();
    let plain: Vec<u8> = symbols.iter().map(|(_, b)| *b).collect();
    BASE64_STANDARD.decode(&plain).or_else(|error| {
        let at = match error {
            base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _) => at,
            // What is begun and not finished is four symbols.
            base64::DecodeError::InvalidLength(_) | base64::DecodeError::InvalidPadding => plain.len() / 4 * 4,
        };
        // The last bits of an unfinished byte are nothing that Go would look at.
        match loose(&plain) {
            Some(bytes) => Ok(bytes),
            None => Err(symbols.get(at).map_or(text.len(), |(place, _)| *place)),
        }
    })
}

/// The bytes where only the bits that no byte is made of are not zero.
fn loose(text: &[u8]) -> Option<Vec<u8>> {
    use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
    let config = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&base64::alphabet::STANDARD, config).decode(text).ok()
}

fn base64decode(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let text = str_of(&a[0]);
    let bytes =
        base64_bytes(text).map_err(|_| Failure::Call(format!("failed to decode base64 data {}", quoted(text))))?;
    String::from_utf8(bytes)
        .map(Value::string)
        .map_err(|_| Failure::Call("the result of decoding the provided string is not valid UTF-8".into()))
}

/// Which bytes compression makes is its own matter; here they are those of another library than Terraform's.
fn base64gzip(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let bytes = encoder
        .write_all(str_of(&a[0]).as_bytes())
        .and_then(|()| encoder.finish())
        .map_err(|e| Failure::Call(format!("failed to write gzip raw data: {e}")))?;
    Ok(Value::string(BASE64_STANDARD.encode(bytes)))
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
