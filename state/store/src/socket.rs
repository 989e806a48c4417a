//! The read socket: the holder of the lock gives every reader the committed state, whole.
//!
//! A reader connects, sends nothing, and gets one snapshot frame. The socket is reached through the open folder
//! (`/proc/self/fd/N/read.sock`), because a socket's path may have 107 bytes at most and a topology's may have more.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::StoreError;
use crate::format::FormatError;

/// Gives the frame of the state as it is committed now.
pub(crate) type View = Arc<dyn Fn() -> Result<Vec<u8>, FormatError> + Send + Sync>;

/// Serves readers until it is dropped.
pub(crate) struct Server {
    folder: File,
    path: PathBuf,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// How long a reader may keep the holder or the holder a reader waiting.
const PATIENCE: Duration = Duration::from_secs(10);

impl Server {
    /// Starts; a socket file that a killed holder left is replaced. Only the holder of the lock may call this.
    pub(crate) fn start(dir: &Path, view: View) -> Result<Server, StoreError> {
        let path = dir.join("read.sock");
        let io = |action, source| StoreError::Io { action, path: path.clone(), source };
        let folder = File::open(dir).map_err(|e| io("open", e))?;
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(through(&folder)).map_err(|e| io("bind", e))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(|e| io("protect", e))?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("cplan-state-readers".to_owned())
            .spawn(move || {
                for stream in listener.incoming() {
                    if stopped.load(Ordering::SeqCst) {
                        break;
                    }
                    let (Ok(stream), view) = (stream, Arc::clone(&view)) else { continue };
                    // One thread per reader: one that is stopped in the middle keeps nobody else waiting.
                    let _ = std::thread::Builder::new().spawn(move || answer(stream, &view));
                }
            })
            .map_err(|e| io("serve", e))?;
        Ok(Server { folder, path, stop, thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let woken = UnixStream::connect(through(&self.folder)).is_ok();
        let _ = std::fs::remove_file(&self.path);
        if let Some(thread) = self.thread.take().filter(|_| woken) {
            let _ = thread.join();
        }
    }
}

fn answer(mut stream: UnixStream, view: &View) {
    // A reader that does not get a whole frame notices by its length, and tries again.
    if let Ok(frame) = view() {
        let _ = stream.set_write_timeout(Some(PATIENCE)).and_then(|()| stream.write_all(&frame));
    }
}

/// A whole frame from the holder; `None` if nobody answers.
pub(crate) fn ask(dir: &Path) -> Option<Vec<u8>> {
    let folder = File::open(dir).ok()?;
    let mut stream = UnixStream::connect(through(&folder)).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut frame = Vec::new();
    stream.read_to_end(&mut frame).ok()?;
    (!frame.is_empty()).then_some(frame)
}

fn through(folder: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}/read.sock", folder.as_raw_fd()))
}
