//! Exit codes, as Terraform's.

use std::process;

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitCode {
    /// All is well.
    Ok,
    /// Something failed, or was refused.
    Error,
    /// There are changes (`plan -detailed-exitcode`) or drift.
    Changes,
    /// `fmt` was given something that is broken, or is not there.
    Broken,
    /// `fmt -check` would change something.
    Unformatted,
}

impl From<ExitCode> for process::ExitCode {
    fn from(code: ExitCode) -> Self {
        process::ExitCode::from(match code {
            ExitCode::Ok => 0,
            ExitCode::Error => 1,
            ExitCode::Changes | ExitCode::Broken => 2,
            ExitCode::Unformatted => 3,
        })
    }
}
