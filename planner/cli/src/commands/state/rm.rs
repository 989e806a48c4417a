//! `cplan state rm`: objects are forgotten, and stay as they are in the world.

use std::collections::BTreeSet;

use cplan_store::{RecordKey, Store, Transaction};

use super::select::{keys, target};
use super::{backup, select};
use crate::args::StateRmArgs;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::session::Session;

/// Forgets.
pub(super) fn run(session: &Session, args: &StateRmArgs) -> Result<ExitCode, CommandError> {
    let targets = args.addresses.iter().map(|text| target(text)).collect::<Result<Vec<_>, _>>()?;
    let (store, state) = session.settled_store()?;
    let mut gone: BTreeSet<RecordKey> = BTreeSet::new();
    let mut nowhere = Vec::new();
    for target in &targets {
        let meant = keys(&state, target);
        if meant.is_empty() {
            nowhere.push(target);
        }
        gone.extend(meant);
    }
    // A trial does nothing either way: it tells that it would remove nothing.
    if let Some(target) = nowhere.first()
        && gone.is_empty()
        && !args.dry_run
    {
        return Err(select::unknown(&state, "Invalid target address", &target.to_string()));
    }
    let verb = if args.dry_run { "Would remove" } else { "Removed" };
    let mut lines: Vec<String> = gone.iter().map(|key| format!("{verb} {}\n", key.address)).collect();
    lines.dedup();
    let count = lines.len();
    lines.extend(nowhere.iter().map(|target| format!("The state has no object {target}\n")));
    if args.dry_run {
        session.print(&lines.concat())?;
        return Ok(ExitCode::Ok);
    }
    let kept = backup::save(session, &state)?;
    store.commit(&Transaction { delete: gone.into_iter().collect(), ..Transaction::default() })?;
    store.finish()?;
    session.print(&lines.concat())?;
    session.print(&format!(
        "Successfully removed {count} resource instance(s). The state before is kept in {}.\n",
        session.shown(&kept)
    ))?;
    Ok(ExitCode::Ok)
}
