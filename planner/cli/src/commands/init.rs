//! `cplan init`, `get` and `force-unlock`: what Terraform needs and cplan does not. They check, and say so.

use cplan_engine::validate;

use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::session::{Session, refuse};

/// Everything that a configuration needs is in its folders and in this program.
pub(crate) fn init(session: &Session) -> Result<ExitCode, CommandError> {
    let (config, mut warnings) = session.load()?;
    warnings.extend(refuse(validate(&config, &session.providers.registry), &config)?);
    session.warn(&warnings, &config.sources);
    session.print(
        "Nothing to initialize: modules are read where they are, and providers are part of cplan. The state comes to be\nwith the first plan.\n\nRun `cplan plan` to see what would change.\n",
    )?;
    Ok(ExitCode::Ok)
}

/// All modules are there already.
pub(crate) fn get(session: &Session) -> Result<ExitCode, CommandError> {
    let (config, warnings) = session.load()?;
    session.warn(&warnings, &config.sources);
    Ok(ExitCode::Ok)
}

/// A lock ends with its process, so there is never one to break.
pub(crate) fn force_unlock(session: &Session) -> Result<ExitCode, CommandError> {
    let remedy = "Run the command that was refused again; wait for the other one with `-lock-timeout=60s`, or end it.";
    let what = match session.read_unsettled()? {
        Some(reading) if reading.held => "A process holds the state, and its lock ends with it.",
        _ => "Nobody holds the state: a lock ends with the process that took it, however that ends.",
    };
    Err(CommandError::told("no-lock-to-break", "There is no lock to break", what, remedy))
}
