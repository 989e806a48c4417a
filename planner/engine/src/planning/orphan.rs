//! Records that the configuration does not have any more.

use cplan_config::ForEach;
use cplan_model::{Action, InstanceKey, ModuleInstance, Reason, Value, changes};
use cplan_sdk::Observed;
use cplan_store::{Record, RecordKey};

use super::{Planner, place_of};
use crate::plan::{Amendment, Change};
use crate::steps::Draft;

impl Planner<'_> {
    /// Plans the deletion of every record that no instance was planned for.
    pub(super) fn orphans(&mut self) {
        let removed: Vec<_> = self
            .state
            .records
            .iter()
            .filter(|(key, record)| !self.kept.contains(&place_of(record)) && self.selects(&key.address))
            // Of a block with errors it is not known which instances it has.
            .filter(|(key, _)| self.node_of(&key.address).is_none_or(|node| !self.failed.contains(&node)))
            .map(|(key, record)| (key.clone(), record.clone()))
            .collect();
        let (forgotten, removed): (Vec<_>, Vec<_>) = removed.into_iter().partition(|(key, _)| self.forgets(key));
        for (key, record) in forgotten {
            let reason = self.why_gone(&key);
            self.amendments.push(Amendment::Forget { key: key.clone() });
            self.changes.push(Change {
                before: Some(record.values.clone()),
                deposed: key.deposed.clone(),
                moved_from: self.moved_from.get(&key.address).cloned(),
                ..Change::new(key.address, Action::Forget, Some(reason))
            });
        }
        let names: Vec<String> =
            (self.changes.iter()).filter(|c| c.action == Action::Forget).map(|c| c.address.to_string()).collect();
        if !names.is_empty() {
            let (first, many) = (names.join(", "), if names.len() == 1 { "stays" } else { "stay" });
            self.diagnostics.push(
                cplan_model::Diagnostic::warning(
                    "forgotten",
                    "Some objects will no longer be managed by cplan",
                    format!("{first} {many} in the world, and cplan will not know of it any more."),
                )
                .remedy("To have it deleted instead, let `destroy` be true in the `removed` block."),
            );
        }
        self.remove(removed, |planner, key| planner.why_gone(key));
        // Replacements were planned before all that goes was known.
        let mut drafts = std::mem::take(&mut self.drafts);
        for delete in drafts.iter_mut().filter_map(|d| d.delete.as_mut()) {
            delete.with_container = self.goes_with_container(delete);
        }
        self.drafts = drafts;
    }

    /// Whether a `removed` block says that the object stays in the world.
    fn forgets(&mut self, key: &RecordKey) -> bool {
        let mut module = self.config.root.clone();
        let mut depth = 0;
        loop {
            let above = ModuleInstance(key.address.module.0[..depth].into());
            for removed in &module.removed {
                if !removed.from.below(&above).contains(&key.address) {
                    continue;
                }
                let path = above.0.iter().map(|(call, _)| call.clone()).collect();
                return removed.destroy.as_ref().is_some_and(|destroy| !self.flag(&path, destroy));
            }
            let Some(call) = key.address.module.0.get(depth).and_then(|(call, _)| module.calls.get(call)) else {
                return false;
            };
            let next = call.module.clone();
            module = next;
            depth += 1;
        }
    }

    /// Why the configuration has a record no more.
    fn why_gone(&self, key: &RecordKey) -> Reason {
        let address = &key.address;
        if key.deposed.is_some() {
            return Reason::Deposed;
        }
        let Some(block) = self.block_at(address) else {
            let moved = self.moved_from.contains_key(address);
            return if moved { Reason::NoMoveTarget } else { Reason::Removed };
        };
        if self.values.module(&address.module).is_none() {
            return Reason::NoModule;
        }
        match (&block.repeat, &address.key) {
            (Some(ForEach::Count(_)), Some(InstanceKey::Int(_))) => Reason::CountIndex,
            (Some(ForEach::Each(_)), Some(InstanceKey::Str(_))) => Reason::EachKey,
            _ => Reason::WrongRepetition,
        }
    }

    /// Plans deletions.
    pub(crate) fn remove(&mut self, records: Vec<(RecordKey, Record)>, reason: impl Fn(&Self, &RecordKey) -> Reason) {
        let going = records.iter().filter(|(key, record)| self.takes_contents(key, record));
        let going: Vec<String> = going.map(|(_, record)| record.identity.id.clone()).collect();
        self.going.extend(going);
        for (key, record) in records {
            let block = self.block_at(&key.address).cloned();
            let reason = reason(self, &key);
            if let Some(block) = block
                && key.deposed.is_none()
                && self.prevents(&block, &key.address)
            {
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
                attributes: changes(&schema, &prior, &empty),
                before: Some(prior),
                container: record.container.clone(),
                deposed: key.deposed.clone(),
                moved_from: self.moved_from.get(&key.address).cloned(),
                ..Change::new(key.address.clone(), Action::Delete, Some(reason))
            });
            self.drafts.push(Draft {
                address: key.address,
                provider: record.provider,
                desired: None,
                delete: Some(Box::new(delete)),
                write: None,
                dependencies: Vec::new(),
                recorded: record.dependencies,
                create_first: false,
                conditions: false,
            });
        }
    }
}
