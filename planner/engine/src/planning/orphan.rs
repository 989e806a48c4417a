//! Records that the configuration does not have any more.

use cplan_model::{Action, Reason, Value, changes};
use cplan_sdk::Observed;
use cplan_store::{Record, RecordKey};

use super::Planner;
use crate::plan::Change;
use crate::steps::Draft;

impl Planner<'_> {
    /// Plans the deletion of every record that no instance was planned for.
    pub(super) fn orphans(&mut self) {
        let removed: Vec<_> = self
            .state
            .records
            .iter()
            .filter(|(key, _)| !self.kept.contains(key))
            .map(|(key, record)| (key.clone(), record.clone()))
            .collect();
        self.remove(removed, &Reason::Removed);
        // Replacements were planned before all that goes was known.
        let mut drafts = std::mem::take(&mut self.drafts);
        for delete in drafts.iter_mut().filter_map(|d| d.delete.as_mut()) {
            delete.with_container =
                self.goes_with_container(delete.container.is_some(), delete.container_id.as_deref());
        }
        self.drafts = drafts;
    }

    /// Plans deletions.
    pub(crate) fn remove(&mut self, records: Vec<(RecordKey, Record)>, reason: &Reason) {
        self.going.extend(records.iter().map(|(_, r)| r.identity.id.clone()));
        for (key, record) in records {
            let block = self.block_at(&key.address).cloned();
            if let Some(block) = block.filter(|b| b.lifecycle.prevents_destroy().is_some()) {
                self.prevented(&block, &key.address, "destroy");
            }
            let Some(resource) = self.registry.resource(&record.provider, &key.address.resource.ty) else {
                self.diagnostics.push(
                    cplan_model::Diagnostic::error(
                        "state-unknown-type",
                        "Unknown resource type in the state",
                        format!(
                            "The state has {}, of provider `{}`, which this cplan does not have.",
                            key.address, record.provider
                        ),
                    )
                    .remedy("Use the cplan that made it, or remove it from the state."),
                );
                continue;
            };
            let schema = resource.schema().clone();
            let observed = match self.observed.get(&key) {
                Some(Observed::Present { values, .. }) => Some(values.clone()),
                _ => None,
            };
            let prior = observed.unwrap_or_else(|| record.values.clone());
            let prior = crate::proposed::remark(&schema, &record.values, &prior);
            let delete = self.deletion(&key, &record, &schema, Some(prior.clone()), reason.clone());
            let empty = Value::object(Vec::<(std::sync::Arc<str>, Value)>::new());
            self.changes.push(Change {
                address: key.address.clone(),
                action: Action::Delete,
                reason: Some(reason.clone()),
                attributes: changes(&schema, &prior, &empty),
                before: Some(prior),
                after: None,
                disruption: None,
                container: record.container.clone(),
            });
            self.drafts.push(Draft {
                address: key.address,
                provider: record.provider,
                desired: None,
                delete: Some(delete),
                write: None,
                dependencies: Vec::new(),
                recorded: record.dependencies,
            });
        }
    }
}
