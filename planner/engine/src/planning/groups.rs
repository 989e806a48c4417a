//! What a resource comes after: resources in their module instances, and which of their instances.

use cplan_model::{InstanceAddr, Mode, ModuleInstance};
use hashbrown::HashSet;

use super::{Planner, group};
use crate::graph::Item;
use crate::steps::Named;

impl Planner<'_> {
    /// The groups (resources in their module instance, without keys) that a node depends on, in order: the nearest
    /// ones, and those behind what will not be in the state, which are data sources and blocks without instances.
    pub(super) fn groups_before(&mut self, node: usize, module: &ModuleInstance) -> Vec<InstanceAddr> {
        let mut groups = Vec::new();
        let mut narrow = Named::new();
        let mut whole = HashSet::new();
        let keys = &self.graph.nearest_keys[node];
        let mut open: Vec<usize> = self.graph.nearest[node].iter().copied().collect();
        let mut seen: HashSet<usize> = open.iter().copied().collect();
        let direct = &self.graph.nearest[node];
        while let Some(index) = open.pop() {
            let need = &self.graph.nodes[index];
            let Item::Resource(addr) = &need.item else { continue };
            let mut recorded = addr.mode == Mode::Managed;
            let mut instances = self.values.instances_of(&need.path);
            if instances.is_empty() {
                recorded = false;
                instances.push(ModuleInstance(need.path.iter().map(|call| (call.clone(), None)).collect()));
            }
            for other in instances {
                let common = module.0.iter().zip(other.0.iter()).take_while(|((a, _), (b, _))| a == b);
                if common.clone().all(|((_, a), (_, b))| a == b) {
                    recorded &= !self.values.has_none(&other, addr);
                    let before = group(&other, addr);
                    match keys.get(&index).filter(|_| direct.contains(&index)) {
                        Some(named) => narrow.entry(before.clone()).or_default().extend(named.iter().cloned()),
                        None => drop(whole.insert(before.clone())),
                    }
                    groups.push(before);
                }
            }
            // What has no record of its own cannot tell of what is behind it.
            if !recorded {
                open.extend(self.graph.nearest[index].iter().filter(|n| seen.insert(**n)));
            }
        }
        groups.sort();
        narrow.retain(|group, _| !whole.contains(group));
        if !narrow.is_empty()
            && let Item::Resource(addr) = &self.graph.nodes[node].item
        {
            self.narrow.insert(group(module, addr), narrow);
        }
        groups
    }
}
