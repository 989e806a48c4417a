//! `cplan state pull`: the state on standard output.

use cplan_store::{export, export_terraform};

use super::Schemas;
use crate::args::{StateFormat, StatePullArgs};
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::session::Session;

/// Prints it, secrets included; nothing where there is none.
pub(super) fn run(session: &Session, args: &StatePullArgs) -> Result<ExitCode, CommandError> {
    let Some(reading) = session.read_unsettled()? else { return Ok(ExitCode::Ok) };
    let text = match args.format {
        StateFormat::Terraform => {
            export_terraform(&reading.state, &Schemas(&session.providers.registry), env!("CARGO_PKG_VERSION"))?
        }
        StateFormat::Cplan => export(&reading.state) + "\n",
    };
    session.print(&text)?;
    Ok(ExitCode::Ok)
}
