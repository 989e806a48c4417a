//! The objects and the log on disk; written at once, synced never: the world need not survive a power cut.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::super::protocol::{Event, LogEntry, Object};

/// The objects by identity, and the open log.
pub(super) struct Store {
    objects: BTreeMap<String, Object>,
    log: File,
    data: PathBuf,
}

impl Store {
    pub(super) fn open(log: &Path, data: &Path) -> io::Result<Self> {
        let objects = match std::fs::read(data) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(e) => return Err(e),
        };
        let log = OpenOptions::new().create(true).append(true).open(log)?;
        Ok(Store { objects, log, data: data.to_owned() })
    }

    pub(super) fn get(&self, id: &str) -> Option<Object> {
        self.objects.get(id).cloned()
    }

    pub(super) fn all(&self) -> Vec<Object> {
        self.objects.values().cloned().collect()
    }

    pub(super) fn put(&mut self, object: Object) -> io::Result<()> {
        self.objects.insert(object.id.clone(), object);
        self.save()
    }

    pub(super) fn remove(&mut self, id: &str) -> io::Result<()> {
        self.objects.remove(id);
        self.save()
    }

    fn save(&self) -> io::Result<()> {
        let new = self.data.with_extension("new");
        std::fs::write(&new, serde_json::to_vec(&self.objects)?)?;
        std::fs::rename(new, &self.data)
    }

    /// Appends one line; `of` is type, identity and name.
    pub(super) fn log(&mut self, event: Event, op: &str, serial: u64, of: (&str, &str, &str)) -> io::Result<()> {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_micros());
        let (ty, id, name) = (of.0.to_owned(), of.1.to_owned(), of.2.to_owned());
        let at = u64::try_from(at).unwrap_or(u64::MAX);
        let mut line = serde_json::to_vec(&LogEntry { at, event, op: op.to_owned(), serial, ty, id, name })?;
        line.push(b'\n');
        self.log.write_all(&line)
    }
}
