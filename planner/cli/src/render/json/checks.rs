//! `checks`: the conditions of the configuration, by what has them, and what came of them.

use std::collections::BTreeMap;

use cplan_engine::{CheckOwner, CheckResult, CheckStatus};
use cplan_model::{InstanceAddr, InstanceKey, Mode, ModuleInstance};
use serde_json::{Value as Json, json};

/// One element per block that has conditions, in order of address, with one instance for each of its own.
pub(crate) fn checks(results: &[CheckResult]) -> Vec<Json> {
    let mut blocks: BTreeMap<String, (Json, Vec<&CheckResult>)> = BTreeMap::new();
    for result in results {
        let (shown, address) = block(&result.owner);
        blocks.entry(shown).or_insert_with(|| (address, Vec::new())).1.push(result);
    }
    blocks
        .into_values()
        .map(|(address, mut instances)| {
            instances.sort_by(|a, b| a.owner.cmp(&b.owner));
            let status = instances.iter().map(|r| r.status).max_by_key(|s| gravity(*s)).unwrap_or(CheckStatus::Unknown);
            json!({
                "address": address, "status": word(status),
                "instances": instances.into_iter().map(instance).collect::<Vec<_>>(),
            })
        })
        .collect()
}

fn instance(result: &CheckResult) -> Json {
    let (shown, module, key) = match &result.owner {
        CheckOwner::Resource(address) => (address.to_string(), &address.module, address.key.as_ref()),
        CheckOwner::Output(module, name) => (within(module, &format!("output.{name}")), module, None),
        CheckOwner::Check(module, name) => (within(module, &format!("check.{name}")), module, None),
        CheckOwner::Variable(module, name) => (within(module, &format!("var.{name}")), module, None),
    };
    let mut address = json!({"to_display": shown});
    if !module.is_root() {
        address["module"] = json!(module.to_string());
    }
    match key {
        Some(InstanceKey::Int(n)) => address["instance_key"] = json!(n),
        Some(InstanceKey::Str(text)) => address["instance_key"] = json!(&**text),
        None => {}
    }
    let mut out = json!({"address": address, "status": word(result.status)});
    if !result.problems.is_empty() {
        out["problems"] = result.problems.iter().map(|message| json!({"message": message})).collect();
    }
    out
}

/// The block in the configuration, which has no keys.
fn block(owner: &CheckOwner) -> (String, Json) {
    let bare =
        |module: &ModuleInstance| ModuleInstance(module.0.iter().map(|(name, _)| (name.clone(), None)).collect());
    let (module, kind, name) = match owner {
        CheckOwner::Resource(address) => {
            let module = bare(&address.module);
            let of = InstanceAddr { module: module.clone(), key: None, ..address.clone() };
            let mode = match address.resource.mode {
                Mode::Managed => "managed",
                Mode::Data => "data",
            };
            let mut out = json!({
                "kind": "resource", "mode": mode, "type": &*address.resource.ty, "name": &*address.resource.name,
                "to_display": of.to_string(),
            });
            if !module.is_root() {
                out["module"] = json!(module.to_string());
            }
            return (of.to_string(), out);
        }
        CheckOwner::Output(module, name) => (bare(module), "output_value", (name, "output")),
        CheckOwner::Check(module, name) => (bare(module), "check", (name, "check")),
        CheckOwner::Variable(module, name) => (bare(module), "var", (name, "var")),
    };
    let shown = within(&module, &format!("{}.{}", name.1, name.0));
    let mut out = json!({"kind": kind, "name": &**name.0, "to_display": shown});
    if !module.is_root() {
        out["module"] = json!(module.to_string());
    }
    (shown, out)
}

fn within(module: &ModuleInstance, what: &str) -> String {
    if module.is_root() { what.to_owned() } else { format!("{module}.{what}") }
}

fn gravity(status: CheckStatus) -> u8 {
    match status {
        CheckStatus::Pass => 0,
        CheckStatus::Unknown => 1,
        CheckStatus::Fail => 2,
        CheckStatus::Error => 3,
    }
}

fn word(status: CheckStatus) -> &'static str {
    match status {
        CheckStatus::Pass => "pass",
        CheckStatus::Unknown => "unknown",
        CheckStatus::Fail => "fail",
        CheckStatus::Error => "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_stand_below_their_block() {
        let owner = |text: &str| CheckOwner::Resource(text.parse().unwrap());
        let result = |owner, status, problems: &[&str]| CheckResult {
            owner,
            status,
            problems: problems.iter().map(|p| (*p).to_owned()).collect(),
        };
        let told = checks(&[
            result(owner("module.m[0].a.b[\"x\"]"), CheckStatus::Pass, &[]),
            result(owner("module.m[0].a.b[\"y\"]"), CheckStatus::Fail, &["too small"]),
            result(CheckOwner::Variable(ModuleInstance::root(), "n".into()), CheckStatus::Pass, &[]),
        ]);
        assert_eq!(
            Json::Array(told),
            json!([
                {
                    "address": {"kind": "resource", "mode": "managed", "type": "a", "name": "b", "module": "module.m",
                        "to_display": "module.m.a.b"},
                    "status": "fail",
                    "instances": [
                        {"address": {"module": "module.m[0]", "instance_key": "x", "to_display": "module.m[0].a.b[\"x\"]"},
                            "status": "pass"},
                        {"address": {"module": "module.m[0]", "instance_key": "y", "to_display": "module.m[0].a.b[\"y\"]"},
                            "status": "fail", "problems": [{"message": "too small"}]},
                    ],
                },
                {
                    "address": {"kind": "var", "name": "n", "to_display": "var.n"}, "status": "pass",
                    "instances": [{"address": {"to_display": "var.n"}, "status": "pass"}],
                },
            ])
        );
    }
}
