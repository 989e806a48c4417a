//! How making an image fails.

use std::path::{Path, PathBuf};

use cplan_sdk::{ErrorKind, ProviderError};

/// Why an image could not be made or leased.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The disk or the system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried: `write`, `open`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A program is not installed.
    #[error("the program `{program}` is missing")]
    MissingProgram {
        /// Its name.
        program: String,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// A program failed.
    #[error("`{command}` {outcome}")]
    Command {
        /// As it was run.
        command: String,
        /// `exited with 100`
        outcome: String,
        /// The end of what it printed.
        said: String,
    },
    /// apt knows no such package, or cannot install it.
    #[error("apt cannot resolve the packages {packages}")]
    Unresolvable {
        /// What was asked for.
        packages: String,
        /// apt's words.
        said: String,
    },
    /// Locked versions are not to be had any more, neither in the cache nor from apt.
    #[error("these locked packages can no longer be downloaded: {packages}")]
    Gone {
        /// `name=version`, …
        packages: String,
        /// apt's words.
        said: String,
    },
    /// A program needs a library that no resolved package has.
    #[error("{file} needs the library {library}, which none of the packages has")]
    MissingLibrary {
        /// The program or library.
        file: String,
        /// What it needs.
        library: String,
    },
    /// A package is not as expected.
    #[error("the package {package} has no {what}")]
    Incomplete {
        /// The package.
        package: String,
        /// What is missing in it.
        what: String,
    },
    /// Another file than the one that was asked for.
    #[error("the sha256 of {file} is {found}, and should be {wanted}")]
    OtherContent {
        /// Its path or address.
        file: String,
        /// The digest in the configuration.
        wanted: String,
        /// The digest of what is there.
        found: String,
    },
    /// No disk image that a machine could start from.
    #[error("{} is no disk image: {what}", file.display())]
    NotADisk {
        /// The file.
        file: PathBuf,
        /// What speaks against it.
        what: String,
    },
    /// The image that another is made of is not in the cache.
    #[error("the image {digest}, which this one is made of, is not in the cache")]
    NoBase {
        /// Its digest.
        digest: String,
    },
    /// The lock file cannot be read.
    #[error("the lock file {} is not valid: {what}", path.display())]
    LockFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The user interrupted.
    #[error("interrupted while {doing}")]
    Cancelled {
        /// What was going on.
        doing: String,
    },
}

impl ImageError {
    /// An [`ImageError::Io`].
    pub(crate) fn io(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        ImageError::Io { action, path: path.to_owned(), source }
    }

    fn remedy(&self) -> String {
        match self {
            ImageError::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                "Free some space; `cplan cache prune` takes away images that nobody needs.".into()
            }
            ImageError::Io { .. } | ImageError::Incomplete { .. } => String::new(),
            ImageError::MissingProgram { package, .. } => format!("Install it: `apt-get install {package}`."),
            ImageError::Command { .. } => "See the output above; `cplan doctor` says what this host lacks.".into(),
            ImageError::Unresolvable { .. } => {
                "Check the names in `packages`, and that the host's apt sources have Debian 12's main archive.".into()
            }
            ImageError::Gone { .. } => {
                "Delete the image's entry from cplan.lock to take today's versions, which makes a new image.".into()
            }
            ImageError::MissingLibrary { .. } => "Add the Debian package that has the library to `packages`.".into(),
            ImageError::OtherContent { .. } => {
                "Nothing was kept. Check where it comes from, and `sha256` in the configuration.".into()
            }
            ImageError::NotADisk { .. } => "Unpack it, or convert it with `qemu-img convert -O qcow2`.".into(),
            ImageError::NoBase { .. } => "Plan again: the image below is then made first.".into(),
            ImageError::LockFile { .. } => "Restore it from version control, or delete it to resolve anew.".into(),
            ImageError::Cancelled { .. } => "Run `cplan apply` again; what is in the cache is used.".into(),
        }
    }
}

impl From<ImageError> for ProviderError {
    fn from(error: ImageError) -> Self {
        let kind = match &error {
            ImageError::Cancelled { .. } => ErrorKind::Cancelled,
            ImageError::Gone { .. } => ErrorKind::NotFound,
            ImageError::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied => ErrorKind::Denied,
            _ => ErrorKind::Failed,
        };
        let details = match &error {
            ImageError::Command { said, .. }
            | ImageError::Unresolvable { said, .. }
            | ImageError::Gone { said, .. } => said.clone(),
            _ => String::new(),
        };
        ProviderError::new(kind, error.to_string()).remedy(error.remedy()).details(details).source(error)
    }
}
