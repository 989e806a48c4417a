//! `checks`: the conditions of the configuration, by what has them, and what came of them.

use std::collections::BTreeMap;

use cplan_model::{CheckOwner, CheckResult, Checks, InstanceAddr, InstanceKey, Mode};
use serde_json::{Value as Json, json};

/// One element per block that has conditions, in order of address, with one instance for each of its own.
pub(crate) fn checks(blocks: &Checks) -> Vec<Json> {
    let told = blocks.iter().map(|(owner, found)| {
        let mut out = json!({"address": block(owner), "status": found.status.word()});
        if !found.objects.is_empty() {
            out["instances"] = found.objects.iter().map(instance).collect();
        }
        (owner.to_string(), out)
    });
    told.collect::<BTreeMap<_, _>>().into_values().collect()
}

fn instance(result: &CheckResult) -> Json {
    let module = result.owner.module();
    let key = match &result.owner {
        CheckOwner::Resource(address) => address.key.as_ref(),
        _ => None,
    };
    let mut address = json!({"to_display": result.owner.to_string()});
    if !module.is_root() {
        address["module"] = json!(module.to_string());
    }
    match key {
        Some(InstanceKey::Int(n)) => address["instance_key"] = json!(n),
        Some(InstanceKey::Str(text)) => address["instance_key"] = json!(&**text),
        None => {}
    }
    let mut out = json!({"address": address, "status": result.status.word()});
    if !result.problems.is_empty() {
        out["problems"] = result.problems.iter().map(|message| json!({"message": message})).collect();
    }
    out
}

/// The address of a block.
fn block(owner: &CheckOwner) -> Json {
    let mut out = match owner {
        CheckOwner::Resource(InstanceAddr { resource, .. }) => {
            let mode = match resource.mode {
                Mode::Managed => "managed",
                Mode::Data => "data",
            };
            json!({"kind": "resource", "mode": mode, "type": &*resource.ty, "name": &*resource.name})
        }
        CheckOwner::Output(_, name) => json!({"kind": "output_value", "name": &**name}),
        CheckOwner::Check(_, name) => json!({"kind": "check", "name": &**name}),
        CheckOwner::Variable(_, name) => json!({"kind": "var", "name": &**name}),
    };
    out["to_display"] = json!(owner.to_string());
    if !owner.module().is_root() {
        out["module"] = json!(owner.module().to_string());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use cplan_model::{CheckStatus, CheckedBlock, ModuleInstance};

    #[test]
    fn instances_stand_below_their_block() {
        let owner = |text: &str| CheckOwner::Resource(text.parse().unwrap());
        let result = |owner, status, problems: &[&str]| CheckResult {
            owner,
            status,
            problems: problems.iter().map(|p| (*p).to_owned()).collect(),
        };
        let of = |objects: Vec<CheckResult>| (objects[0].owner.block(), CheckedBlock::of(objects));
        let told = checks(&Checks::from([
            of(vec![
                result(owner("module.m[0].a.b[\"y\"]"), CheckStatus::Fail, &["too small"]),
                result(owner("module.m[0].a.b[\"x\"]"), CheckStatus::Pass, &[]),
            ]),
            of(vec![result(CheckOwner::Variable(ModuleInstance::root(), "n".into()), CheckStatus::Pass, &[])]),
            (owner("a.b[0]").block(), CheckedBlock::unseen()),
        ]));
        assert_eq!(
            Json::Array(told),
            json!([
                {
                    "address": {"kind": "resource", "mode": "managed", "type": "a", "name": "b", "to_display": "a.b"},
                    "status": "unknown",
                },
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
