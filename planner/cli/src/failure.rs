//! How a command ends when it does not end well.

use std::error::Error;
use std::io;
use std::path::Path;

use cplan_engine::EngineError;
use cplan_model::{Diagnostic, Diagnostics, SourceMap};
use cplan_store::StoreError;

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub(crate) enum CommandError {
    /// The user's mistakes, with the files they are in.
    Refused(Diagnostics, SourceMap),
    /// Something failed; a sentence on how to mend it may follow.
    Failed(Box<dyn Error + Send + Sync>, String),
    /// Writing to standard output failed: most often nobody reads any more.
    Output(io::Error),
}

/// A file or folder that could not be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {path}")]
struct FileError {
    action: &'static str,
    path: String,
    #[source]
    source: io::Error,
}

impl CommandError {
    /// One mistake without a place in a file.
    pub(crate) fn told(
        id: &'static str,
        summary: impl Into<String>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let diagnostic = Diagnostic::error(id, summary, what).remedy(remedy);
        CommandError::Refused(diagnostic.into(), SourceMap::default())
    }

    /// A file that could not be used.
    pub(crate) fn file(action: &'static str, path: &Path, source: io::Error) -> Self {
        let remedy = access(&source, path);
        let path = path.display().to_string();
        CommandError::Failed(Box::new(FileError { action, path, source }), remedy)
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let remedy = remedy(&error);
        CommandError::Failed(Box::new(error), remedy)
    }
}

impl From<EngineError> for CommandError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Store(error) => error.into(),
            EngineError::Configuration(diagnostics) => CommandError::Refused(diagnostics, SourceMap::default()),
            EngineError::Stale { .. } => {
                CommandError::told("stale-plan", "Saved plan is stale", format!("{error}."), "Plan again.")
            }
            EngineError::Settle { ref source, .. } => {
                let remedy = source.remedy.clone();
                CommandError::Failed(Box::new(error), remedy)
            }
            other => CommandError::Failed(Box::new(other), String::new()),
        }
    }
}

fn remedy(error: &StoreError) -> String {
    match error {
        StoreError::Locked { .. } => {
            "Wait until it ends, or let this command wait with `-lock-timeout=60s`.".to_owned()
        }
        StoreError::Damaged { remedy, .. } => remedy.clone(),
        StoreError::Newer { .. } => "Use the cplan that wrote it, or a newer one.".to_owned(),
        StoreError::Io { path, source, .. } => access(source, path),
        StoreError::Database { path, source } => {
            let mut cause: Option<&(dyn Error + 'static)> = Some(&**source);
            while let Some(error) = cause {
                if let Some(error) = error.downcast_ref() {
                    return access(error, path);
                }
                cause = error.source();
            }
            String::new()
        }
        _ => String::new(),
    }
}

/// How to mend what the system refuses.
fn access(error: &io::Error, path: &Path) -> String {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            format!("Look at the owner and the mode of `{path}`, or run cplan as a user who may write there.")
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            format!("Mount the file system of `{path}` for writing, or work on a copy elsewhere.")
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => format!("Make room where `{path}` is."),
        _ => String::new(),
    }
}
