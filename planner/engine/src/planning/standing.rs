//! What references see of a resource of which not everything is planned: with targets, and while only refreshing.

use std::sync::Arc;

use cplan_config::ResourceBlock;
use cplan_model::{
    CheckOwner, CheckResult, CheckStatus, InstanceAddr, InstanceKey, Mode, ModuleInstance, ResourceAddr, Value,
};
use cplan_store::RecordKey;

use super::resource::Site;
use super::{PlanMode, Planner, group};
use crate::values::Instances;

impl Planner<'_> {
    /// Whether references see the objects that there are, and not those that the configuration wants.
    pub(super) fn stands(&self) -> bool {
        self.options.mode == PlanMode::RefreshOnly && !self.selection.partial
    }

    /// The conditions of an instance that is left out of the plan are not judged, and it is told of all the same.
    pub(super) fn leave_unjudged(&mut self, block: &ResourceBlock, address: &InstanceAddr) {
        if block.lifecycle.preconditions.is_empty() && block.lifecycle.postconditions.is_empty() {
            return;
        }
        let owner = CheckOwner::Resource(address.clone());
        let unjudged = CheckResult { owner: owner.clone(), status: CheckStatus::Unknown, problems: Vec::new() };
        self.checks.entry(owner).or_insert(unjudged);
    }

    /// The instances of a block that were `found`, and those beside them that the state has and keeps. Where nothing
    /// stands, a key is left out; what must have a value is unknown.
    pub(super) fn standing(
        &self,
        site: &Site<'_>,
        module: &ModuleInstance,
        addr: &ResourceAddr,
        found: Instances<Option<Value>>,
    ) -> Instances<Value> {
        let unknown = || Value::unknown(site.schema.object_type());
        match found {
            Instances::Single(value) => Instances::Single(value.unwrap_or_else(unknown)),
            Instances::Count(mut values) => {
                for (key, value) in self.beside(site, module, addr) {
                    // Only what follows at once: an index may be as large as it likes.
                    if matches!(key, InstanceKey::Int(n) if usize::try_from(n) == Ok(values.len())) {
                        values.push(Some(value));
                    }
                }
                let length = values.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
                Instances::Count(values.into_iter().take(length).map(|v| v.unwrap_or_else(unknown)).collect())
            }
            Instances::Each(values) => {
                let others = self.beside(site, module, addr).into_iter().filter_map(|(key, value)| match key {
                    InstanceKey::Str(key) if !values.contains_key(&key) => Some((key, value)),
                    _ => None,
                });
                let others: Vec<(Arc<str>, Value)> = others.collect();
                let here = values.into_iter().filter_map(|(key, value)| Some((key, value?)));
                Instances::Each(here.chain(others).collect())
            }
            Instances::Unknown => Instances::Unknown,
        }
    }

    /// The objects with keys that the state has of a block and that this plan leaves alone, in the order of their keys.
    fn beside(&self, site: &Site<'_>, module: &ModuleInstance, addr: &ResourceAddr) -> Vec<(InstanceKey, Value)> {
        let resource = self.registry.resource(&site.provider, &addr.ty).filter(|_| addr.mode == Mode::Managed);
        let Some(resource) = resource else { return Vec::new() };
        let all = self.state.records.range(RecordKey::from(group(module, addr))..);
        all.take_while(|(key, _)| key.address.module == *module && key.address.resource == *addr)
            .filter(|(key, _)| key.deposed.is_none())
            .filter(|(key, _)| self.options.mode == PlanMode::RefreshOnly || !self.selects(&key.address))
            .filter_map(|(key, _)| {
                let value = self.before(&self.state, key, resource).values?;
                Some((key.address.key.clone()?, value))
            })
            .collect()
    }
}
