//! What a plan says of all conditions: those of blocks that have no objects, and of those that were not looked at, too.

use std::collections::BTreeMap;
use std::sync::Arc;

use cplan_config::Module;
use cplan_model::{CheckOwner, CheckResult, CheckStatus, CheckedBlock, Checks, InstanceAddr, ModuleInstance};

use super::{PlanMode, Planner, group};
use crate::graph::{Item, Path};

impl Planner<'_> {
    /// Every block that has conditions, with what came of them.
    pub(super) fn checked(&mut self) -> Checks {
        let mut found: BTreeMap<CheckOwner, Vec<CheckResult>> = BTreeMap::new();
        for (owner, result) in std::mem::take(&mut self.checks) {
            found.entry(owner.block()).or_default().push(result);
        }
        let mut blocks = Vec::new();
        collect(&self.config.root.clone(), &ModuleInstance::root(), &mut blocks);
        let judged = |block: CheckOwner| {
            let objects = found.remove(&block).unwrap_or_default();
            let checked = match (self.options.mode, objects.is_empty()) {
                (PlanMode::Destroy, _) => self.unjudged(&block),
                (_, true) if !self.looked_at(&block) => CheckedBlock::unseen(),
                _ => CheckedBlock::of(objects),
            };
            (block, checked)
        };
        blocks.into_iter().map(judged).collect()
    }

    /// A block in a plan that deletes: only the outputs of the root module are still spoken of.
    fn unjudged(&self, block: &CheckOwner) -> CheckedBlock {
        let told = !self.selection.partial && matches!(block, CheckOwner::Output(module, _) if module.is_root());
        let object = || CheckResult { owner: block.clone(), status: CheckStatus::Unknown, problems: Vec::new() };
        if told { CheckedBlock::of(vec![object()]) } else { CheckedBlock::unseen() }
    }

    /// Whether a block without objects has none because there are none.
    fn looked_at(&self, block: &CheckOwner) -> bool {
        let path: Path = block.module().0.iter().map(|(call, _)| call.clone()).collect();
        let node = |item: Item| self.graph.find(&path, &item);
        let wanted = match block {
            CheckOwner::Resource(address) => {
                let node = node(Item::Resource(address.resource.clone()));
                node.is_some_and(|node| self.selection.has_some(node))
            }
            CheckOwner::Output(module, name) => node(Item::Output(name.clone())).is_some_and(|node| {
                if module.is_root() {
                    self.selection.has_output(&self.graph, node)
                } else {
                    self.selection.has_some(node)
                }
            }),
            CheckOwner::Variable(_, name) => {
                node(Item::Variable(name.clone())).is_some_and(|node| self.selection.has_some(node))
            }
            CheckOwner::Check(_, name) => {
                node(Item::Check(name.clone())).is_some_and(|node| self.selection.has_some(node))
            }
        };
        let failed = self.graph.owner(block).is_some_and(|node| self.failed.contains(&node));
        let vague = || {
            let instances = self.values.instances_of(&path);
            let deferred = |module: &ModuleInstance| match block {
                CheckOwner::Resource(address) => {
                    let group = group(module, &address.resource);
                    self.deferred.iter().any(|d| d.address == group)
                }
                _ => false,
            };
            instances.iter().any(|module| self.values.is_vague(module) || deferred(module))
        };
        wanted && !failed && !vague()
    }
}

/// The blocks with conditions of a module and of those in it.
fn collect(module: &Arc<Module>, at: &ModuleInstance, out: &mut Vec<CheckOwner>) {
    for (name, variable) in &module.variables {
        if !variable.validations.is_empty() {
            out.push(CheckOwner::Variable(at.clone(), name.clone()));
        }
    }
    for (name, output) in &module.outputs {
        if !output.preconditions.is_empty() {
            out.push(CheckOwner::Output(at.clone(), name.clone()));
        }
    }
    for (addr, block) in &module.resources {
        if !block.lifecycle.preconditions.is_empty() || !block.lifecycle.postconditions.is_empty() {
            let address = InstanceAddr { module: at.clone(), resource: addr.clone(), key: None };
            out.push(CheckOwner::Resource(address));
        }
    }
    out.extend(module.checks.keys().map(|name| CheckOwner::Check(at.clone(), name.clone())));
    for (name, call) in &module.calls {
        collect(&call.module, &at.child(name, None), out);
    }
}
