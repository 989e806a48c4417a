//! `cplan import ADDRESS ID`: takes an object into the state that exists already.

use std::collections::BTreeMap;
use std::sync::Arc;

use cplan_engine::{Amendment, EventSink};
use cplan_model::{Diagnostics, InstanceAddr, Mode};
use cplan_store::{RecordKey, Store, Transaction};

use super::work;
use crate::args::ImportArgs;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::progress::{Notes, Reporter};
use crate::session::Session;

/// Imports: a plan of this one object, of which only the taking in is done.
pub(crate) async fn run(session: &Session, args: &ImportArgs) -> Result<ExitCode, CommandError> {
    let address = address(&args.address)?;
    let (config, warnings) = session.load()?;
    session.warn(&warnings, &config.sources);
    session.input(&config, Default::default())?;
    let (store, state) = session.settled_store()?;
    let key = RecordKey::from(address.clone());
    if state.records.contains_key(&key) {
        let what = format!("cplan is already managing a remote object for {address}.");
        let remedy = format!(
            "To import to this address you must first remove the existing object: `cplan state rm '{address}'`."
        );
        return Err(CommandError::told("already-managed", "Resource already managed by cplan", what, remedy));
    }
    let mut input = session.input(&config, state)?;
    input.options.targets = vec![address.clone().into()];
    input.options.imports = BTreeMap::from([(address.clone(), args.id.clone())]);
    let reporter = Reporter::new(session.terminal, session.settings.json, false, Arc::clone(&session.log));
    work::interruptible(session, &reporter);
    let context = session.context(Arc::new(Notes(Arc::clone(&session.log))));
    let events: Arc<dyn EventSink> = reporter.clone();
    session.print(&format!("{address}: Importing from ID {:?}...\n", args.id))?;
    let ticking = reporter.tick();
    let made = work::make_plan(session, &context, input, events, &config, |made| work::stream(session, made)).await;
    drop(ticking);
    reporter.finish();
    let (made, _) = made.map_err(untargeted)?;
    let adopted = made.amendments.into_iter().find_map(|amendment| match amendment {
        Amendment::Adopt { key: adopted, record } if adopted == key => Some(*record),
        _ => None,
    });
    let Some(mut record) = adopted else {
        let what = format!("The configuration for the given import {address} does not exist.");
        let remedy =
            format!("Write a block `resource \"{}\" \"{}\"` first.", address.resource.ty, address.resource.name);
        return Err(CommandError::told(
            "import-without-block",
            "Configuration for import target does not exist",
            what,
            remedy,
        ));
    };
    record.last_run = Some(session.log.run().to_owned());
    store.commit(&Transaction { put: vec![(key, record)], ..Transaction::default() })?;
    store.finish()?;
    session.print("\nImport successful!\n\nThe object is in the state now, and cplan manages it from here on. `cplan plan` shows what the configuration\nwould change of it.\n")?;
    Ok(ExitCode::Ok)
}

/// Why it could not be planned; that one object was named is this command's own doing.
fn untargeted(error: CommandError) -> CommandError {
    let CommandError::Refused(list, sources) = error else { return error };
    let mut kept = Diagnostics::new();
    list.into_iter().filter(|d| d.id != "targeting").for_each(|d| kept.push(d));
    CommandError::Refused(kept, sources)
}

fn address(text: &str) -> Result<InstanceAddr, CommandError> {
    let refuse = |what: String| {
        let remedy = "Write TYPE.NAME, with module.NAME. before it and [KEY] behind where they are needed.";
        CommandError::told("invalid-address", "Invalid address", what, remedy)
    };
    let address: InstanceAddr = text.parse().map_err(|e: cplan_model::ParseAddressError| refuse(format!("{e}.")))?;
    match address.resource.mode {
        Mode::Managed => Ok(address),
        Mode::Data => Err(refuse(
            "A managed resource address is required. Importing into a data resource is not allowed.".to_owned(),
        )),
    }
}
