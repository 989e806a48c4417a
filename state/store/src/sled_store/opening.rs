//! Opening: under our lock, within a time limit, whatever a kill or a bad disk has left.

use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::Options;
use super::batches::said;
use super::database::{Database, Loaded};
use crate::contents::Contents;
use crate::format::FormatError;
use crate::lock::Lock;
use crate::snapshot::{self, sync_folder};
use crate::{State, StoreError};

/// Takes the lock, in a folder that is made if need be.
pub(super) fn lock(dir: &Path, options: &Options) -> Result<Lock, StoreError> {
    let mut builder = std::fs::DirBuilder::new();
    // A state holds secrets.
    builder.recursive(true).mode(0o700).create(dir).map_err(|e| io("create", dir, e))?;
    Lock::take(dir, &options.holder, options.patience)
}

/// Opens the database, or makes one where there never was one: from what was established, if that was.
pub(super) fn open(dir: &Path, limit: Duration) -> Result<(Database, Contents), StoreError> {
    let path = folder(dir);
    if exists(dir) {
        remove_unfinished_snapshots(&path)?;
    } else {
        let header = snapshot::header(dir)?;
        if header.as_ref().is_some_and(|h| h.revision > 0) || snapshot::is_behind(dir) {
            return Err(damaged(dir, "the database is missing".to_owned()));
        }
        let established = header.map(|_| snapshot::read(dir)).transpose()?.flatten();
        create(dir, &established.unwrap_or_else(|| Contents::of(State::fresh())))?;
    }
    let (database, contents) = watched(dir, limit)?;
    if let Some(header) = snapshot::header(dir)? {
        let state = &contents.state;
        if header.lineage != state.lineage {
            return Err(damaged(dir, "the snapshot beside the database is of another state".to_owned()));
        }
        if header.revision > contents.revision {
            let what = format!("it is at serial {}, and its snapshot at {}", state.serial, header.serial);
            return Err(damaged(dir, what));
        }
    }
    if snapshot::noted(dir).is_some_and(|noted| noted > contents.revision) {
        return Err(damaged(dir, format!("it went back to serial {}", contents.state.serial)));
    }
    Ok((database, contents))
}

/// Gives a folder without a state this one.
pub(super) fn establish(dir: &Path, state: &State) -> Result<(), StoreError> {
    if exists(dir) || snapshot::header(dir)?.is_some() || snapshot::is_behind(dir) {
        return Ok(());
    }
    let path = folder(dir);
    let frame =
        snapshot::frame(&Contents::of(state.clone())).map_err(|source| StoreError::Database { path, source })?;
    snapshot::write(dir, &frame)
}

/// Whether there is a database.
pub(crate) fn exists(dir: &Path) -> bool {
    folder(dir).exists()
}

/// Puts the snapshot's state in the place of the database, which is moved aside.
pub(super) fn restore(dir: &Path) -> Result<(), StoreError> {
    let Some(contents) = snapshot::read(dir)? else {
        return Err(damaged(dir, "there is no snapshot to go back to".to_owned()));
    };
    build(dir, &contents)?;
    let path = folder(dir);
    if exists(dir) {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        let free = |n: u64| Some(dir.join(format!("state.damaged-{n}"))).filter(|aside| !aside.exists());
        let aside = (seconds..).find_map(free).unwrap_or_else(|| dir.join("state.damaged"));
        std::fs::rename(&path, &aside).map_err(|e| io("move", &path, e))?;
    }
    place(dir)?;
    let frame = snapshot::frame(&contents).map_err(|source| StoreError::Database { path, source })?;
    snapshot::write(dir, &frame)
}

fn create(dir: &Path, contents: &Contents) -> Result<(), StoreError> {
    build(dir, contents)?;
    place(dir)
}

/// Makes a whole database beside the place where it belongs, so that a kill leaves all of it or nothing.
fn build(dir: &Path, contents: &Contents) -> Result<(), StoreError> {
    let path = building(dir);
    match std::fs::remove_dir_all(&path) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(io("remove", &path, e)),
        _ => {}
    }
    // Also where the folder around it is open to all.
    std::fs::DirBuilder::new().mode(0o700).create(&path).map_err(|e| io("create", &path, e))?;
    Database::create(&path, contents).map_err(|source| StoreError::Database { path, source })
}

fn place(dir: &Path) -> Result<(), StoreError> {
    let path = folder(dir);
    std::fs::rename(building(dir), &path).map_err(|e| io("create", &path, e))?;
    sync_folder(dir)
}

/// A kill while sled wrote a snapshot of its own leaves `snap.*.generating`, which it would take for corruption. A
/// finished `snap.*` must stay: without it a damaged log can open with records missing.
fn remove_unfinished_snapshots(path: &Path) -> Result<(), StoreError> {
    for entry in std::fs::read_dir(path).map_err(|e| io("read", path, e))? {
        let file = entry.map_err(|e| io("read", path, e))?.path();
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            std::fs::remove_file(&file).map_err(|e| io("remove", &file, e))?;
        }
    }
    Ok(())
}

/// Loads on a thread of its own; one that does not come back in time is left behind, with what it holds.
fn watched(dir: &Path, limit: Duration) -> Result<(Database, Contents), StoreError> {
    let start = Instant::now();
    loop {
        let (send, receive) = mpsc::channel::<Loaded>();
        let path = folder(dir);
        let thread = std::thread::Builder::new()
            .name("cplan-state-open".to_owned())
            .stack_size(32 << 20) // values nest as deep as users like
            .spawn(move || drop(send.send(Database::load(&path))))
            .map_err(|e| io("open", dir, e))?;
        let loaded = match receive.recv_timeout(limit.saturating_sub(start.elapsed())) {
            Ok(loaded) => loaded,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                return Err(damaged(dir, format!("the database did not open within {} s", limit.as_secs_f32())));
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                Err(thread.join().err().map_or_else(|| "sled gave up".to_owned(), |p| said(&*p)).into())
            }
        };
        match loaded {
            Ok(result) => return result,
            // sled's own lock: a reader of this process that is just closing.
            Err(error) if is_busy(&error) && start.elapsed() < Duration::from_secs(2) => {
                std::thread::sleep(Duration::from_millis(25));
            }
            Err(source) if is_system(&source) => return Err(StoreError::Database { path: folder(dir), source }),
            Err(error) => return Err(damaged(dir, error.to_string())),
        }
    }
}

fn io_kind(error: &FormatError) -> Option<ErrorKind> {
    match error.downcast_ref::<sled::Error>() {
        Some(sled::Error::Io(e)) => Some(e.kind()),
        _ => error.downcast_ref::<std::io::Error>().map(std::io::Error::kind),
    }
}

/// sled reports its taken lock as an error of kind `Other` that says `WouldBlock`.
fn is_busy(error: &FormatError) -> bool {
    io_kind(error) == Some(ErrorKind::WouldBlock) || error.to_string().contains("WouldBlock")
}

/// Whether the system is at fault and not the data.
fn is_system(error: &FormatError) -> bool {
    let kinds = [
        ErrorKind::PermissionDenied,
        ErrorKind::StorageFull,
        ErrorKind::QuotaExceeded,
        ErrorKind::ReadOnlyFilesystem,
        ErrorKind::OutOfMemory,
    ];
    is_busy(error) || io_kind(error).is_some_and(|kind| kinds.contains(&kind))
}

fn damaged(dir: &Path, what: String) -> StoreError {
    let remedy = match snapshot::header(dir) {
        Ok(Some(header)) => format!(
            "Run `cplan state restore` to move the database aside and to go back to the snapshot of serial {}.",
            header.serial
        ),
        _ => format!("Move {} away to begin with an empty state; there is no snapshot to go back to.", dir.display()),
    };
    StoreError::Damaged { path: folder(dir), what, remedy }
}

fn io(action: &'static str, path: &Path, source: std::io::Error) -> StoreError {
    StoreError::Io { action, path: path.to_owned(), source }
}

fn folder(dir: &Path) -> PathBuf {
    dir.join("state")
}

fn building(dir: &Path) -> PathBuf {
    dir.join("state.new")
}
