//! Entries: what stands under which key, and the digest over all of them.

use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::contents::{Contents, Delta};
use crate::format::{self, FormatError};
use crate::{Intent, IntentId, RecordKey, State};

/// A write (`Some`) or a removal (`None`) of one entry.
pub(super) type Op = (Vec<u8>, Option<Vec<u8>>);

/// The one entry that describes all others; written in the same batch as they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Meta {
    pub(super) format: u32,
    pub(super) lineage: String,
    pub(super) serial: u64,
    pub(super) revision: u64,
    /// How many records, outputs, intents and blocks with conditions there are.
    pub(super) count: u64,
    /// The exclusive or of the SHA-256 of every entry, in hexadecimal: order does not matter, and one entry's change
    /// costs one entry's hash.
    pub(super) digest: String,
    /// How many operations of a large transaction are decided and still to be done; 0 for none.
    pub(super) redo: u64,
}

/// The key of [`Meta`].
pub(super) const META: &[u8] = b"m";
/// The first byte of the keys of operations to redo.
pub(super) const REDO: u8 = b'x';
const RECORD: u8 = b'r';
const OUTPUT: u8 = b'o';
const INTENT: u8 = b'i';
const CHECK: u8 = b'c';

/// The hash of one entry.
pub(super) fn hash(key: &[u8], value: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update((key.len() as u64).to_be_bytes());
    hasher.update(key);
    hasher.update(value);
    hasher.finalize().into()
}

fn record_key(key: &RecordKey) -> Vec<u8> {
    let text = format!("{}\0{}", key.address, key.deposed.as_deref().unwrap_or_default());
    prefixed(RECORD, text.as_bytes())
}

fn intent_key(id: IntentId) -> Vec<u8> {
    prefixed(INTENT, &id.0.to_be_bytes())
}

/// The key of an operation to redo.
pub(super) fn redo_key(index: u64) -> Vec<u8> {
    prefixed(REDO, &index.to_be_bytes())
}

fn prefixed(kind: u8, rest: &[u8]) -> Vec<u8> {
    [&[kind], rest].concat()
}

/// The operations that carry out a delta.
pub(super) fn ops(delta: &Delta) -> Result<Vec<Op>, FormatError> {
    let mut ops = Vec::new();
    for (key, record) in &delta.put {
        ops.push((record_key(key), Some(format::encode_record(key, record)?)));
    }
    ops.extend(delta.delete.iter().map(|key| (record_key(key), None)));
    for (name, output) in &delta.outputs {
        let value = output.as_ref().map(format::encode_output).transpose()?;
        ops.push((prefixed(OUTPUT, name.as_bytes()), value));
    }
    for (block, found) in &delta.checks {
        let value = found.as_ref().map(|found| format::encode_check(block, found)).transpose()?;
        ops.push((prefixed(CHECK, format!("{}\0{block}", block.kind()).as_bytes()), value));
    }
    for intent in &delta.begun {
        ops.push((intent_key(intent.id), Some(format::encode_intent(intent)?)));
    }
    ops.extend(delta.settled.iter().map(|id| (intent_key(*id), None)));
    Ok(ops)
}

/// The operations that make all of a state from nothing.
pub(super) fn all(contents: &Contents) -> Result<Vec<Op>, FormatError> {
    let State { records, outputs, checks, .. } = &contents.state;
    ops(&Delta {
        put: records.iter().map(|(key, record)| (key.clone(), record.clone())).collect(),
        outputs: outputs.iter().map(|(name, output)| (name.clone(), Some(output.clone()))).collect(),
        checks: checks.iter().map(|(block, found)| (block.clone(), Some(found.clone()))).collect(),
        begun: contents.intents.values().cloned().collect(),
        ..Delta::default()
    })
}

/// Takes one entry into `contents`.
pub(super) fn take(contents: &mut Contents, key: &[u8], value: &[u8]) -> Result<(), FormatError> {
    match key.split_first() {
        Some((&RECORD, _)) => {
            let (key, record) = format::decode_record(value)?;
            contents.state.records.insert(key, record);
        }
        Some((&OUTPUT, name)) => {
            let name = std::str::from_utf8(name)?.to_owned();
            contents.state.outputs.insert(name, format::decode_output(value)?);
        }
        Some((&CHECK, _)) => {
            let (block, found) = format::decode_check(value)?;
            contents.state.checks.insert(block, found);
        }
        Some((&INTENT, _)) => {
            let intent: Intent = format::decode_intent(value)?;
            contents.intents.insert(intent.id, intent);
        }
        _ => return Err("an entry of an unknown kind".into()),
    }
    Ok(())
}

/// The description of a database, if it is one of a format that is known.
pub(super) fn meta(bytes: &[u8], path: &Path) -> Result<Result<Meta, crate::StoreError>, FormatError> {
    if let Err(newer) = format::known(format::claimed(bytes)?, path) {
        return Ok(Err(newer));
    }
    Ok(Ok(serde_json::from_slice(bytes)?))
}
