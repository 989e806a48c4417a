//! The lock: one process holds a state, and the file says who.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::StoreError;

/// Who holds a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The user's name.
    pub user: String,
    /// The host's name.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// What it does: `cplan apply`.
    pub command: String,
    /// Since when, as people read it: `2026-11-22 19:07:00 UTC`.
    pub since: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Holder { user, host, pid, command, since } = self;
        write!(f, "{user}@{host}, process {pid} (`{command}`), since {since}")
    }
}

/// The lock, held until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

/// How often a taken lock is tried again.
const RETRY: Duration = Duration::from_millis(25);

impl Lock {
    /// Takes the lock of a `.cplan` folder; waits for at most `patience` before saying who holds it.
    pub(crate) fn take(dir: &Path, holder: &Holder, patience: Duration) -> Result<Lock, StoreError> {
        let path = file(dir);
        let io = |action, source| StoreError::Io { action, path: path.clone(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&path).map_err(|e| io("open", e))?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if start.elapsed() < patience => std::thread::sleep(RETRY),
                Err(TryLockError::WouldBlock) => return Err(StoreError::Locked { holder: named(&mut file) }),
                Err(TryLockError::Error(source)) => return Err(io("lock", source)),
            }
        }
        write(&mut file, holder).map_err(|e| io("write", e))?;
        Ok(Lock { file })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The lock goes with the file; an old name in a free lock would only mislead.
        let _ = self.file.set_len(0);
    }
}

fn file(dir: &Path) -> PathBuf {
    dir.join("lock")
}

fn write(file: &mut File, holder: &Holder) -> std::io::Result<()> {
    let line = serde_json::to_string(holder)?;
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(line.as_bytes())
}

fn named(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_string(&mut text));
    match (read, serde_json::from_str::<Holder>(&text)) {
        (Ok(_), Ok(holder)) => holder.to_string(),
        _ => "another process, which has not written its name".to_owned(),
    }
}
