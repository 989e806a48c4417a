//! `cplan show`: the state.

use crate::args::ShowArgs;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::render;
use crate::session::Session;

/// Shows the state.
pub(crate) fn run(session: &Session, args: &ShowArgs) -> Result<ExitCode, CommandError> {
    let state = session.read_state()?;
    let registry = &session.providers.registry;
    let text = if args.json {
        render::json::line(&render::json::state::state(&state, registry, args.reveal))
    } else {
        render::state::state(&state, registry)
    };
    session.print(&text)?;
    Ok(ExitCode::Ok)
}
