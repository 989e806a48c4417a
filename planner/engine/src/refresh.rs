//! Reading the world back: everything that the state knows, in one batch per provider.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cplan_model::{Diagnostic, Diagnostics};
use cplan_sdk::{Context, Observed, ReadRequest};
use cplan_store::{RecordKey, State};

use crate::drift::DriftEntry;
use crate::event::{Event, EventSink};
use crate::planning::{PlanInput, Planner, provider_failed};
use crate::registry::Registry;

/// Says what moved since the last apply; reads, and changes nothing.
pub async fn drift(ctx: &Context, input: PlanInput<'_>, events: Arc<dyn EventSink>) -> (Vec<DriftEntry>, Diagnostics) {
    let mut planner = Planner::new(ctx, input);
    if planner.prepare().await {
        planner.observe(&*events).await;
    }
    (planner.drift, planner.diagnostics)
}

/// Reads every record's object.
pub(crate) async fn read_all(
    ctx: &Context,
    state: &State,
    registry: &Registry,
    events: &dyn EventSink,
) -> (HashMap<RecordKey, Observed>, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let mut observed = HashMap::new();
    let mut by_provider: BTreeMap<&str, Vec<(RecordKey, String, ReadRequest)>> = BTreeMap::new();
    for (key, record) in &state.records {
        by_provider.entry(&record.provider).or_default().push((
            key.clone(),
            key.address.resource.ty.to_string(),
            ReadRequest {
                identity: record.identity.clone(),
                prior: record.values.unmarked_deep(),
                private: record.private.clone(),
                boot_id: record.boot_id.clone(),
            },
        ));
    }
    if !state.records.is_empty() {
        events.event(Event::RefreshStarted { count: state.records.len() });
    }
    for (name, requests) in by_provider {
        let Some(provider) = registry.provider(name) else {
            diagnostics.push(
                Diagnostic::error(
                    "unknown-provider",
                    "Unknown provider",
                    format!("The state has objects of a provider `{name}`, which does not exist."),
                )
                .remedy("Use the cplan that made them, or remove them from the state."),
            );
            continue;
        };
        let (keys, requests): (Vec<_>, Vec<_>) = requests.into_iter().map(|(k, ty, r)| (k, (ty, r))).unzip();
        for (key, result) in keys.into_iter().zip(provider.read(ctx, requests).await) {
            match result {
                Ok(found) => {
                    observed.insert(key, found);
                }
                Err(error) => {
                    diagnostics
                        .push(provider_failed(format!("{} cannot be read", key.address), &error).address(key.address));
                }
            }
        }
    }
    if !state.records.is_empty() {
        events.event(Event::RefreshFinished);
    }
    (observed, diagnostics)
}
