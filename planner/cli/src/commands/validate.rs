//! `cplan validate`: the configuration alone, without state and world.

use cplan_engine::validate;

use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::render::json;
use crate::render::style::Tone;
use crate::session::{Session, refuse};

/// Checks the configuration.
pub(crate) fn run(session: &Session) -> Result<ExitCode, CommandError> {
    let (config, mut found) = session.load()?;
    found.extend(validate(&config, &session.providers.registry));
    let warnings = refuse(found, &config)?;
    if session.settings.json {
        session.print(&json::text(&json::diagnostic::report(&warnings, &session.view(&config.sources))))?;
        return Ok(ExitCode::Ok);
    }
    session.warn(&warnings, &config.sources);
    session
        .print(&format!("{} The configuration is valid.\n", session.terminal.style().bold(Tone::Good, "Success!")))?;
    Ok(ExitCode::Ok)
}
