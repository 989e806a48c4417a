//! `cplan version`: the same as `-version`, as a word.

use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::session::Session;

/// Prints it.
pub(crate) fn run(session: &Session) -> Result<ExitCode, CommandError> {
    session.print(&format!("cplan {}\n", env!("CARGO_PKG_VERSION")))?;
    Ok(ExitCode::Ok)
}
