//! The end of an apply: the root outputs and the checks, as they are now.

use cplan_model::{CheckOwner, CheckedBlock, Diagnostic, Diagnostics, ModuleInstance};
use cplan_store::{StateOutput, Transaction};

use super::{ApplyReport, Run};
use crate::failure::EngineError;
use crate::plan::PlanMode;
use crate::values::Repeat;

impl Run<'_> {
    /// The root outputs, evaluated with what is known now; stored if they changed.
    pub(super) fn finish(mut self) -> Result<ApplyReport, EngineError> {
        self.live.renew();
        let root = ModuleInstance::root();
        let complete = self.report.failures.is_empty() && self.report.skipped.is_empty();
        let concluded = self.conclude();
        let mut outputs = self.state.outputs.clone();
        // What the plan does not speak of was left out of it by a flag.
        outputs.retain(|name, _| self.plan.partial && self.plan.outputs.iter().all(|o| *o.name != **name));
        for change in &self.plan.outputs {
            let Some(planned) = &change.after else { continue };
            let declared = self.plan.config.root.outputs.get(&change.name);
            let owner = CheckOwner::Output(root.clone(), change.name.clone());
            let judged = declared.is_some_and(|o| !o.preconditions.is_empty()) && !self.unreached.contains(&owner);
            let refused = if judged { self.judge_owner(&owner) } else { Diagnostics::new() };
            // What is there is taken in all the same.
            let is_refused = refused.has_errors() && self.plan.mode != PlanMode::RefreshOnly;
            self.report.diagnostics.extend(refused);
            // What hangs on a failed step keeps the value it had.
            if is_refused || self.unreached.contains(&owner) {
                if let Some(old) = self.state.outputs.get(&*change.name) {
                    outputs.insert(change.name.to_string(), old.clone());
                }
                continue;
            }
            let value = match declared {
                Some(output) if !planned.is_wholly_known() => {
                    let view = self.values.view(&root, &Repeat::None, Some(&self.live));
                    let (value, found) = cplan_config::evaluate(&output.value, &view);
                    if complete {
                        self.report.diagnostics.extend(found);
                    }
                    value.unmarked_deep()
                }
                _ => planned.clone(),
            };
            let value = match (value.is_wholly_known(), self.state.outputs.get(&*change.name)) {
                (true, _) => value,
                (false, Some(old)) => old.value.clone(),
                (false, None) => continue,
            };
            if value.is_null() {
                continue;
            }
            outputs.insert(change.name.to_string(), StateOutput { value, sensitive: change.sensitive });
        }
        self.report.diagnostics.extend(concluded);
        if self.plan.partial {
            self.report.diagnostics.push(incomplete());
        }
        for block in self.checks.values_mut().filter(|block| !block.objects.is_empty()) {
            *block = CheckedBlock::of(std::mem::take(&mut block.objects));
        }
        if outputs != self.state.outputs || self.checks != self.state.checks {
            let transaction = Transaction {
                outputs: Some(outputs.clone()),
                checks: Some(std::mem::take(&mut self.checks)),
                ..Transaction::default()
            };
            tokio::task::block_in_place(|| self.store.commit(&transaction))?;
        }
        self.report.outputs = outputs;
        Ok(self.report)
    }
}

fn incomplete() -> Diagnostic {
    Diagnostic::warning(
        "applied-incomplete",
        "Applied changes may be incomplete",
        "-target or -exclude left things out of the plan, so not all that the configuration asks for may be done.",
    )
    .remedy("Run `cplan plan` to see whether anything is left.")
}
