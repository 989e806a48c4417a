//! Conditions during apply: everything is known now. What comes of them is noted for the state.

use cplan_config::{CheckRule, RuleKind, Verdict, check_rule};
use cplan_model::{CheckOwner, CheckStatus, Diagnostics, InstanceAddr, ModuleInstance, Value};

use super::Run;
use crate::values::Repeat;

/// With the conditions that do not hold.
type Judged = Result<(), Diagnostics>;

/// What came of some conditions of one owner.
#[derive(Default)]
pub(super) struct Found {
    pub(super) status: CheckStatus,
    problems: Vec<String>,
    pub(super) diagnostics: Diagnostics,
}

impl Found {
    fn judged(self, address: &InstanceAddr) -> Judged {
        let mut refused = Diagnostics::new();
        for d in self.diagnostics.into_iter().filter(|d| d.severity == cplan_model::Severity::Error) {
            refused.push(if d.address.is_none() { d.address(address.clone()) } else { d });
        }
        if refused.is_empty() { Ok(()) } else { Err(refused) }
    }
}

impl Run<'_> {
    /// What must hold before an instance is touched.
    pub(super) fn preconditions(&mut self, address: &InstanceAddr) -> Judged {
        let Some(block) = crate::planning::block_at(&self.plan.config, address) else { return Ok(()) };
        let lifecycle = &block.lifecycle;
        if lifecycle.preconditions.is_empty() && lifecycle.postconditions.is_empty() {
            return Ok(());
        }
        let mut found = self.of_instance(&lifecycle.preconditions, RuleKind::Precondition, address, None);
        if !lifecycle.postconditions.is_empty() {
            found.status = found.status.max(CheckStatus::Unknown);
        }
        self.note(CheckOwner::Resource(address.clone()), &found);
        found.judged(address)
    }

    /// What must hold of an instance as it is now.
    pub(super) fn postconditions(&mut self, address: &InstanceAddr) -> Judged {
        let Some(block) = crate::planning::block_at(&self.plan.config, address) else { return Ok(()) };
        if block.lifecycle.postconditions.is_empty() {
            return Ok(());
        }
        let itself = self.values.instance(address);
        let rules = &block.lifecycle.postconditions;
        let found = self.of_instance(rules, RuleKind::Postcondition, address, itself.as_ref());
        self.note(CheckOwner::Resource(address.clone()), &found);
        found.judged(address)
    }

    /// Both, of an instance that nothing is done to.
    pub(super) fn judge_again(&mut self, address: &InstanceAddr) -> Judged {
        self.preconditions(address)?;
        self.postconditions(address)
    }

    fn of_instance(
        &self,
        rules: &[CheckRule],
        kind: RuleKind,
        address: &InstanceAddr,
        itself: Option<&Value>,
    ) -> Found {
        self.live.renew();
        let repeat = crate::planning::block_at(&self.plan.config, address).and_then(|b| b.repeat.as_ref());
        let repeat = self.values.repeat_of(&address.module, address.key.as_ref(), repeat, &self.live);
        self.judge(rules, kind, &address.module, &repeat, itself)
    }

    fn judge(
        &self,
        rules: &[CheckRule],
        kind: RuleKind,
        module: &ModuleInstance,
        repeat: &Repeat,
        itself: Option<&Value>,
    ) -> Found {
        let view = self.values.view(module, repeat, Some(&self.live)).with_self(itself);
        let mut found = Found::default();
        for rule in rules {
            let judged = check_rule(rule, kind, &view);
            let status = match judged.verdict {
                Verdict::Pass => CheckStatus::Pass,
                Verdict::Unknown => CheckStatus::Unknown,
                Verdict::Fail(failed) => {
                    found.problems.extend(judged.remark.is_none().then(|| failed.what.clone()));
                    found.diagnostics.push(*failed);
                    CheckStatus::Fail
                }
                Verdict::Broken(diagnostics) => {
                    found.diagnostics.extend(diagnostics);
                    CheckStatus::Error
                }
            };
            found.diagnostics.extend(judged.remark);
            found.status = found.status.max(status);
        }
        found
    }

    /// Judges what is not a resource as things are now, and notes it.
    pub(super) fn judge_owner(&mut self, owner: &CheckOwner) -> Diagnostics {
        self.live.renew();
        let Some(here) = self.values.module(owner.module()).map(|m| m.module.clone()) else {
            return Diagnostics::new();
        };
        let (rules, kind) = match owner {
            CheckOwner::Resource(_) => return Diagnostics::new(),
            CheckOwner::Output(_, name) => (here.outputs.get(name).map(|o| &o.preconditions), RuleKind::Output),
            CheckOwner::Variable(_, name) => (here.variables.get(name).map(|v| &v.validations), RuleKind::Validation),
            CheckOwner::Check(_, name) => (here.checks.get(name).map(|c| &c.asserts), RuleKind::Assert),
        };
        let found = self.judge(rules.map_or(&[], Vec::as_slice), kind, owner.module(), &Repeat::None, None);
        self.note(owner.clone(), &found);
        // What a check block finds is a warning; that it cannot be judged is none.
        let lenient = matches!(owner, CheckOwner::Check(..)) && found.status == CheckStatus::Fail;
        let mut out = Diagnostics::new();
        found.diagnostics.into_iter().for_each(|d| out.push(if lenient { d.into_warning() } else { d }));
        out
    }

    /// The owners of one kind that the plan speaks of: only those that it could not judge, or all.
    pub(super) fn owners(&self, all: bool, of: impl Fn(&CheckOwner) -> bool) -> Vec<CheckOwner> {
        let objects = self.checks.values().flat_map(|block| &block.objects);
        let wanted = objects.filter(|o| (all || o.status == CheckStatus::Unknown) && of(&o.owner));
        wanted.map(|o| o.owner.clone()).collect()
    }

    fn note(&mut self, owner: CheckOwner, found: &Found) {
        let remarks = found.diagnostics.iter().filter(|d| d.severity == cplan_model::Severity::Warning);
        self.report.diagnostics.extend(remarks.cloned());
        let Some(block) = self.checks.get_mut(&owner.block()) else { return };
        if let Ok(at) = block.objects.binary_search_by(|o| o.owner.cmp(&owner)) {
            block.objects[at].status = found.status;
            block.objects[at].problems.clone_from(&found.problems);
        }
    }
}
