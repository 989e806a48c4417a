//! Versioned formats: what is on disk and on the socket. Each version has a room of its own and stays readable.

pub(crate) mod v1;

use std::path::Path;

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
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    deserializer.disable_recursion_limit();
    Ok(Claim::deserialize(&mut deserializer)?.format)
}

pub(crate) fn encode_record(key: &RecordKey, record: &Record) -> Result<Vec<u8>, FormatError> {
    encode(&v1::RecordV1::from((key, record)))
}

pub(crate) fn decode_record(bytes: &[u8]) -> Result<(RecordKey, Record), FormatError> {
    decode::<v1::RecordV1>(bytes)?.try_into()
}

pub(crate) fn encode_intent(intent: &Intent) -> Result<Vec<u8>, FormatError> {
    encode(&v1::IntentV1::from(intent))
}

pub(crate) fn decode_intent(bytes: &[u8]) -> Result<Intent, FormatError> {
    decode::<v1::IntentV1>(bytes)?.try_into()
}

pub(crate) fn encode_output(output: &StateOutput) -> Result<Vec<u8>, FormatError> {
    encode(&v1::OutputV1::from(output))
}

pub(crate) fn decode_output(bytes: &[u8]) -> Result<StateOutput, FormatError> {
    decode::<v1::OutputV1>(bytes)?.try_into()
}

/// The whole of it as one JSON document, one line.
pub(crate) fn encode_contents(contents: &Contents) -> Result<Vec<u8>, FormatError> {
    encode(&v1::ContentsV1::from(contents))
}

/// The whole of it from JSON that claims format [`FORMAT`].
pub(crate) fn decode_contents(bytes: &[u8]) -> Result<Contents, FormatError> {
    decode::<v1::ContentsV1>(bytes)?.try_into()
}

/// The same, for people to read.
pub(crate) fn encode_pretty(contents: &Contents) -> Result<String, FormatError> {
    Ok(serde_json::to_string_pretty(&v1::ContentsV1::from(contents))?)
}

fn encode(dto: &impl serde::Serialize) -> Result<Vec<u8>, FormatError> {
    Ok(serde_json::to_vec(dto)?)
}

fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, FormatError> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    // Values nest deeper than serde_json's default of 128 allows, because each level takes several of JSON's.
    deserializer.disable_recursion_limit();
    let decoded = T::deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(decoded)
}
