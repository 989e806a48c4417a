//! What every call gets first: cancellation, the place for files, and where to say what is going on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

/// Hears what a call has to say. The CLI shows the status and keeps the log under
/// `.cplan/logs/<run>/<address>.out` and `.err`.
pub trait Progress: Send + Sync {
    /// A short text of what is being waited for, replaced by the next ("waiting for ssh, 12s, last console line: …").
    fn status(&self, text: &str);
    /// Output to keep in full: commands, their output, console tails. Never secrets.
    fn log(&self, text: &str);
    /// What the user is to know though the step goes well, such as what it cannot bring back. Never secrets.
    fn note(&self, text: &str) {
        self.log(text);
    }
    /// The same as [`Progress::log`] for what was said on standard error.
    fn log_errors(&self, text: &str) {
        self.log(text);
    }
}

/// Says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn status(&self, _: &str) {}
    fn log(&self, _: &str) {}
}

/// The context of a call.
#[derive(Clone)]
pub struct Context {
    /// Cancelled when the user interrupts: finish or stop soon, leave nothing half-done unsaid.
    pub cancel: CancellationToken,
    /// Who hears about the step.
    pub progress: Arc<dyn Progress>,
    data_dir: Arc<Path>,
}

impl Context {
    /// A context; `data_dir` is the `.cplan` folder beside the topology, absolute.
    pub fn new(data_dir: impl Into<PathBuf>, progress: Arc<dyn Progress>, cancel: CancellationToken) -> Self {
        Context { cancel, progress, data_dir: data_dir.into().into() }
    }

    /// The `.cplan` folder beside the topology, absolute.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The same with another listener, one per step.
    #[must_use]
    pub fn with_progress(&self, progress: Arc<dyn Progress>) -> Self {
        Context { progress, ..self.clone() }
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("data_dir", &self.data_dir).finish_non_exhaustive()
    }
}
