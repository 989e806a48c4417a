//! Versioned formats: what is on disk and on the socket. Each version has a room of its own and stays readable.

pub mod v1;

use std::io::{BufWriter, Write};
use std::path::Path;

use cplan_model::{CheckOwner, CheckedBlock};
use serde::Deserialize;

use crate::contents::Contents;
use crate::{Intent, Record, RecordKey, StateOutput, StoreError};

/// The newest format, in which everything is written.
pub(crate) const FORMAT: u32 = 1;

/// Why bytes are not what they should be.
pub(crate) type FormatError = Box<dyn std::error::Error + Send + Sync>;

/// Refuses a format that this cplan does not know.
pub(crate) fn known(found: u32, path: &Path) -> Result<(), StoreError> {
    if found > FORMAT {
        return Err(StoreError::Newer { path: path.to_owned(), found, known: FORMAT });
    }
    Ok(())
}

/// The format that a JSON document claims to have.
pub(crate) fn claimed(json: &[u8]) -> Result<u32, FormatError> {
    #[derive(Deserialize)]
    struct Claim {
        format: u32,
    }
    Ok(decode_json::<Claim>(json)?.format)
}

pub(crate) fn encode_record(key: &RecordKey, record: &Record) -> Result<Vec<u8>, FormatError> {
    encode_json(&v1::RecordV1::from((key, record)))
}

pub(crate) fn decode_record(bytes: &[u8]) -> Result<(RecordKey, Record), FormatError> {
    decode_json::<v1::RecordV1>(bytes)?.try_into()
}

pub(crate) fn encode_intent(intent: &Intent) -> Result<Vec<u8>, FormatError> {
    encode_json(&v1::IntentV1::from(intent))
}

pub(crate) fn decode_intent(bytes: &[u8]) -> Result<Intent, FormatError> {
    decode_json::<v1::IntentV1>(bytes)?.try_into()
}

pub(crate) fn encode_output(output: &StateOutput) -> Result<Vec<u8>, FormatError> {
    encode_json(&v1::OutputV1::from(output))
}

pub(crate) fn decode_output(bytes: &[u8]) -> Result<StateOutput, FormatError> {
    decode_json::<v1::OutputV1>(bytes)?.try_into()
}

pub(crate) fn encode_check(block: &CheckOwner, found: &CheckedBlock) -> Result<Vec<u8>, FormatError> {
    encode_json(&v1::CheckV1::from((block, found)))
}

pub(crate) fn decode_check(bytes: &[u8]) -> Result<(CheckOwner, CheckedBlock), FormatError> {
    decode_json::<v1::CheckV1>(bytes)?.try_into()
}

/// The whole of it as one JSON document, one line.
pub(crate) fn encode_contents(contents: &Contents) -> Result<Vec<u8>, FormatError> {
    encode_json(&v1::WrittenContents::from(contents))
}

/// The whole of it from JSON that claims format [`FORMAT`].
pub(crate) fn decode_contents(bytes: &[u8]) -> Result<Contents, FormatError> {
    decode_json::<v1::ContentsV1>(bytes)?.try_into()
}

/// The same, for people to read.
pub(crate) fn encode_pretty(contents: &Contents) -> Result<String, FormatError> {
    Ok(serde_json::to_string_pretty(&v1::WrittenContents::from(contents))?)
}

/// One line of JSON that [`decode_json`] takes back.
pub fn encode_json(dto: &impl serde::Serialize) -> Result<Vec<u8>, FormatError> {
    let mut json = Vec::with_capacity(128);
    write_json(&mut json, dto)?;
    Ok(json)
}

/// The same into a writer, without ever having all of it.
pub fn write_json(out: &mut impl Write, dto: &impl serde::Serialize) -> Result<(), FormatError> {
    // Better refused now than never read again.
    let mut checked = Checked { out, nesting: Nesting::default() };
    // serde_json writes a token at a time.
    let mut buffer = BufWriter::with_capacity(BUFFER, &mut checked);
    let written = serde_json::to_writer(&mut buffer, dto).and_then(|()| buffer.flush().map_err(serde_json::Error::io));
    drop(buffer);
    match written {
        Err(_) if checked.nesting.is_too_deep() => Err(TOO_DEEP.into()),
        written => Ok(written?),
    }
}

/// Bytes that are passed on at a time.
const BUFFER: usize = 16 << 10;

/// Passes JSON on as long as it does not nest too deeply.
struct Checked<'a, W> {
    out: &'a mut W,
    nesting: Nesting,
}

impl<W: Write> Write for Checked<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.nesting.read(bytes);
        if self.nesting.is_too_deep() {
            return Err(std::io::Error::other(TOO_DEEP));
        }
        self.out.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

const TOO_DEEP: &str = "it has a value that nests too deeply";

/// How many objects and arrays of JSON may stand in one another. Values nest deeper than serde_json's default of 128
/// allows, because each level takes several of JSON's; without an end, the stack would be it.
const JSON_NESTING: usize = 700;

/// What a JSON document says, and nothing behind it. Refuses what nests deeper than that.
pub fn decode_json<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, FormatError> {
    let mut nesting = Nesting::default();
    nesting.read(json);
    if nesting.is_too_deep() {
        return Err(TOO_DEEP.into());
    }
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    deserializer.disable_recursion_limit();
    let decoded = T::deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(decoded)
}

/// How many brackets of a JSON text are open at a time, those in strings left out.
#[derive(Default)]
struct Nesting {
    depth: usize,
    deepest: usize,
    string: bool,
    escaped: bool,
}

impl Nesting {
    fn read(&mut self, json: &[u8]) {
        for byte in json {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.string => self.escaped = true,
                b'"' => self.string = !self.string,
                b'[' | b'{' if !self.string => {
                    self.depth += 1;
                    self.deepest = self.deepest.max(self.depth);
                }
                b']' | b'}' if !self.string => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    fn is_too_deep(&self) -> bool {
        self.deepest > JSON_NESTING
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_has_an_end_before_the_stack_has() {
        let nested = |depth: usize| "{\"tuple\":[".repeat(depth) + &"]}".repeat(depth);
        let read = |text: &str| decode_json::<v1::ValueV1>(text.as_bytes()).and_then(cplan_model::Value::try_from);
        assert!(read(&nested(JSON_NESTING / 2)).is_ok());
        assert!(read(&nested(JSON_NESTING / 2 + 1)).is_err());
        assert!(read(&nested(1_000_000)).is_err());
        let ty =
            |depth: usize| "{\"null\":".to_owned() + &"{\"list\":".repeat(depth) + "\"any\"" + &"}".repeat(depth + 1);
        assert!(read(&ty(JSON_NESTING - 1)).is_ok());
        assert!(read(&ty(1_000_000)).is_err());
        assert!(read("{\"string\":\"[[{{\\\"[\"}").is_ok());
        assert!(read("{\"string\":\"a\"} {}").is_err());
    }
}
