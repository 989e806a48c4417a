//! The outputs of the root module: what they were and what they will be.

use std::sync::Arc;

use cplan_model::ModuleInstance;

use super::Planner;
use crate::graph::{self, Item};
use crate::plan::OutputChange;

impl Planner<'_> {
    /// What happens to the outputs of the root module.
    pub(super) fn output_changes(&mut self) -> Vec<OutputChange> {
        let root = ModuleInstance::root();
        let mut names: Vec<Arc<str>> = self.config.root.outputs.keys().cloned().collect();
        names.extend(self.state.outputs.keys().map(|n| Arc::from(n.as_str())));
        names.sort();
        names.dedup();
        let mut changes = Vec::new();
        for name in names {
            let node = self.graph.find(&graph::Path::default(), &Item::Output(name.clone()));
            let left_out = |node| !self.selection.has_output(&self.graph, node) || self.failed.contains(&node);
            // What is not declared any more goes with a plan of everything.
            if node.map_or(self.selection.partial, left_out) {
                continue;
            }
            let declared = self.config.root.outputs.get(&name);
            // A null output is none: it is not stored, and to become null is to go away.
            let before = self.state.outputs.get(&*name).filter(|b| !b.value.is_null());
            let after = declared.and_then(|_| self.values.module(&root)?.outputs.get(&name).cloned());
            changes.push(OutputChange {
                sensitive: declared.map_or_else(|| before.is_some_and(|b| b.sensitive), |o| o.sensitive),
                was_sensitive: before.map_or_else(|| declared.is_some_and(|o| o.sensitive), |b| b.sensitive),
                before: before.map(|b| b.value.unmarked_deep()),
                after: after.filter(|v| before.is_some() || !v.is_null()).map(|v| v.unmarked_deep()),
                name,
            });
        }
        changes
    }
}
