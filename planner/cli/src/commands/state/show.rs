//! `cplan state show`.

use super::select::{instance, unknown};
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::render;
use crate::render::sensitive::schema_of;
use crate::session::Session;

/// One object, deposed ones of its address included.
pub(super) fn run(session: &Session, wanted: &str) -> Result<ExitCode, CommandError> {
    let state = session.read_state()?;
    let address = instance(wanted)?;
    let found: Vec<_> = state.records.iter().filter(|(key, _)| key.address == address).collect();
    if found.is_empty() {
        return Err(unknown(&state, wanted));
    }
    let schema = schema_of(&session.providers.registry, &address);
    let texts: Vec<_> = found.iter().map(|(key, record)| render::state::record(key, record, schema)).collect();
    session.print(&texts.join("\n"))?;
    Ok(ExitCode::Ok)
}
