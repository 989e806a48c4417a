//! Settling what an interrupted run left: every open intent is looked up by the identity that was chosen for it.

use std::sync::Arc;

use cplan_model::{Action, Schema, changes};
use cplan_sdk::{Context, Observed, RecoverRequest, Resource};
use cplan_store::{Intent, Record, RecordKey, State, Status, Store, Transaction};

use crate::event::{Event, EventSink};
use crate::failure::EngineError;
use crate::identity;
use crate::planning::{PlanInput, Planner, container_id};
use crate::proposed::remark;
use crate::registry::Registry;

/// Settles all open intents of a store: what exists is adopted (tainted when it is not what was wanted), what does
/// not exist is forgotten. Returns how many there were.
pub async fn settle(
    ctx: &Context,
    input: PlanInput<'_>,
    store: &dyn Store,
    events: Arc<dyn EventSink>,
) -> Result<usize, EngineError> {
    let intents = store.intents()?;
    if intents.is_empty() {
        return Ok(0);
    }
    let registry = input.registry;
    let mut planner = Planner::new(ctx, input);
    if !planner.prepare().await {
        return Err(EngineError::Configuration(planner.diagnostics));
    }
    events.event(Event::Settling { count: intents.len() });
    let mut first_failure = None;
    for (intent, resource) in containers_first(&intents, registry)? {
        let address = intent.key.address.clone();
        let state = store.load()?;
        let request = RecoverRequest {
            identity: intent.identity.clone(),
            prior: intent.prior.as_ref().map(|v| v.unmarked_deep()),
            planned: intent.planned.as_ref().map(|v| v.unmarked_deep()),
            private: intent.private.clone(),
        };
        let held = resource.schema().container().is_some();
        let observed = if container_is_gone(intent, resource, &state) {
            Observed::Absent
        } else {
            match resource.recover(ctx, request).await {
                Ok(observed) => observed,
                // A machine that does not answer now must not stand in the way: what is in it is settled by the next
                // read, or goes with it.
                Err(error) if held => Observed::Unreachable { reason: error.message },
                Err(source) => {
                    first_failure.get_or_insert(EngineError::Settle { address: Box::new(address), source });
                    continue;
                }
            }
        };
        let (transaction, outcome) = verdict(intent, resource.schema(), state.records.get(&intent.key), observed);
        store.commit(&transaction)?;
        events.event(Event::Settled { address, outcome: outcome.to_owned() });
    }
    first_failure.map_or(Ok(intents.len()), Err)
}

/// The intents with their types; those of containers come first, because what is in them hangs on what became of them.
fn containers_first<'i, 'r>(
    intents: &'i [Intent],
    registry: &'r Registry,
) -> Result<Vec<(&'i Intent, &'r dyn Resource)>, EngineError> {
    let mut all = Vec::with_capacity(intents.len());
    for intent in intents {
        let address = &intent.key.address;
        let resource =
            registry.resource(&intent.provider, &address.resource.ty).ok_or_else(|| EngineError::UnknownType {
                address: Box::new(address.clone()),
                provider: intent.provider.clone(),
                ty: address.resource.ty.to_string(),
            })?;
        all.push((intent, resource));
    }
    all.sort_by_key(|(_, resource)| resource.schema().container().is_some());
    Ok(all)
}

/// Whether the object was in a container of ours that the state does not have any more.
fn container_is_gone(intent: &Intent, resource: &dyn Resource, state: &State) -> bool {
    let values = intent.prior.as_ref().or(intent.planned.as_ref());
    let id = values.and_then(|v| container_id(resource.schema(), v));
    resource.goes_with_container()
        && intent.container.is_some()
        && id.is_some_and(|id| state.records.values().all(|r| r.identity.id != id))
}

/// What an intent's object turned out to be, and what that means for the state.
fn verdict(
    intent: &Intent,
    schema: &Schema,
    before: Option<&Record>,
    observed: Observed,
) -> (Transaction, &'static str) {
    let mut transaction = Transaction { settled: vec![intent.id], ..Transaction::default() };
    // A create whose predecessor still stands was to come before its delete.
    let beside = before.filter(|r| intent.action == Action::Create && r.identity != intent.identity);
    let mut put = |record| {
        if let Some(old) = beside {
            let deposed = Some(identity::deposed_key(&intent.identity));
            transaction.put.push((RecordKey { deposed, ..intent.key.clone() }, old.clone()));
        }
        transaction.put.push((intent.key.clone(), record));
    };
    let outcome = match observed {
        Observed::Present { values, private, boot_id } => {
            let wanted = intent.planned.as_ref();
            let finished = wanted.is_some_and(|w| changes(schema, w, &values).iter().all(|c| c.before.is_none()));
            let status = if finished || intent.action != Action::Create { Status::Ready } else { Status::Tainted };
            let values = wanted.map_or_else(|| values.clone(), |w| remark(schema, w, &values));
            put(record(intent, before, values, private, boot_id, status));
            match (intent.action, status) {
                (Action::Delete, _) => "is still there",
                (_, Status::Ready) => "adopted",
                _ => "was left half-made, and will be replaced",
            }
        }
        Observed::Absent => {
            // A delete that came before the create of a replacement has a record of its own to remove.
            if before.is_some_and(|r| r.identity == intent.identity) {
                transaction.delete.push(intent.key.clone());
            }
            if intent.action == Action::Delete { "is deleted" } else { "was not made" }
        }
        // The record stays, and with it the wish to delete.
        Observed::Unreachable { .. } if intent.action == Action::Delete => "cannot be reached, and is left as it is",
        Observed::Unreachable { .. } => {
            match (before.filter(|r| r.identity == intent.identity), &intent.planned) {
                (Some(old), _) => put(Record { status: Status::OutcomeUnknown, ..old.clone() }),
                (None, Some(planned)) => {
                    let private = intent.private.clone();
                    put(record(intent, None, planned.clone(), private, None, Status::OutcomeUnknown));
                }
                (None, None) => {}
            }
            "cannot be reached, and will be replaced"
        }
    };
    (transaction, outcome)
}

fn record(
    intent: &Intent,
    before: Option<&Record>,
    values: cplan_model::Value,
    private: Vec<u8>,
    boot_id: Option<String>,
    status: Status,
) -> Record {
    Record {
        provider: intent.provider.clone(),
        schema_version: intent.schema_version,
        values,
        private,
        identity: intent.identity.clone(),
        dependencies: intent.dependencies.clone(),
        container: intent.container.clone(),
        host: before.and_then(|r| r.host.clone()),
        status,
        create_before_destroy: before.is_some_and(|r| r.create_before_destroy),
        boot_id,
        last_run: Some(intent.run.clone()),
    }
}
