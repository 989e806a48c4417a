//! `cplan state push`: a state from a file, or from standard input, in the place of this one.

use std::io::Read as _;
use std::path::Path;

use cplan_store::{State, Store};

use super::super::state_files;
use super::backup;
use crate::args::StatePushArgs;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::session::Session;

/// Replaces the state, unless it belongs to another or is older.
pub(super) fn run(session: &Session, args: &StatePushArgs) -> Result<ExitCode, CommandError> {
    let pushed = read(session, &args.path)?;
    let (store, state) = session.settled_store()?;
    if !args.force {
        fits(&state, &pushed)?;
    }
    let is_same = State { serial: state.serial, ..pushed.clone() } == state;
    if is_same && pushed.serial == state.serial {
        return Ok(ExitCode::Ok);
    }
    if !is_empty(&state) {
        backup::save(session, &state)?;
    }
    store.replace(&pushed)?;
    store.finish()?;
    Ok(ExitCode::Ok)
}

fn read(session: &Session, path: &Path) -> Result<State, CommandError> {
    let mut text = String::new();
    if path == Path::new("-") {
        let input = std::io::stdin().read_to_string(&mut text);
        input.map_err(|e| CommandError::file("read", Path::new("standard input"), e))?;
    } else {
        let file = session.settings.typed(path);
        text = std::fs::read_to_string(&file).map_err(|e| CommandError::file("read", path, e))?;
    }
    state_files::read(session, &text).map_err(|error| {
        let mut said = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            said = format!("{said}: {inner}");
            cause = inner.source();
        }
        CommandError::told(
            "unsupported-state",
            "Unsupported state file format",
            format!("`{}` cannot be pushed: {said}.", path.display()),
            "Push what `cplan state pull` or `terraform state pull` wrote.",
        )
    })
}

/// Terraform's rules: of the same lineage, and newer.
fn fits(state: &State, pushed: &State) -> Result<(), CommandError> {
    let refuse = |what: String| {
        let remedy = "If you are sure, push it with `-force`; the state that is replaced is kept in `.cplan/backups`.";
        Err(CommandError::told("state-push-refused", "Failed to write state", what, remedy))
    };
    if is_empty(state) {
        return Ok(());
    }
    if pushed.lineage != state.lineage {
        return refuse(format!(
            "cannot import state with lineage {:?} over unrelated state with lineage {:?}",
            pushed.lineage, state.lineage
        ));
    }
    if pushed.serial < state.serial {
        return refuse(format!(
            "cannot import state with serial {} over newer state with serial {}",
            pushed.serial, state.serial
        ));
    }
    if pushed.serial == state.serial && pushed != state {
        return refuse(format!(
            "cannot overwrite existing state with serial {} with a different state that has the same serial",
            state.serial
        ));
    }
    Ok(())
}

/// Whether nothing was ever in it: its lineage binds nobody.
fn is_empty(state: &State) -> bool {
    state.serial == 0 && state.records.is_empty() && state.outputs.is_empty()
}
