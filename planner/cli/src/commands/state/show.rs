//! `cplan state show`.

use super::select::{existing, instance, unknown};
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::render;
use crate::render::sensitive::schema_of;
use crate::session::Session;

/// One object, deposed ones of its address included.
pub(super) fn run(session: &Session, wanted: &str) -> Result<ExitCode, CommandError> {
    let state = existing(session)?;
    let address = instance(wanted)?;
    let found: Vec<_> = state.records.iter().filter(|(key, _)| key.address == address).collect();
    if found.is_empty() {
        return Err(unknown(&state, "No such object", wanted));
    }
    let schema = schema_of(&session.providers.registry, &address);
    let texts: Vec<_> = found.iter().map(|(key, record)| render::state::record(key, record, schema)).collect();
    session.print(&texts.join("\n"))?;
    Ok(ExitCode::Ok)
}
