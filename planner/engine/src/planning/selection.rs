//! What `-target` and `-exclude` leave in a plan.

use cplan_model::{Diagnostic, InstanceAddr, ModuleInstance, Target};
use hashbrown::HashSet;

use super::{PlanMode, Planner};
use crate::graph::{Graph, Item};

/// The part of a configuration and a state that a plan is about.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    /// Whether anything is left out.
    pub(super) partial: bool,
    targets: Vec<Target>,
    excludes: Vec<Target>,
    /// Nodes of which every instance is in, because what was named needs them.
    whole: HashSet<usize>,
    /// Nodes of which no instance is in, because they need what was excluded.
    without: HashSet<usize>,
    /// All nodes of which something is in.
    some: HashSet<usize>,
    /// All that outputs need of which everything is in: with targets, nobody else asks for a value.
    outputs: HashSet<usize>,
}

impl Selection {
    /// Reads the flags against a graph.
    pub(super) fn new(graph: &Graph, targets: &[Target], excludes: &[Target]) -> Self {
        let mut selection = Selection {
            partial: !targets.is_empty() || !excludes.is_empty(),
            targets: targets.to_vec(),
            excludes: excludes.to_vec(),
            ..Selection::default()
        };
        let named = |list: &[Target], node: usize| match &graph.nodes[node].item {
            Item::Resource(addr) => list.iter().map(Target::without_keys).any(|t| {
                let modules = graph.nodes[node].path.iter().map(|call| (call.clone(), None)).collect();
                t.contains(&InstanceAddr { module: ModuleInstance(modules), resource: addr.clone(), key: None })
            }),
            _ => false,
        };
        let mut queue: Vec<usize> = Vec::new();
        if !targets.is_empty() {
            queue.extend((0..graph.nodes.len()).filter(|n| named(targets, *n)));
            selection.some.extend(queue.iter().copied());
            selection.whole = needed(graph, queue);
            selection.some.extend(&selection.whole);
        }
        if !excludes.is_empty() {
            let touched: HashSet<usize> = (0..graph.nodes.len()).filter(|n| named(excludes, *n)).collect();
            for &node in &graph.order {
                let behind =
                    graph.nodes[node].needs.iter().any(|(n, _)| touched.contains(n) || selection.without.contains(n));
                if behind && !matches!(graph.nodes[node].item, Item::Call(_) | Item::Provider(_)) {
                    selection.without.insert(node);
                }
            }
        }
        if !targets.is_empty() {
            let root = |n: &usize| graph.nodes[*n].path.is_empty() && matches!(graph.nodes[*n].item, Item::Output(_));
            let outputs: Vec<usize> = (0..graph.nodes.len()).filter(root).collect();
            let told: Vec<usize> = outputs.into_iter().filter(|n| selection.has_output(graph, *n)).collect();
            selection.outputs = needed(graph, told.clone());
            selection.outputs.extend(told);
        }
        selection
    }

    /// Whether a value is of nobody that is in, so that nothing is wrong with it.
    pub(super) fn leaves_out(&self, graph: &Graph, node: usize) -> bool {
        let is_value = match &graph.nodes[node].item {
            Item::Resource(_) | Item::Local(_) | Item::Variable(_) | Item::Output(_) | Item::Call(_) => true,
            Item::Provider(_) | Item::Import(_) | Item::Rules(_) | Item::Check(_) => false,
        };
        is_value && !self.has_some(node) && !self.outputs.contains(&node)
    }

    /// Whether references see only those instances of a node that are there or will be made.
    pub(super) fn counts(&self, node: usize) -> bool {
        self.excludes.is_empty() && self.some.contains(&node)
    }

    /// Whether an instance of a node is in.
    pub(super) fn has(&self, node: usize, address: &InstanceAddr) -> bool {
        if !self.partial {
            return true;
        }
        let targeted = self.targets.is_empty()
            || self.whole.contains(&node)
            || (self.some.contains(&node) && self.targets.iter().any(|t| t.contains(address)));
        targeted && !self.without.contains(&node) && !self.excludes.iter().any(|t| t.contains(address))
    }

    /// Whether an output is in: all that it needs is in, and that is something.
    pub(super) fn has_output(&self, graph: &Graph, node: usize) -> bool {
        if !self.partial {
            return true;
        }
        let mut resources = graph.nearest[node].iter().peekable();
        let some = resources.peek().is_some() || self.targets.is_empty();
        some && !self.without.contains(&node) && resources.all(|n| self.targets.is_empty() || self.some.contains(n))
    }

    /// Whether anything of a node is in: it is named, or needed by what is in. The conditions of others are not looked at.
    /// A check is in by what hangs on its whole module.
    pub(super) fn has_some(&self, node: usize) -> bool {
        self.targets.is_empty() || self.some.contains(&node)
    }

    /// Whether a record that the configuration does not have is in.
    pub(super) fn has_orphan(&self, address: &InstanceAddr) -> bool {
        (self.targets.is_empty() || self.targets.iter().any(|t| t.contains(address)))
            && !self.excludes.iter().any(|t| t.contains(address))
    }
}

/// All that nodes need, however far.
fn needed(graph: &Graph, mut queue: Vec<usize>) -> HashSet<usize> {
    let mut needed = HashSet::new();
    while let Some(node) = queue.pop() {
        queue.extend(graph.nodes[node].needs.iter().map(|(need, _)| *need).filter(|need| needed.insert(*need)));
    }
    needed
}

impl Planner<'_> {
    /// Whether an address of the state is in.
    pub(crate) fn selects(&self, address: &InstanceAddr) -> bool {
        if !self.selection.partial {
            return true;
        }
        match self.node_of(address) {
            Some(node) if self.options.mode != PlanMode::Destroy => self.selection.has(node, address),
            _ => self.selection.has_orphan(address),
        }
    }

    /// The node of a resource instance's block.
    pub(super) fn node_of(&self, address: &InstanceAddr) -> Option<usize> {
        let path = address.module.0.iter().map(|(call, _)| call.clone()).collect();
        self.graph.find(&path, &Item::Resource(address.resource.clone()))
    }

    /// Says that `-target` and `-exclude` are in effect.
    pub(crate) fn select(&mut self) {
        if self.selection.partial {
            self.diagnostics.push(partial());
        }
        if self.options.mode != PlanMode::Normal {
            return;
        }
        let incomplete: Vec<Diagnostic> = self.options.replace.iter().filter_map(|a| incomplete(self, a)).collect();
        self.diagnostics.extend(incomplete);
    }
}

fn partial() -> Diagnostic {
    Diagnostic::warning(
        "targeting",
        "Resource targeting is in effect",
        "This plan leaves out parts of the configuration, because of -target or -exclude.",
    )
    .remedy("Use these flags to get out of trouble, and plan without them afterwards.")
}

/// What is to be said of an address of `-replace` that names no instance of a block that repeats.
fn incomplete(planner: &Planner<'_>, address: &InstanceAddr) -> Option<Diagnostic> {
    let block = planner.block_at(address)?;
    if address.key.is_some() || block.repeat.is_none() {
        return None;
    }
    Some(
        Diagnostic::warning(
            "replace-without-key",
            "Incompletely-matched force-replace resource instance",
            format!("`-replace={address}` names no instance, because the block has `count` or `for_each`."),
        )
        .remedy(format!("Write `-replace='{address}[KEY]'`, once for each instance."))
        .at(block.span),
    )
}
