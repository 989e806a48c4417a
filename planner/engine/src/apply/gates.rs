//! Conditions of variables and outputs that the plan could not judge: what hangs on them waits for their verdict.

use cplan_model::{Action, CheckOwner, CheckStatus, Diagnostics, InstanceAddr, ModuleInstance};
use hashbrown::HashSet;

use super::Run;
use crate::graph::{self, Graph, Item, Path, Start};
use crate::plan::Plan;

/// A condition that was unknown when planning.
#[derive(Debug)]
pub(super) struct Gate {
    owner: CheckOwner,
    /// The resources behind it: path and name.
    behind: HashSet<(Path, cplan_model::ResourceAddr)>,
    /// Nothing behind it may be done.
    closed: bool,
}

/// The gates of a plan, each after those that it is behind.
pub(super) fn gates(plan: &Plan) -> Vec<Gate> {
    let objects = plan.checks.values().flat_map(|block| &block.objects);
    let pending: Vec<&CheckOwner> = objects
        .filter(|o| o.status == CheckStatus::Unknown)
        .map(|o| &o.owner)
        .filter(|o| matches!(o, CheckOwner::Variable(..) | CheckOwner::Output(..)))
        .collect();
    if pending.is_empty() {
        return Vec::new();
    }
    let (graph, _) = graph::build(&plan.config);
    let mut places = vec![0; graph.nodes.len()];
    graph.order.iter().enumerate().for_each(|(place, node)| places[*node] = place);
    let mut pending = pending;
    pending.sort_by_key(|owner| source(&graph, owner).map(|node| places[node]));
    pending
        .into_iter()
        .map(|owner| {
            let behind = graph.followers(&source(&graph, owner).into_iter().map(|node| (node, None)).collect());
            let behind = behind.into_iter().filter_map(|n| match &graph.nodes[n].item {
                Item::Resource(addr) => Some((graph.nodes[n].path.clone(), addr.clone())),
                _ => None,
            });
            Gate { owner: owner.clone(), behind: behind.collect(), closed: false }
        })
        .collect()
}

impl Run<'_> {
    /// Whether an instance hangs on a condition that does not hold; what was not told of that yet is.
    pub(super) fn is_barred(&mut self, address: &InstanceAddr) -> bool {
        if self.gates.is_empty() {
            return false;
        }
        let key = (path(&address.module), address.resource.clone());
        let at: Vec<usize> = (0..self.gates.len()).filter(|at| self.gates[*at].behind.contains(&key)).collect();
        let mut barred = false;
        for at in at {
            if !self.gates[at].closed {
                let owner = self.gates[at].owner.clone();
                let found = self.judge_owner(&owner);
                self.gates[at].closed = found.has_errors();
                self.report.diagnostics.extend(found);
            }
            barred = self.gates[at].closed;
            if barred {
                break;
            }
        }
        barred
    }

    /// The conditions that are judged at the end, whatever was done; those behind a failure are not known.
    pub(super) fn conclude(&mut self) -> Diagnostics {
        self.forget_unreached();
        let mut out = Diagnostics::new();
        let closed: HashSet<CheckOwner> = self.gates.iter().filter(|g| g.closed).map(|g| g.owner.clone()).collect();
        let own = |o: &CheckOwner| match o {
            CheckOwner::Variable(..) => true,
            CheckOwner::Output(module, _) => !module.is_root(),
            _ => false,
        };
        for owner in self.owners(false, own) {
            if !closed.contains(&owner) && !self.unreached.contains(&owner) {
                out.extend(self.judge_owner(&owner));
            }
        }
        for owner in self.owners(true, |o| matches!(o, CheckOwner::Check(..))) {
            if !self.unreached.contains(&owner) {
                out.extend(self.judge_owner(&owner));
            }
        }
        out
    }

    /// What was planned of conditions behind a failure says nothing: they were not come to.
    fn forget_unreached(&mut self) {
        let failed = self.report.failures.iter().filter(|f| f.action != Action::Delete).map(|f| &f.address);
        let ended: Vec<InstanceAddr> = failed.cloned().collect();
        let skipped: Vec<InstanceAddr> = self.unwritten.iter().cloned().collect();
        let closed: Vec<CheckOwner> = self.gates.iter().filter(|g| g.closed).map(|g| g.owner.clone()).collect();
        if ended.is_empty() && skipped.is_empty() && closed.is_empty() {
            return;
        }
        let (graph, _) = graph::build(&self.plan.config);
        let resource = |address: &InstanceAddr| graph.owner(&CheckOwner::Resource(address.clone()));
        let mut start = Start::new();
        for address in ended.iter().chain(&skipped) {
            let Some(node) = resource(address) else { continue };
            match (start.entry(node).or_insert_with(|| Some(HashSet::new())), &address.key) {
                (Some(keys), Some(key)) => drop(keys.insert(key.clone())),
                (whole, _) => *whole = None,
            }
        }
        start.extend(closed.iter().filter_map(|owner| Some((source(&graph, owner)?, None))));
        let mut unreached = graph.followers(&start);
        unreached.retain(|n| closed.iter().all(|owner| graph.owner(owner) != Some(*n)));
        unreached.extend(skipped.iter().filter_map(resource));
        for output in &self.plan.outputs {
            let owner = CheckOwner::Output(ModuleInstance::root(), output.name.clone());
            if graph.owner(&owner).is_some_and(|n| unreached.contains(&n)) {
                self.unreached.insert(owner);
            }
        }
        for block in self.checks.values_mut() {
            for object in &mut block.objects {
                if graph.owner(&object.owner).is_some_and(|n| unreached.contains(&n)) {
                    object.status = CheckStatus::Unknown;
                    object.problems.clear();
                    self.unreached.insert(object.owner.clone());
                }
            }
        }
    }
}

/// The node that waits for an owner's verdict, with all that comes after it.
fn source(graph: &Graph, owner: &CheckOwner) -> Option<usize> {
    match owner {
        CheckOwner::Variable(module, name) => graph.find(&path(module), &Item::Variable(name.clone())),
        other => graph.owner(other),
    }
}

fn path(module: &ModuleInstance) -> Path {
    module.0.iter().map(|(call, _)| call.clone()).collect()
}
