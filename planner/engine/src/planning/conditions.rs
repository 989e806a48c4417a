//! Preconditions, postconditions and `check` blocks while planning.

use cplan_config::{CheckRule, ResourceBlock, RuleKind, Verdict, check_rule, evaluate};
use cplan_model::{CheckOwner, CheckResult, CheckStatus, Diagnostic, InstanceAddr, ModuleInstance, Severity, Value};

use super::{PlanMode, Planner};
use crate::values::Repeat;

impl Planner<'_> {
    /// Judges a resource instance's conditions of one kind; `itself` is what a postcondition calls `self`. False when
    /// one fails and the plan must not go on with the instance.
    pub(super) fn resource_conditions(
        &mut self,
        block: &ResourceBlock,
        address: &InstanceAddr,
        repeat: &Repeat,
        itself: Option<&Value>,
    ) -> bool {
        let (rules, kind) = match itself {
            None => (&block.lifecycle.preconditions, RuleKind::Precondition),
            Some(_) => (&block.lifecycle.postconditions, RuleKind::Postcondition),
        };
        if rules.is_empty() {
            return true;
        }
        let owner = CheckOwner::Resource(address.clone());
        let (status, found) = self.judge_rules(owner, rules, kind, &address.module, repeat, itself);
        for d in found {
            // A warning is of the block, so that it is told once for all instances.
            let whole = d.address.is_some() || d.severity == Severity::Warning;
            let d = if whole { d } else { d.address(address.clone()) };
            self.diagnostics.push(if self.options.mode == PlanMode::RefreshOnly { d.into_warning() } else { d });
        }
        status < CheckStatus::Fail
    }

    /// Judges rules and notes the result under their owner.
    pub(super) fn judge_rules(
        &mut self,
        owner: CheckOwner,
        rules: &[CheckRule],
        kind: RuleKind,
        module: &ModuleInstance,
        repeat: &Repeat,
        itself: Option<&Value>,
    ) -> (CheckStatus, Vec<Diagnostic>) {
        let view = self.values.view(module, repeat, None).with_self(itself);
        let mut found = Vec::new();
        let mut problems = Vec::new();
        let mut status = CheckStatus::Pass;
        for rule in rules {
            let judged = check_rule(rule, kind, &view);
            match judged.verdict {
                Verdict::Pass => {}
                Verdict::Unknown => status = status.max(CheckStatus::Unknown),
                Verdict::Fail(failed) => {
                    // A message with a remark could not be shown.
                    problems.extend(judged.remark.is_none().then(|| failed.what.clone()));
                    found.push(*failed);
                    status = status.max(CheckStatus::Fail);
                }
                Verdict::Broken(diagnostics) => {
                    found.extend(diagnostics);
                    status = status.max(CheckStatus::Error);
                }
            }
            // While only validating, nothing tells what a variable will be, that it is sensitive neither.
            found.extend(judged.remark.filter(|d| !(self.validating && d.id == "sensitive-message")));
        }
        let entry = self.checks.entry(owner.clone()).or_insert_with(|| CheckResult {
            owner: owner.clone(),
            status: CheckStatus::Pass,
            problems: Vec::new(),
        });
        entry.status = entry.status.max(status);
        entry.problems.extend(problems);
        (status, found)
    }

    /// Judges an owner anew.
    pub(super) fn forget_verdict(&mut self, owner: &CheckOwner) {
        self.checks.remove(owner);
    }

    /// Tells what is wrong with rules whatever they look at.
    pub(super) fn examine_rules(&mut self, rules: &[CheckRule], module: &ModuleInstance, repeat: &Repeat) {
        let view = self.values.view(module, repeat, None);
        let exprs = rules.iter().flat_map(|rule| [&rule.condition, &rule.error_message]);
        let found: Vec<Diagnostic> = exprs.flat_map(|expr| evaluate(expr, &view).1).collect();
        self.diagnostics.extend(found);
    }

    /// The same of every `check` block.
    pub(super) fn examine_checks(&mut self) {
        for module in self.values.all_modules() {
            let Some(checks) = self.values.module(&module).map(|m| m.module.checks.clone()) else { continue };
            for check in checks.values() {
                self.examine_rules(&check.asserts, &module, &Repeat::None);
            }
        }
    }

    /// Judges every `check` block; what fails is a warning, what cannot be evaluated an error.
    pub(super) fn check_blocks(&mut self) {
        for module in self.values.all_modules() {
            let Some(checks) = self.values.module(&module).map(|m| m.module.checks.clone()) else { continue };
            for (name, check) in checks {
                let owner = CheckOwner::Check(module.clone(), name);
                let node = self.graph.owner(&owner);
                if node.is_some_and(|node| !self.selection.has_some(node)) {
                    continue;
                }
                if node.is_some_and(|node| self.failed.contains(&node)) {
                    let status = CheckStatus::Unknown;
                    self.checks.insert(owner.clone(), CheckResult { owner, status, problems: Vec::new() });
                    continue;
                }
                for rule in &check.asserts {
                    let rules = std::slice::from_ref(rule);
                    let (status, found) =
                        self.judge_rules(owner.clone(), rules, RuleKind::Assert, &module, &Repeat::None, None);
                    match status {
                        CheckStatus::Pass => self.diagnostics.extend(found),
                        CheckStatus::Unknown => {
                            self.diagnostics.extend(found);
                            self.diagnostics.push(later(rule));
                        }
                        CheckStatus::Fail => {
                            found.into_iter().for_each(|d| self.diagnostics.push(d.into_warning()));
                        }
                        CheckStatus::Error => found.into_iter().for_each(|d| self.diagnostics.push(d)),
                    }
                }
            }
        }
    }

    /// Whether anything of an owner is still unknown.
    pub(super) fn is_pending(&self, owner: &CheckOwner) -> bool {
        self.checks.get(owner).is_some_and(|c| c.status == CheckStatus::Unknown)
    }
}

fn later(rule: &CheckRule) -> Diagnostic {
    Diagnostic::warning(
        "assertion-unknown",
        "Check block assertion known after apply",
        "The condition hangs on something that only apply can tell; it is judged then.",
    )
    .remedy("Nothing is to be done.")
    .at(rule.condition.span)
}
