//! `cplan state list`.

use super::select::{self, target};
use crate::args::StateListArgs;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::render;
use crate::session::Session;

/// The addresses, of all objects or of those that are named.
pub(super) fn run(session: &Session, args: &StateListArgs) -> Result<ExitCode, CommandError> {
    let mut state = select::existing(session)?;
    let targets = args.addresses.iter().map(|text| target(text)).collect::<Result<Vec<_>, _>>()?;
    for wanted in &targets {
        if select::keys(&state, wanted).is_empty() {
            let summary = match (&wanted.resource, &wanted.key) {
                (None, _) => "Unknown module",
                (Some(_), None) => "Unknown resource",
                (Some(_), Some(_)) => "Unknown resource instance",
            };
            return Err(select::unknown(&state, summary, &wanted.to_string()));
        }
    }
    state.records.retain(|key, record| {
        let named = targets.is_empty() || targets.iter().any(|target| target.contains(&key.address));
        let id = || record.values.get("id").and_then(|id| id.as_str());
        named && args.id.as_deref().is_none_or(|wanted| id() == Some(wanted))
    });
    session.print(&render::state::list(&state))?;
    Ok(ExitCode::Ok)
}
