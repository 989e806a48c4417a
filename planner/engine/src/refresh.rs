//! Reading the world back: everything that the state knows, in one batch per provider.

use std::collections::BTreeMap;
use std::sync::Arc;

use cplan_model::{Diagnostic, Diagnostics};
use cplan_sdk::{Context, Observed, ReadRequest};
use cplan_store::{Record, RecordKey};
use hashbrown::HashMap;

use crate::drift::DriftEntry;
use crate::event::{Event, EventSink};
use crate::plan::Amendment;
use crate::planning::{PlanInput, Planner, provider_failed};
use crate::proposed::remark;

/// Says what moved since the last apply; reads, and changes nothing.
pub async fn drift(ctx: &Context, input: PlanInput<'_>, events: Arc<dyn EventSink>) -> (Vec<DriftEntry>, Diagnostics) {
    let mut planner = Planner::new(ctx, input);
    if planner.prepare().await {
        planner.select();
        planner.observe(&*events).await;
    }
    (planner.drift, planner.diagnostics)
}

/// What one provider reads: the records, and what is asked of each.
type Batch<'a> = (Vec<&'a RecordKey>, Vec<(String, ReadRequest)>);

/// Reads every record's object.
pub(crate) async fn read_all(
    planner: &Planner<'_>,
    events: &dyn EventSink,
) -> (HashMap<RecordKey, Observed>, Diagnostics) {
    let (ctx, registry) = (planner.ctx, planner.registry);
    let records: Vec<(&RecordKey, &Record)> =
        planner.state.records.iter().filter(|(key, _)| planner.selects(&key.address)).collect();
    let mut diagnostics = Diagnostics::new();
    let mut observed = HashMap::with_capacity(records.len());
    let mut by_provider: BTreeMap<&str, Batch<'_>> = BTreeMap::new();
    for (key, record) in &records {
        // Most often all are one provider's.
        let (keys, requests) = by_provider
            .entry(&record.provider)
            .or_insert_with(|| (Vec::with_capacity(records.len()), Vec::with_capacity(records.len())));
        keys.push(*key);
        let request = ReadRequest {
            identity: record.identity.clone(),
            prior: record.values.unmarked_deep(),
            private: record.private.clone(),
            boot_id: record.boot_id.clone(),
        };
        requests.push((key.address.resource.ty.to_string(), request));
    }
    if !records.is_empty() {
        let objects = records.iter().map(|(key, record)| (key.address.clone(), record.values.clone())).collect();
        events.event(Event::RefreshStarted { objects });
    }
    for (name, (keys, requests)) in by_provider {
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
        for (key, result) in keys.into_iter().zip(provider.read(ctx, requests).await) {
            match result {
                Ok(found) => {
                    observed.insert(key.clone(), found);
                }
                Err(error) => {
                    diagnostics.push(
                        provider_failed(format!("{} cannot be read", key.address), &error).address(key.address.clone()),
                    );
                }
            }
        }
    }
    if !records.is_empty() {
        events.event(Event::RefreshFinished);
    }
    (observed, diagnostics)
}

impl Planner<'_> {
    /// A plan that only takes over what was read: every object that is not as recorded.
    pub(crate) fn take_over(&mut self) {
        let state = Arc::clone(&self.state);
        for (key, record) in &state.records {
            self.take_over_one(key, record);
        }
    }

    /// Records what was read of an object, where the record that it is to have is not the one that it has.
    pub(crate) fn take_over_one(&mut self, key: &RecordKey, record: &Record) {
        let now = match self.observed.get(key) {
            Some(Observed::Present { values, private, boot_id }) => {
                let Some(resource) = self.registry.resource(&record.provider, &key.address.resource.ty) else { return };
                let marked = remark(resource.schema(), &record.values, values);
                if marked == record.values && self.is_recorded(key, record) {
                    return;
                }
                let boot_id = boot_id.clone().or_else(|| record.boot_id.clone());
                Some(Box::new(Record { values: marked, private: private.clone(), boot_id, ..record.clone() }))
            }
            Some(Observed::Absent) => None,
            Some(Observed::Unreachable { .. }) | None if self.is_recorded(key, record) => return,
            Some(Observed::Unreachable { .. }) | None => Some(Box::new(record.clone())),
        };
        self.amendments.push(Amendment::Refresh { key: key.clone(), record: now });
    }

    /// Whether the state has the record as it is. One that depended on what a move gave another address has changed.
    fn is_recorded(&self, key: &RecordKey, record: &Record) -> bool {
        let follows = self.followed.contains(key) && self.block_at(&key.address).is_some();
        !follows && self.state.records.get(key) == Some(record)
    }
}
