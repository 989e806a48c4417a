//! What cannot be planned yet: blocks whose instances are not known, and all that hangs on them.

use cplan_config::ResourceBlock;
use cplan_model::{InstanceAddr, Mode, ModuleInstance, ResourceAddr};

use super::{Planner, group, place_of};
use crate::graph::{Item, repeat_expr};
use crate::plan::{DeferReason, Deferred};
use crate::proposed::unknown_object;
use crate::values::Instances;

impl Planner<'_> {
    /// Why a block cannot be planned yet, if so; `unknown` says that its own instances are not known.
    pub(super) fn must_wait(
        &self,
        module: &ModuleInstance,
        dependencies: &[InstanceAddr],
        unknown: bool,
    ) -> Option<DeferReason> {
        let ahead = |d: &Deferred| dependencies.contains(&d.address);
        if unknown || self.values.is_vague(module) {
            Some(DeferReason::InstancesUnknown)
        } else if !self.deferred.is_empty() && self.deferred.iter().any(ahead) {
            Some(DeferReason::Prerequisite)
        } else {
            None
        }
    }

    /// Puts a block off to the next plan: its objects stay as they are.
    pub(super) fn defer(
        &mut self,
        node: usize,
        block: &ResourceBlock,
        module: &ModuleInstance,
        dependencies: &[InstanceAddr],
        reason: DeferReason,
    ) {
        let address = group(module, &block.addr);
        if block.addr.mode == Mode::Managed {
            self.keep_group(&address);
        }
        let schema = self.schema_of(block, node).ok();
        let place = match (&block.repeat, reason) {
            (Some(repeat), DeferReason::InstancesUnknown) => repeat_expr(repeat).span,
            _ => block.span,
        };
        let waits_for = self.waits_for(node, dependencies);
        self.deferred.push(Deferred { address, reason, waits_for, place, known: schema.map(unknown_object) });
        self.values.set_resource(module, &block.addr, Instances::Unknown);
    }

    /// The resources that a deferred block waits for: those with a write in this plan, or deferred themselves; all that
    /// come before it where that is not known.
    fn waits_for(&self, node: usize, dependencies: &[InstanceAddr]) -> Vec<InstanceAddr> {
        let busy = |g: &&InstanceAddr| {
            self.deferred.iter().any(|d| d.address == **g)
                || self.planned_of(g).any(|c| c.action != cplan_model::Action::NoOp)
        };
        let waiting: Vec<InstanceAddr> = dependencies.iter().filter(busy).cloned().collect();
        if !waiting.is_empty() {
            return waiting;
        }
        let nearest = self.graph.nearest[node].iter().filter_map(|n| match &self.graph.nodes[*n].item {
            Item::Resource(addr) => Some((self.graph.nodes[*n].path.clone(), addr.clone())),
            _ => None,
        });
        nearest
            .flat_map(|(path, addr)| self.values.instances_of(&path).into_iter().map(move |m| group(&m, &addr)))
            .collect()
    }

    /// Keeps all records of a block, whatever the module's key: a module whose instances are not known has none here.
    fn keep_group(&mut self, address: &InstanceAddr) {
        let names = |module: &ModuleInstance| module.0.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let wanted = names(&address.module);
        let vague = self.values.is_vague(&address.module);
        let fits = |a: &InstanceAddr, addr: &ResourceAddr| {
            a.resource == *addr && if vague { names(&a.module) == wanted } else { a.module == address.module }
        };
        let records = self.state.records.iter().filter(|(k, _)| fits(&k.address, &address.resource));
        self.kept.extend(records.map(|(_, record)| place_of(record)));
    }
}
