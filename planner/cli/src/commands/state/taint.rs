//! `cplan taint` and `cplan untaint`: the next plan replaces an object, or does not.

use cplan_model::Diagnostic;
use cplan_store::{RecordKey, Status, Store, Transaction};

use super::select::managed;
use crate::args::TaintArgs;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::session::Session;

/// Marks an object as to be replaced.
pub(in crate::commands) fn taint(session: &Session, args: &TaintArgs) -> Result<ExitCode, CommandError> {
    set(session, args, "tainted", Status::Tainted)
}

/// Takes the mark away.
pub(in crate::commands) fn untaint(session: &Session, args: &TaintArgs) -> Result<ExitCode, CommandError> {
    set(session, args, "untainted", Status::Ready)
}

fn set(session: &Session, args: &TaintArgs, verb: &str, wanted: Status) -> Result<ExitCode, CommandError> {
    let address = managed(&args.address, verb)?;
    let (store, state) = session.settled_store()?;
    let key = RecordKey::from(address.clone());
    let Some(record) = state.records.get(&key) else {
        if args.allow_missing {
            let what = format!(
                "Resource instance {address} was not found, but this is not an error because -allow-missing was set."
            );
            let warning = Diagnostic::warning("unknown-instance", "No such resource instance", what);
            session.warn(&warning.into(), &cplan_model::SourceMap::default());
            return Ok(ExitCode::Ok);
        }
        let what = format!("There is no resource instance in the state with the address {address}.");
        let remedy = "If its block is new, run `cplan apply` first; `cplan state list` shows what there is.";
        return Err(CommandError::told("unknown-instance", "No such resource instance", what, remedy));
    };
    if wanted == Status::Ready && record.status != Status::Tainted {
        let what = format!("Resource instance {address} is not currently tainted, and so it cannot be untainted.");
        return Err(CommandError::told(
            "not-tainted",
            "Resource instance is not tainted",
            what,
            "There is nothing to do.",
        ));
    }
    let mut record = record.clone();
    record.status = wanted;
    store.commit(&Transaction { put: vec![(key, record)], ..Transaction::default() })?;
    store.finish()?;
    session.print(&match wanted {
        Status::Tainted => format!("Resource instance {address} has been marked as tainted.\n"),
        _ => format!("Resource instance {address} has been successfully untainted.\n"),
    })?;
    Ok(ExitCode::Ok)
}
