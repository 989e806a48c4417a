//! What has errors, and all that hangs on it: that is not planned.

use cplan_model::Diagnostics;
use hashbrown::HashSet;

use super::Planner;
use crate::graph::{Item, Node};

impl Planner<'_> {
    /// Notes that a node has errors.
    pub(super) fn fail(&mut self, node: usize) {
        // What names a variable waits for its validation.
        let Node { path, item, .. } = &self.graph.nodes[node];
        let variable = match item {
            Item::Rules(name) => self.graph.find(path, &Item::Variable(name.clone())),
            _ => None,
        };
        self.failed.extend([node].into_iter().chain(variable));
    }

    /// Whether what is wrong at a node is only its value: an output, or a variable and its validation.
    pub(super) fn is_of_values(&self, node: usize) -> bool {
        let Node { path, item, .. } = &self.graph.nodes[node];
        match item {
            Item::Output(_) | Item::Rules(_) => true,
            Item::Variable(name) => {
                let rules = self.graph.find(path, &Item::Rules(name.clone()));
                rules.is_some_and(|rules| self.failed.contains(&rules))
            }
            _ => false,
        }
    }

    /// What names a variable that is refused would not have been looked at, had the refusal been known: `by` has the
    /// node of each diagnostic.
    pub(super) fn follow_refusals(&mut self, by: &[usize]) {
        let refused = |n: &usize| {
            matches!(self.graph.nodes[*n].item, Item::Variable(_) | Item::Rules(_)) && self.is_of_values(*n)
        };
        let refused: HashSet<usize> = self.failed.iter().copied().filter(refused).collect();
        if refused.is_empty() {
            return;
        }
        let behind = self.behind(&refused);
        self.failed.retain(|n| !behind.contains(n));
        let found = std::mem::replace(&mut self.diagnostics, Diagnostics::new());
        let kept = found.into_iter().zip(by).filter(|(_, n)| !behind.contains(*n));
        self.diagnostics.extend(kept.map(|(d, _)| d));
    }

    /// All that hangs on nodes, however far, without themselves.
    fn behind(&self, start: &HashSet<usize>) -> HashSet<usize> {
        let mut behind = self.graph.followers(&start.iter().map(|node| (*node, None)).collect());
        behind.retain(|node| !start.contains(node));
        behind
    }

    /// Counts all resources to the nodes with errors: none was planned.
    pub(super) fn fail_resources(&mut self) {
        let resources = (0..self.graph.nodes.len()).filter(|n| matches!(self.graph.nodes[*n].item, Item::Resource(_)));
        self.failed.extend(resources);
    }

    /// Counts what hangs on nodes with errors to them.
    pub(super) fn spread_failures(&mut self) {
        if self.failed.is_empty() {
            return;
        }
        let behind = self.behind(&self.failed);
        self.failed.extend(behind.iter().copied());
        // What was found of those says nothing.
        self.checks.retain(|owner, _| self.graph.owner(owner).is_none_or(|node| !behind.contains(&node)));
    }
}
