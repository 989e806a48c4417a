//! Conditions during apply: everything is known now.

use cplan_config::{CheckRule, ResourceBlock, RuleKind, Verdict, check_rule};
use cplan_model::{Diagnostics, InstanceAddr, ModuleInstance, Value};
use cplan_sdk::ProviderError;

use super::Run;
use crate::plan::{CheckOwner, CheckStatus};
use crate::values::Repeat;

type Judged = Result<(), Box<ProviderError>>;

impl Run<'_> {
    /// What must hold before an instance is touched.
    pub(super) fn preconditions(&self, address: &InstanceAddr) -> Judged {
        let block = crate::planning::block_at(&self.plan.config, address);
        let Some(block) = block.filter(|b| !b.lifecycle.preconditions.is_empty()) else { return Ok(()) };
        self.judge(block, &block.lifecycle.preconditions, RuleKind::Precondition, address, None)
    }

    /// What must hold of an instance as it is now.
    pub(super) fn postconditions(&self, address: &InstanceAddr) -> Judged {
        let block = crate::planning::block_at(&self.plan.config, address);
        let Some(block) = block.filter(|b| !b.lifecycle.postconditions.is_empty()) else { return Ok(()) };
        let itself = self.values.instance(address);
        self.judge(block, &block.lifecycle.postconditions, RuleKind::Postcondition, address, itself.as_ref())
    }

    /// Both, of an instance that nothing is done to.
    pub(super) fn judge_again(&self, address: &InstanceAddr) -> Judged {
        self.preconditions(address)?;
        self.postconditions(address)
    }

    fn judge(
        &self,
        block: &ResourceBlock,
        rules: &[CheckRule],
        kind: RuleKind,
        address: &InstanceAddr,
        itself: Option<&Value>,
    ) -> Judged {
        self.live.renew();
        let repeat = self.repeat_of(address, block.repeat.as_ref(), &self.live);
        let view = self.values.view(&address.module, &repeat, Some(&self.live)).with_self(itself);
        for rule in rules {
            let found = match check_rule(rule, kind, &view) {
                Verdict::Pass | Verdict::Unknown => continue,
                Verdict::Fail(diagnostic) => *diagnostic,
                Verdict::Broken(diagnostics) => match diagnostics.into_iter().next() {
                    Some(first) => first,
                    None => continue,
                },
            };
            let error = ProviderError::failed(format!("{}: {}", found.summary, found.what)).remedy(found.remedy);
            return Err(Box::new(error));
        }
        Ok(())
    }

    /// Validations of variables that no plan could judge, as far as they can be judged now.
    pub(super) fn validations(&self) -> Diagnostics {
        let unknown = self.plan.checks.iter().filter(|c| c.status == CheckStatus::Unknown);
        let mut out = Diagnostics::new();
        for check in unknown {
            let CheckOwner::Variable(module, name) = &check.owner else { continue };
            let Some(variable) = self.values.module(module).and_then(|m| m.module.variables.get(name)) else {
                continue;
            };
            let view = self.values.view(module, &Repeat::None, Some(&self.live));
            out.extend(cplan_config::check_rules(&variable.validations, RuleKind::Validation, &view));
        }
        out
    }

    /// What must hold before an output is stored.
    pub(super) fn output_preconditions(&self, rules: &[CheckRule]) -> Diagnostics {
        let root = ModuleInstance::root();
        let view = self.values.view(&root, &Repeat::None, Some(&self.live));
        cplan_config::check_rules(rules, RuleKind::Output, &view)
    }

    /// The `check` blocks, judged at the end; what fails is a warning.
    pub(super) fn check_blocks(&self) -> Diagnostics {
        let mut out = Diagnostics::new();
        for module in self.values.all_modules() {
            let Some(here) = self.values.module(&module) else { continue };
            let view = self.values.view(&module, &Repeat::None, Some(&self.live));
            for check in here.module.checks.values() {
                let found = cplan_config::check_rules(&check.asserts, RuleKind::Assert, &view);
                out.extend(found.into_iter().map(cplan_model::Diagnostic::into_warning));
            }
        }
        out
    }
}
