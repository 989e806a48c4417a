//! Replacements whose new object is there before the old one goes.

use cplan_model::{Diagnostic, Type};

use super::Planner;
use crate::values::Repeat;
use crate::{graph, identity, steps};

impl Planner<'_> {
    /// Which resources are made anew before the old objects go: those that say so, and what they depend on. What the
    /// targets leave out has no say.
    pub(super) fn create_first_nodes(&mut self) {
        for &node in self.graph.order.clone().iter().rev() {
            let Some(block) = &self.graph.nodes[node].block else { continue };
            if !self.selection.has_some(node) {
                continue;
            }
            let own = block.lifecycle.create_before_destroy.clone();
            let wanted = own.is_some_and(|expr| self.flag(&self.graph.nodes[node].path.clone(), &expr));
            if wanted || self.first.contains(&node) {
                self.first.insert(node);
                let below: Vec<usize> = self.graph.nearest[node].iter().copied().collect();
                self.first.extend(below);
            }
        }
    }

    /// Turns the order of what such a replacement stands on around, too.
    pub(super) fn create_first(&mut self) {
        let mut drafts = std::mem::take(&mut self.drafts);
        for i in steps::spread(&mut drafts) {
            if let Some(change) = self.planned.get(&drafts[i].address).and_then(|i| self.changes.get_mut(*i)) {
                change.create_first = true;
            }
        }
        for draft in drafts.iter_mut().filter(|d| d.create_first) {
            let deposed = draft.write.as_ref().map(|w| identity::deposed_key(&w.identity));
            if let (Some(delete), Some(write), Some(key)) = (&mut draft.delete, &mut draft.write, deposed) {
                write.deposes = Some(key.clone());
                delete.key.deposed = Some(key);
            }
        }
        self.drafts = drafts;
    }

    /// A flag of a `lifecycle` block, in the first instance of its module: any expression that is known when planning.
    pub(crate) fn flag(&mut self, path: &graph::Path, expr: &cplan_config::Expr) -> bool {
        let Some(module) = self.values.instances_of(path).into_iter().next() else { return false };
        let (value, found) = cplan_config::evaluate(expr, &self.values.view(&module, &Repeat::None, None));
        let failed = found.has_errors();
        self.diagnostics.extend(found);
        match cplan_model::convert(&value, &Type::Bool) {
            Ok(value) if value.is_null() => false,
            Ok(value) if value.as_bool().is_some() => value.as_bool() == Some(true),
            _ if failed => false,
            Ok(_) => {
                self.diagnostics.push(
                    Diagnostic::error(
                        "lifecycle-unknown",
                        "Lifecycle argument not known",
                        "This hangs on something that is known only after apply.",
                    )
                    .remedy("Use variables and locals that do not refer to resources.")
                    .at(expr.span),
                );
                false
            }
            Err(error) => {
                self.diagnostics.push(
                    Diagnostic::error(
                        "lifecycle-not-bool",
                        "Unsuitable value type",
                        format!("Unsuitable value: {}.", error.message),
                    )
                    .remedy("Write true or false, or an expression that gives one of them.")
                    .at(expr.span),
                );
                false
            }
        }
    }
}
