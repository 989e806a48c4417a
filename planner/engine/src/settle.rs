//! Settling what an interrupted run left: every open intent is looked up by the identity that was chosen for it.

use std::sync::Arc;

use cplan_model::{Action, changes};
use cplan_sdk::{Context, Observed, RecoverRequest};
use cplan_store::{Intent, Record, Status, Store, Transaction};

use crate::event::{Event, EventSink};
use crate::failure::EngineError;
use crate::planning::{PlanInput, Planner};
use crate::proposed::remark;

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
    for intent in &intents {
        let address = intent.key.address.clone();
        let resource =
            registry.resource(&intent.provider, &address.resource.ty).ok_or_else(|| EngineError::UnknownType {
                address: Box::new(address.clone()),
                provider: intent.provider.clone(),
                ty: address.resource.ty.to_string(),
            })?;
        let request = RecoverRequest {
            identity: intent.identity.clone(),
            prior: intent.prior.as_ref().map(|v| v.unmarked_deep()),
            planned: intent.planned.as_ref().map(|v| v.unmarked_deep()),
            private: intent.private.clone(),
        };
        let observed = resource
            .recover(ctx, request)
            .await
            .map_err(|source| EngineError::Settle { address: Box::new(address.clone()), source })?;
        let state = store.load()?;
        let before = state.records.get(&intent.key);
        let mut transaction = Transaction { settled: vec![intent.id], ..Transaction::default() };
        let outcome = match observed {
            Observed::Present { values, private, boot_id } => {
                let schema = resource.schema();
                let wanted = intent.planned.as_ref();
                let finished = wanted.is_some_and(|w| changes(schema, w, &values).iter().all(|c| c.before.is_none()));
                let status = if finished || intent.action != Action::Create { Status::Ready } else { Status::Tainted };
                let values = wanted.map_or_else(|| values.clone(), |w| remark(schema, w, &values));
                let record = record(intent, before, values, private, boot_id, status);
                transaction.put.push((intent.key.clone(), record));
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
            Observed::Unreachable { .. } => match before {
                Some(record) => {
                    let record = Record { status: Status::OutcomeUnknown, ..record.clone() };
                    transaction.put.push((intent.key.clone(), record));
                    "cannot be reached, and will be replaced"
                }
                None => {
                    let Some(values) = intent.planned.clone() else { continue };
                    let record = record(intent, None, values, intent.private.clone(), None, Status::OutcomeUnknown);
                    transaction.put.push((intent.key.clone(), record));
                    "cannot be reached, and will be replaced"
                }
            },
        };
        store.commit(&transaction)?;
        events.event(Event::Settled { address, outcome: outcome.to_owned() });
    }
    Ok(intents.len())
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
        create_before_destroy: false,
        boot_id,
        last_run: Some(intent.run.clone()),
    }
}
