//! What has errors, and all that hangs on it: that is not planned.

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

    /// Counts what hangs on nodes with errors to them, and all resources, of which none was planned.
    pub(super) fn spread_failures(&mut self) {
        let resources = (0..self.graph.nodes.len()).filter(|n| matches!(self.graph.nodes[*n].item, Item::Resource(_)));
        self.failed.extend(resources);
        let mut behind = HashSet::new();
        for node in &self.graph.order {
            if self.graph.nodes[*node].needs.iter().any(|(need, _)| self.failed.contains(need))
                && self.failed.insert(*node)
            {
                behind.insert(*node);
            }
        }
        // What was found of those says nothing.
        self.checks.retain(|owner, _| self.graph.owner(owner).is_none_or(|node| !behind.contains(&node)));
    }
}
