//! `replace_triggered_by`: a change of what is named replaces the instance.

use std::sync::Arc;

use cplan_config::{ResourceBlock, trigger};
use cplan_model::{Action, ModuleInstance, Value};

use super::Planner;
use crate::values::Repeat;

impl Planner<'_> {
    /// The first trigger of a block that fires for an instance, as it is written.
    pub(super) fn triggered(
        &mut self,
        block: &ResourceBlock,
        module: &ModuleInstance,
        repeat: &Repeat,
    ) -> Option<Arc<str>> {
        let mut fired = None;
        for (expr, _) in &block.lifecycle.replace_triggered_by {
            let named = match trigger(expr, &self.values.view(module, repeat, None)) {
                Ok(named) => named,
                Err(diagnostic) => {
                    self.diagnostics.push(*diagnostic);
                    continue;
                }
            };
            // Instances of one resource stand beside each other in the order of planning.
            let group = super::group(module, &named.resource);
            let fires = self.planned_of(&group).any(|change| {
                if named.key.is_some() && change.address.key != named.key {
                    return false;
                }
                match change.action {
                    Action::Update | Action::Replace if named.path.0.is_empty() => true,
                    Action::Update | Action::Replace => {
                        let at =
                            |v: &Option<Value>| v.as_ref().and_then(|v| v.at(&named.path)).map(Value::unmarked_deep);
                        let (before, after) = (at(&change.before), at(&change.after));
                        after.as_ref().is_some_and(|a| !a.is_wholly_known()) || before != after
                    }
                    _ => false,
                }
            });
            if fires {
                fired.get_or_insert_with(|| named.text.clone());
            }
        }
        fired
    }
}
