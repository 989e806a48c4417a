//! What came of conditions, to store.

use cplan_model::{CheckOwner, CheckResult, CheckStatus, CheckedBlock, Checks};

/// Conditions of every kind, of which one failed with a message.
pub(crate) fn checks(message: &str) -> Checks {
    let result = |kind: &str, text: &str, status, problems: &[&str]| CheckResult {
        owner: CheckOwner::parse(kind, text).unwrap(),
        status,
        problems: problems.iter().map(|p| (*p).to_owned()).collect(),
    };
    let of = |objects: Vec<CheckResult>| (objects[0].owner.block(), CheckedBlock::of(objects));
    Checks::from([
        of(vec![
            result("resource", "module.m[\"x\"].fake_thing.a[0]", CheckStatus::Pass, &[]),
            result("resource", "module.m[\"x\"].fake_thing.a[1]", CheckStatus::Fail, &[message]),
        ]),
        of(vec![result("output", "output.o", CheckStatus::Error, &[])]),
        of(vec![result("check", "module.m[0].check.c", CheckStatus::Unknown, &[])]),
        of(vec![result("var", "var.v", CheckStatus::Pass, &[])]),
        (CheckOwner::parse("var", "var.w").unwrap(), CheckedBlock::unseen()),
    ])
}
