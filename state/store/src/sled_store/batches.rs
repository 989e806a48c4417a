//! Durable batches: sled's flush, and the fsync that it leaves out; and transactions larger than a batch.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use sled::{Batch, Db};

use super::entries::{META, Meta, Op, REDO, redo_key};
use crate::format::FormatError;

/// The most operations in one sled batch: a batch is in memory several times over while it is written.
const LARGEST: usize = 1000;

/// Writes operations and the description that goes with them as one durable step, whatever their number.
///
/// Up to [`LARGEST`] go in one batch. More are first written beside the state; the description that counts them
/// decides; then they are done batch by batch, here or, after a kill, by [`redo`] at the next open.
pub(super) fn write(db: &Db, path: &Path, ops: Vec<Op>, meta: &Meta) -> Result<(), FormatError> {
    if ops.len() <= LARGEST {
        apply(db, ops, &[], Some(meta))?;
        return sync(db, path);
    }
    let count = ops.len() as u64;
    let mut staged = Vec::with_capacity(ops.len());
    for (index, op) in ops.into_iter().enumerate() {
        staged.push((redo_key(index as u64), Some(pack(&op))));
    }
    let mut rest = staged.into_iter().peekable();
    while rest.peek().is_some() {
        apply(db, rest.by_ref().take(LARGEST).collect(), &[], None)?;
    }
    sync(db, path)?;
    apply(db, Vec::new(), &[], Some(&Meta { redo: count, ..meta.clone() }))?;
    sync(db, path)?;
    redo(db, path, &Meta { redo: count, ..meta.clone() })
}

/// Carries out what was decided and not yet done, and removes what was staged and never decided.
pub(super) fn redo(db: &Db, path: &Path, meta: &Meta) -> Result<(), FormatError> {
    let done = Meta { redo: 0, ..meta.clone() };
    let mut index = 0;
    while index < meta.redo {
        let end = meta.redo.min(index + LARGEST as u64);
        let mut ops = Vec::new();
        for index in index..end {
            let packed = guarded(|| db.get(redo_key(index)))?.ok_or("an operation to redo is missing")?;
            ops.push(unpack(&packed)?);
        }
        apply(db, ops, &[], None)?;
        index = end;
    }
    if meta.redo > 0 {
        sync(db, path)?;
        apply(db, Vec::new(), &[], Some(&done))?;
        sync(db, path)?;
    }
    let mut staged = guarded(|| db.scan_prefix([REDO]).keys().collect::<Result<Vec<_>, _>>())?.into_iter().peekable();
    while staged.peek().is_some() {
        let keys: Vec<_> = staged.by_ref().take(LARGEST).collect();
        apply(db, Vec::new(), &keys, None)?;
    }
    Ok(())
}

fn apply(db: &Db, ops: Vec<Op>, remove: &[sled::IVec], meta: Option<&Meta>) -> Result<(), FormatError> {
    let mut batch = Batch::default();
    for (key, value) in ops {
        match value {
            Some(value) => batch.insert(key, value),
            None => batch.remove(key),
        }
    }
    for key in remove {
        batch.remove(key);
    }
    if let Some(meta) = meta {
        batch.insert(META, serde_json::to_vec(meta)?);
    }
    guarded(|| db.apply_batch(batch))
}

/// Makes durable what was written: sled flushes with `sync_file_range`, which does not reach the disk's own cache and
/// does not cover the file's length; values of some hundred kilobytes go to files of their own, which it never syncs.
pub(super) fn sync(db: &Db, path: &Path) -> Result<(), FormatError> {
    guarded(|| db.flush())?;
    File::open(path.join("db"))?.sync_all()?;
    let blobs = path.join("blobs");
    let mut any = false;
    for blob in std::fs::read_dir(&blobs)? {
        any = true;
        match File::open(blob?.path()) {
            Ok(file) => file.sync_all()?,
            // Collected by sled in the meantime.
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(e.into()),
        }
    }
    if any {
        File::open(blobs)?.sync_all()?;
    }
    Ok(())
}

/// Calls sled, which panics where the disk refuses.
pub(super) fn guarded<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, FormatError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => Ok(result?),
        Err(panic) => Err(said(&*panic).into()),
    }
}

/// What a panic said.
pub(super) fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    format!("sled gave up: {}", text.unwrap_or("without a word"))
}

fn pack((key, value): &Op) -> Vec<u8> {
    let mut packed = (key.len() as u64).to_be_bytes().to_vec();
    packed.extend_from_slice(key);
    if let Some(value) = value {
        packed.push(1);
        packed.extend_from_slice(value);
    }
    packed
}

fn unpack(packed: &[u8]) -> Result<Op, FormatError> {
    let short = || FormatError::from("an operation to redo is too short");
    let (length, rest) = packed.split_first_chunk::<8>().ok_or_else(short)?;
    let (key, rest) = rest.split_at_checked(usize::try_from(u64::from_be_bytes(*length))?).ok_or_else(short)?;
    Ok((key.to_vec(), rest.split_first().map(|(_, value)| value.to_vec())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_survive_packing() {
        for op in [(b"k".to_vec(), Some(b"v".to_vec())), (b"k".to_vec(), Some(Vec::new())), (Vec::new(), None)] {
            assert_eq!(unpack(&pack(&op)).unwrap(), op);
        }
    }

    #[test]
    fn a_panic_becomes_an_error() {
        let error = guarded::<()>(|| panic!("no space")).unwrap_err();
        assert_eq!(error.to_string(), "sled gave up: no space");
    }
}
