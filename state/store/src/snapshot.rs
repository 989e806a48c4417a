//! The snapshot: the whole state in one checksummed file, for readers, and the way back from a damaged database.
//!
//! The same frame goes over the read socket: one header line
//! `cplan-snapshot <format> <lineage> <serial> <revision> <sha256 of the body> <length of the body>`, then the body.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::contents::Contents;
use crate::{State, StoreError, format};

/// The state as the last finished command left it; `None` if none has finished. [`crate::read`] is what readers want:
/// it also sees what a running or a killed command has done.
pub fn read_snapshot(dir: &Path) -> Result<Option<State>, StoreError> {
    Ok(read(dir)?.map(|contents| contents.state))
}

/// What the header line says.
#[derive(Debug, PartialEq)]
pub(crate) struct Header {
    pub(crate) format: u32,
    pub(crate) lineage: String,
    pub(crate) serial: u64,
    pub(crate) revision: u64,
    digest: String,
    length: usize,
}

/// The longest header line that is looked for.
const HEADER_LIMIT: usize = 512;

impl Header {
    fn parse(line: &str) -> Option<Header> {
        let words: Vec<&str> = line.split(' ').collect();
        let ["cplan-snapshot", format, lineage, serial, revision, digest, length] = words[..] else { return None };
        Some(Header {
            format: format.parse().ok()?,
            lineage: lineage.to_owned(),
            serial: serial.parse().ok()?,
            revision: revision.parse().ok()?,
            digest: digest.to_owned(),
            length: length.parse().ok()?,
        })
    }
}

/// Header and body of a whole state.
pub(crate) fn frame(contents: &Contents) -> Result<Vec<u8>, format::FormatError> {
    let body = format::encode_contents(contents)?;
    let State { lineage, serial, .. } = &contents.state;
    let header = format!(
        "cplan-snapshot {} {lineage} {serial} {} {} {}\n",
        format::FORMAT,
        contents.revision,
        hex(&Sha256::digest(&body)),
        body.len(),
    );
    let mut frame = header.into_bytes();
    frame.extend_from_slice(&body);
    Ok(frame)
}

/// The state in a frame; `path` is for messages.
pub(crate) fn unframe(frame: &[u8], path: &Path) -> Result<Contents, StoreError> {
    let (header, body) = split(frame, path)?;
    let damaged = |what: String| damaged(path, what);
    if body.len() != header.length {
        return Err(damaged(format!("it has {} bytes of {}", body.len(), header.length)));
    }
    if hex(&Sha256::digest(body)) != header.digest {
        return Err(damaged("its checksum is wrong".to_owned()));
    }
    format::decode_contents(body).map_err(|e| damaged(e.to_string()))
}

fn split<'a>(frame: &'a [u8], path: &Path) -> Result<(Header, &'a [u8]), StoreError> {
    let end = frame.iter().take(HEADER_LIMIT).position(|b| *b == b'\n');
    let header = end.and_then(|end| Header::parse(std::str::from_utf8(&frame[..end]).ok()?));
    let (Some(end), Some(header)) = (end, header) else {
        return Err(damaged(path, "its first line is not a snapshot's".to_owned()));
    };
    format::known(header.format, path)?;
    Ok((header, &frame[end + 1..]))
}

fn damaged(path: &Path, what: String) -> StoreError {
    let remedy = format!(
        "Move {} away and run the command again: the database beside it is read instead, where it is whole.",
        path.display()
    );
    StoreError::Damaged { path: path.to_owned(), what, remedy }
}

pub(crate) fn read(dir: &Path) -> Result<Option<Contents>, StoreError> {
    let path = file(dir);
    bytes(&path)?.map(|frame| unframe(&frame, &path)).transpose()
}

/// The header alone; `None` where there is no snapshot or no whole header.
pub(crate) fn header(dir: &Path) -> Result<Option<Header>, StoreError> {
    let path = file(dir);
    let mut frame = Vec::new();
    match File::open(&path).and_then(|file| file.take(HEADER_LIMIT as u64).read_to_end(&mut frame)) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StoreError::Io { action: "read", path, source }),
        Ok(_) => {}
    }
    match split(&frame, &path) {
        Ok((header, _)) => Ok(Some(header)),
        Err(StoreError::Damaged { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

fn bytes(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::Io { action: "read", path: path.to_owned(), source }),
    }
}

/// Replaces the snapshot as one step, durably, and takes the mark away that it is behind.
pub(crate) fn write(dir: &Path, frame: &[u8]) -> Result<(), StoreError> {
    let path = file(dir);
    let temporary = dir.join("snapshot.new");
    let io = |action, path: &Path, source| StoreError::Io { action, path: path.to_owned(), source };
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut new = options.open(&temporary).map_err(|e| io("open", &temporary, e))?;
    new.write_all(frame).and_then(|()| new.sync_all()).map_err(|e| io("write", &temporary, e))?;
    std::fs::rename(&temporary, &path).map_err(|e| io("replace", &path, e))?;
    sync_folder(dir)?;
    match std::fs::remove_file(behind(dir)) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(io("remove", &behind(dir), e)),
        _ => sync_folder(dir),
    }
}

/// Removes the snapshot, durably; the mark that it is behind must stand already.
pub(crate) fn remove(dir: &Path) -> Result<(), StoreError> {
    match std::fs::remove_file(file(dir)) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            Err(StoreError::Io { action: "remove", path: file(dir), source })
        }
        _ => sync_folder(dir),
    }
}

/// Marks the snapshot as behind the database, durably; called before the first change after it was written.
pub(crate) fn mark_behind(dir: &Path, revision: u64) -> Result<(), StoreError> {
    note(dir, revision)?;
    let path = behind(dir);
    File::open(&path).and_then(|file| file.sync_all()).map_err(|source| StoreError::Io {
        action: "sync",
        path,
        source,
    })?;
    sync_folder(dir)
}

/// Notes a revision that has become durable, so that a database which lost its newest changes is found out: a flipped
/// bit near the end of its log makes sled open it as it was some time before, whole in itself. Not synced: what matters
/// is that the note is never ahead of the database, and it is written after it.
pub(crate) fn note(dir: &Path, revision: u64) -> Result<(), StoreError> {
    let path = behind(dir);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    // Of one length always, and so rewritten in place within a sector.
    let line = format!("{revision:020} {:020}\n", !revision);
    options.open(&path).and_then(|mut file| file.write_all(line.as_bytes())).map_err(|source| StoreError::Io {
        action: "write",
        path,
        source,
    })
}

/// The newest revision that was noted since the snapshot was written, if it can be read.
pub(crate) fn noted(dir: &Path) -> Option<u64> {
    let line = std::fs::read_to_string(behind(dir)).ok()?;
    let (revision, check) = line.trim_end().split_once(' ')?;
    let (revision, check) = (revision.parse::<u64>().ok()?, check.parse::<u64>().ok()?);
    (check == !revision).then_some(revision)
}

/// Whether the database may hold more than the snapshot.
pub(crate) fn is_behind(dir: &Path) -> bool {
    behind(dir).exists()
}

/// Makes the entries of a folder durable.
pub(crate) fn sync_folder(dir: &Path) -> Result<(), StoreError> {
    File::open(dir).and_then(|folder| folder.sync_all()).map_err(|source| StoreError::Io {
        action: "sync",
        path: dir.to_owned(),
        source,
    })
}

fn file(dir: &Path) -> PathBuf {
    dir.join("snapshot")
}

fn behind(dir: &Path) -> PathBuf {
    dir.join("snapshot.behind")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
