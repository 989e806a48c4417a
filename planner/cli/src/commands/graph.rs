//! `cplan graph`: what depends on what, in the DOT language.

use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::session::Session;

/// Prints the graph.
pub(crate) fn run(session: &Session) -> Result<ExitCode, CommandError> {
    let (config, warnings) = session.load()?;
    session.warn(&warnings, &config.sources);
    session.print(&cplan_engine::dot(&config))?;
    Ok(ExitCode::Ok)
}
