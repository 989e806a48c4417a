//! `cplan state list`, `cplan state show` and `cplan state restore`.

use cplan_model::InstanceAddr;
use cplan_store::{SledStore, State, Store};

use crate::args::{StateCommand, StateListArgs};
use crate::data_folder;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::render;
use crate::render::sensitive::schema_of;
use crate::session::Session;

/// Looks into the state.
pub(crate) fn run(session: &Session, command: &StateCommand) -> Result<ExitCode, CommandError> {
    let text = match command {
        StateCommand::List(args) => list(session.read_state()?, args),
        StateCommand::Show(args) => show(session, &session.read_state()?, &args.address)?,
        StateCommand::Restore => restore(session)?,
    };
    session.print(&text)?;
    Ok(ExitCode::Ok)
}

fn list(mut state: State, args: &StateListArgs) -> String {
    let below = |address: &str| {
        args.addresses.iter().any(|wanted| {
            address.strip_prefix(wanted.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
    };
    if !args.addresses.is_empty() {
        state.records.retain(|key, _| below(&key.address.to_string()));
    }
    render::state::list(&state)
}

/// Goes back to the snapshot; the damaged database stays beside it.
fn restore(session: &Session) -> Result<String, CommandError> {
    data_folder::make(&session.settings.data_dir)?;
    let store = SledStore::restore(&session.settings.data_dir, session.settings.holder.clone())?;
    let state = store.load()?;
    store.finish()?;
    Ok(format!(
        "The state is back at the last snapshot: serial {}, {} objects. `cplan plan` shows what the world says to that.\n",
        state.serial,
        state.records.len()
    ))
}

fn show(session: &Session, state: &State, wanted: &str) -> Result<String, CommandError> {
    let address: InstanceAddr = wanted.parse().map_err(|e: cplan_model::ParseAddressError| {
        CommandError::told(
            "invalid-address",
            "Invalid address",
            format!("{e}."),
            "`cplan state list` shows those there are.",
        )
    })?;
    let found: Vec<_> = state.records.iter().filter(|(key, _)| key.address == address).collect();
    if found.is_empty() {
        let all: Vec<String> = state.records.keys().map(|k| k.address.to_string()).collect();
        let remedy = match cplan_config::suggest(wanted, all.iter().map(String::as_str)) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => "`cplan state list` shows those there are.".to_owned(),
        };
        let what = format!("The state has no object `{wanted}`.");
        return Err(CommandError::told("unknown-object", "No such object", what, remedy));
    }
    let schema = schema_of(&session.providers.registry, &address);
    Ok(found.iter().map(|(key, record)| render::state::record(key, record, schema)).collect::<Vec<_>>().join("\n"))
}
