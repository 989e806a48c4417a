//! The private folder of one process, for control sockets and known-hosts files.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use cplan_sdk::ProviderError;
use tempfile::TempDir;

const PREFIX: &str = "cplan-ssh-";
const LOCK: &str = "lock";
/// A folder without a lock is one that is just being made, or whose maker died in between; the latter after this time.
const UNLOCKED_AGE: Duration = Duration::from_secs(600);

/// A folder that nobody else can enter; removed on drop.
#[derive(Debug)]
pub(super) struct RuntimeDir {
    dir: TempDir,
    next: AtomicUsize,
    /// Held as long as the folder is in use: the sign by which others know that it is not left over.
    _lock: File,
}

impl RuntimeDir {
    /// Makes the folder below `parent`, after removing those that killed processes left there.
    pub(super) fn create(parent: &Path) -> Result<RuntimeDir, ProviderError> {
        sweep(parent);
        let failed = |what: &str, e: std::io::Error| {
            ProviderError::failed(format!("{what} `{}`", parent.display()))
                .remedy("Make the folder writable, and see that the disk is not full.")
                .source(e)
        };
        let dir = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir_in(parent)
            .map_err(|e| failed("cannot make a folder for ssh sockets in", e))?;
        // It is locked before it is there under its name: an unlocked one is taken for left over, and the folder removed.
        let new = dir.path().join("new");
        let lock = File::create(&new).map_err(|e| failed("cannot make a lock file in", e))?;
        lock.lock().map_err(|e| failed("cannot lock the folder for ssh sockets in", e))?;
        fs::rename(&new, dir.path().join(LOCK)).map_err(|e| failed("cannot name the lock file in", e))?;
        Ok(RuntimeDir { dir, next: AtomicUsize::new(0), _lock: lock })
    }

    /// Fresh paths for one connection: its control socket and its known-hosts file.
    pub(super) fn paths(&self) -> (PathBuf, PathBuf) {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        (self.dir.path().join(format!("m{n}")), self.dir.path().join(format!("k{n}")))
    }
}

/// Removes the folders of processes that are gone. Whatever cannot be judged or removed stays.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    let ours = fs::metadata("/proc/self").map(|m| m.uid()).ok();
    for entry in entries.flatten() {
        let Ok(meta) = entry.metadata() else { continue };
        let named = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if named && meta.is_dir() && Some(meta.uid()) == ours && is_stale(&entry.path(), meta.modified().ok()) {
            end_masters(&entry.path());
            // A folder that another process removes at the same time is gone either way.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Ends the masters whose process is gone. They end by themselves, unless a command on the machine hangs.
fn end_masters(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for socket in entries.flatten().filter(|e| e.file_name().to_string_lossy().starts_with('m')) {
        // The destination is not looked at; `-O exit` fails at once where no master listens.
        let _ = Command::new("ssh")
            .args(["-F", "none", "-O", "exit", "-S"])
            .arg(socket.path())
            .arg("none")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

fn is_stale(dir: &Path, modified: Option<SystemTime>) -> bool {
    match File::open(dir.join(LOCK)) {
        Ok(lock) => !matches!(lock.try_lock(), Err(TryLockError::WouldBlock)),
        Err(_) => modified.and_then(|t| t.elapsed().ok()).is_some_and(|age| age > UNLOCKED_AGE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_left_folder_goes_and_a_used_one_stays() {
        let parent = tempfile::tempdir().unwrap();
        let used = RuntimeDir::create(parent.path()).unwrap();
        let left = parent.path().join("cplan-ssh-left");
        fs::create_dir(&left).unwrap();
        fs::write(left.join(LOCK), "").unwrap();
        let others = parent.path().join("something-else");
        fs::create_dir(&others).unwrap();
        let second = RuntimeDir::create(parent.path()).unwrap();
        assert!(!left.exists());
        assert!(others.exists() && used.dir.path().exists());
        assert_eq!(fs::metadata(used.dir.path()).unwrap().permissions().mode() & 0o777, 0o700);
        let gone = second.dir.path().to_owned();
        drop(second);
        assert!(!gone.exists());
    }

    /// Many processes begin at the same time, and each looks for what others left.
    #[test]
    fn a_folder_that_is_being_made_is_nobodys_left_over() {
        let parent = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let made = RuntimeDir::create(parent.path()).unwrap();
                        assert!(made.dir.path().join(LOCK).exists());
                    }
                });
            }
        });
    }
}
