//! `cplan state …`: looking into the state and changing it by hand.

mod backup;
mod list;
mod mv;
mod pull;
mod push;
mod rm;
mod select;
mod show;
mod taint;
mod types;

use cplan_store::{SledStore, Store};

use crate::args::StateCommand;
use crate::data_folder;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::session::Session;

pub(super) use taint::{taint, untaint};
pub(super) use types::Schemas;

/// Finds its command.
pub(crate) fn run(session: &Session, command: &StateCommand) -> Result<ExitCode, CommandError> {
    match command {
        StateCommand::List(args) => list::run(session, args),
        StateCommand::Show(args) => show::run(session, &args.address),
        StateCommand::Mv(args) => mv::run(session, args),
        StateCommand::Rm(args) => rm::run(session, args),
        StateCommand::Pull(args) => pull::run(session, args),
        StateCommand::Push(args) => push::run(session, args),
        StateCommand::Restore => restore(session),
    }
}

/// Goes back to the snapshot; the damaged database stays beside it.
fn restore(session: &Session) -> Result<ExitCode, CommandError> {
    data_folder::make(&session.settings.data_dir)?;
    let store = SledStore::restore(&session.settings.data_dir, session.settings.holder.clone())?;
    let state = store.load()?;
    store.finish()?;
    session.print(&format!(
        "The state is back at the last snapshot: serial {}, {} objects. `cplan plan` shows what the world says to that.\n",
        state.serial,
        state.records.len()
    ))?;
    Ok(ExitCode::Ok)
}
