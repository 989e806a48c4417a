//! The database: sled with a description that every batch keeps true.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sled::Db;

use super::batches::{guarded, redo, sync, write};
use super::entries::{self, META, Meta, Op, REDO};
use crate::contents::{Contents, Delta};
use crate::format::{FORMAT, FormatError};
use crate::{State, StoreError};

/// An open database. Reads happen at open only: afterwards everything is in memory.
pub(super) struct Database {
    db: Db,
    path: PathBuf,
    /// Of which state everything is that is written.
    pub(super) lineage: String,
    hashes: BTreeMap<Vec<u8>, [u8; 32]>,
    digest: [u8; 32],
    /// A write failed, so that what is on the disk is not known.
    failed: bool,
}

/// What a database at `path` turns out to be.
pub(super) type Loaded = Result<Result<(Database, Contents), StoreError>, FormatError>;

fn sled(path: &Path) -> Result<Db, FormatError> {
    // No flusher of its own: every write is flushed before it is acknowledged.
    guarded(|| sled::Config::new().path(path).flush_every_ms(None).cache_capacity(64 << 20).open())
}

impl Database {
    /// Makes a database that holds `contents`, durably, in a folder that does not exist; closes it again.
    pub(super) fn create(path: &Path, contents: &Contents) -> Result<(), FormatError> {
        let mut database = Database {
            db: sled(path)?,
            path: path.to_owned(),
            lineage: contents.state.lineage.clone(),
            hashes: BTreeMap::new(),
            digest: [0; 32],
            failed: false,
        };
        let ops = entries::all(contents)?;
        database.batch(ops, contents.state.serial, contents.revision)?;
        for name in ["conf", "db"] {
            std::fs::File::open(path.join(name))?.sync_all()?;
        }
        std::fs::File::open(path.join("blobs"))?.sync_all()?;
        std::fs::File::open(path)?.sync_all()?;
        Ok(())
    }

    /// Opens, finishes what was decided, reads everything and compares it with its description. Whatever is not as it
    /// should be is an error that says what.
    pub(super) fn load(path: &Path) -> Loaded {
        let db = sled(path)?;
        let bytes = guarded(|| db.get(META))?.ok_or("its description is missing")?;
        let meta = match entries::meta(&bytes, path)? {
            Ok(meta) => meta,
            Err(newer) => return Ok(Err(newer)),
        };
        redo(&db, path, &meta)?;
        let mut contents = Contents { revision: meta.revision, ..Contents::default() };
        contents.state = State { lineage: meta.lineage.clone(), serial: meta.serial, ..State::default() };
        let mut database = Database {
            db,
            path: path.to_owned(),
            lineage: meta.lineage.clone(),
            hashes: BTreeMap::new(),
            digest: [0; 32],
            failed: false,
        };
        let mut iter = database.db.iter();
        while let Some((key, value)) = guarded(|| iter.next().transpose())? {
            if key != META && key.first() != Some(&REDO) {
                entries::take(&mut contents, &key, &value)?;
                database.note(&key, Some(&value));
            }
        }
        let found = database.hashes.len() as u64;
        if found != meta.count {
            return Err(format!("it holds {found} entries of {}", meta.count).into());
        }
        if hex(&database.digest) != meta.digest {
            return Err("its entries are not those that were written".into());
        }
        Ok(Ok((database, contents)))
    }

    /// Writes a delta, durably and as one.
    pub(super) fn write(&mut self, delta: &Delta, serial: u64, revision: u64) -> Result<(), StoreError> {
        let result = if self.failed {
            Err("an earlier write failed, and what it left is not known".into())
        } else {
            entries::ops(delta).and_then(|ops| self.batch(ops, serial, revision))
        };
        result.map_err(|source| {
            self.failed = true;
            StoreError::Database { path: self.path.clone(), source }
        })
    }

    fn batch(&mut self, ops: Vec<Op>, serial: u64, revision: u64) -> Result<(), FormatError> {
        for (key, value) in &ops {
            self.note(key, value.as_deref());
        }
        let meta = Meta {
            format: FORMAT,
            lineage: self.lineage.clone(),
            serial,
            revision,
            count: self.hashes.len() as u64,
            digest: hex(&self.digest),
            redo: 0,
        };
        write(&self.db, &self.path, ops, &meta)
    }

    /// Keeps count and digest.
    fn note(&mut self, key: &[u8], value: Option<&[u8]>) {
        let old = match value.map(|value| entries::hash(key, value)) {
            Some(new) => {
                toggle(&mut self.digest, &new);
                self.hashes.insert(key.to_vec(), new)
            }
            None => self.hashes.remove(key),
        };
        if let Some(old) = old {
            toggle(&mut self.digest, &old);
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // sled flushes when it closes; the rest is for the power cut after it.
        if !self.failed {
            let _ = sync(&self.db, &self.path);
        }
    }
}

fn toggle(digest: &mut [u8; 32], hash: &[u8; 32]) {
    for (d, h) in digest.iter_mut().zip(hash) {
        *d ^= h;
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
