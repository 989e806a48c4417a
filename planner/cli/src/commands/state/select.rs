//! Addresses that were typed, and what of the state they mean.

use cplan_model::{InstanceAddr, Mode, ParseAddressError, Target};
use cplan_store::{RecordKey, State};

use crate::failure::CommandError;
use crate::session::Session;

const REMEDY: &str = "`cplan state list` shows those there are.";

/// A module, a resource or an instance.
pub(super) fn target(text: &str) -> Result<Target, CommandError> {
    text.parse().map_err(|e| invalid(&e))
}

/// An instance.
pub(super) fn instance(text: &str) -> Result<InstanceAddr, CommandError> {
    text.parse().map_err(|e| invalid(&e))
}

/// An instance of a managed resource.
pub(super) fn managed(text: &str, verb: &str) -> Result<InstanceAddr, CommandError> {
    let address = instance(text)?;
    if address.resource.mode == Mode::Managed {
        return Ok(address);
    }
    let what = format!("Resource instance {address} cannot be {verb}: it is only read.");
    Err(CommandError::told("invalid-address", "Invalid address", what, "Name an instance of a `resource` block."))
}

fn invalid(error: &ParseAddressError) -> CommandError {
    CommandError::told("invalid-address", "Invalid address", format!("{error}."), REMEDY)
}

/// The keys of all that a target means, deposed objects included.
pub(super) fn keys(state: &State, target: &Target) -> Vec<RecordKey> {
    state.records.keys().filter(|key| target.contains(&key.address)).cloned().collect()
}

/// The state; refused where there never was one.
pub(super) fn existing(session: &Session) -> Result<State, CommandError> {
    match session.read_unsettled()? {
        Some(reading) => Ok(reading.state),
        None => {
            let what = "Commands that look into a state need one, and nothing was planned or applied here yet.";
            Err(CommandError::told("no-state", "No state file was found!", what, "Run `cplan apply` first."))
        }
    }
}

/// There is nothing at that address; with the near one.
pub(super) fn unknown(state: &State, summary: &str, wanted: &str) -> CommandError {
    let all: Vec<String> = state.records.keys().map(|k| k.address.to_string()).collect();
    let remedy = match cplan_config::suggest(wanted, all.iter().map(String::as_str)) {
        Some(near) => format!("Did you mean `{near}`?"),
        None => REMEDY.to_owned(),
    };
    let what = format!("The state has no object `{wanted}`.");
    CommandError::told("unknown-object", summary, what, remedy)
}
