//! The state in the shape of `terraform show -json` (format 1.0).

use std::collections::BTreeMap;

use cplan_engine::Registry;
use cplan_model::{InstanceAddr, InstanceKey, Mode, ModuleInstance};
use cplan_store::{State, StateOutput, Status};
use serde_json::{Map, Value as Json, json};

use super::values::{json as value_json, sensitive, type_json};
use crate::render::sensitive::{marked, schema_of};

/// The document.
pub(crate) fn state(state: &State, registry: &Registry, reveal: bool) -> Json {
    let mut out = json!({"format_version": "1.0", "terraform_version": env!("CARGO_PKG_VERSION")});
    if state.records.is_empty() && state.outputs.is_empty() {
        return out;
    }
    let mut modules: BTreeMap<ModuleInstance, Vec<Json>> = BTreeMap::new();
    for (key, record) in &state.records {
        let values = marked(schema_of(registry, &key.address), &record.values);
        let mut resource = address(&key.address);
        resource["provider_name"] = json!(provider_name(&record.provider));
        resource["schema_version"] = json!(record.schema_version);
        resource["values"] = value_json(&values, reveal);
        resource["sensitive_values"] = sensitive(&values);
        if !record.dependencies.is_empty() {
            let all: Vec<String> = record.dependencies.iter().map(ToString::to_string).collect();
            resource["depends_on"] = json!(all);
        }
        if record.status != Status::Ready {
            resource["tainted"] = json!(true);
        }
        if let Some(deposed) = &key.deposed {
            resource["deposed_key"] = json!(deposed);
        }
        modules.entry(key.address.module.clone()).or_default().push(resource);
    }
    let mut values = json!({"root_module": module_tree(&mut modules)});
    if !state.outputs.is_empty() {
        values["outputs"] = outputs(&state.outputs, reveal);
    }
    out["values"] = values;
    out
}

/// Outputs with their types, as `terraform output -json` gives them.
pub(crate) fn outputs(outputs: &BTreeMap<String, StateOutput>, reveal: bool) -> Json {
    let one = |o: &StateOutput| {
        let shown =
            if o.sensitive && !reveal { json!(crate::render::value::SENSITIVE) } else { value_json(&o.value, true) };
        json!({"sensitive": o.sensitive, "type": type_json(&o.value.ty()), "value": shown})
    };
    Json::Object(outputs.iter().map(|(name, o)| (name.clone(), one(o))).collect::<Map<_, _>>())
}

/// The members that say which instance it is.
pub(crate) fn address(address: &InstanceAddr) -> Json {
    let mut out = json!({
        "address": address.to_string(),
        "mode": match address.resource.mode {
            Mode::Managed => "managed",
            Mode::Data => "data",
        },
        "type": &*address.resource.ty,
        "name": &*address.resource.name,
    });
    match &address.key {
        Some(InstanceKey::Int(n)) => out["index"] = json!(n),
        Some(InstanceKey::Str(s)) => out["index"] = json!(&**s),
        None => {}
    }
    out
}

/// A provider's full name.
pub(crate) fn provider_name(provider: &str) -> String {
    match provider {
        "terraform" => "terraform.io/builtin/terraform".to_owned(),
        other => format!("cplan.local/cplan/{other}"),
    }
}

/// Resources by module as Terraform nests them: `{resources, child_modules: [{address, resources, …}]}`.
pub(crate) fn module_tree(modules: &mut BTreeMap<ModuleInstance, Vec<Json>>) -> Json {
    // A module without resources of its own still holds those below it.
    let parents: Vec<ModuleInstance> =
        modules.keys().flat_map(|m| (0..m.0.len()).map(|n| ModuleInstance(m.0[..n].into()))).collect();
    for parent in parents {
        modules.entry(parent).or_default();
    }
    node(&ModuleInstance::root(), modules)
}

fn node(at: &ModuleInstance, modules: &BTreeMap<ModuleInstance, Vec<Json>>) -> Json {
    let mut out = Map::new();
    if !at.is_root() {
        out.insert("address".into(), json!(at.to_string()));
    }
    if let Some(resources) = modules.get(at).filter(|r| !r.is_empty()) {
        out.insert("resources".into(), json!(resources));
    }
    let children: Vec<Json> = modules
        .range(at.clone()..)
        .map(|(m, _)| m)
        .take_while(|m| at.contains(m))
        .filter(|m| m.0.len() == at.0.len() + 1)
        .map(|m| node(m, modules))
        .collect();
    if !children.is_empty() {
        out.insert("child_modules".into(), json!(children));
    }
    Json::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cplan_model::Value;

    #[test]
    fn modules_nest_even_where_one_is_empty() {
        let module = |text: &str| text.parse::<InstanceAddr>().unwrap().module;
        let mut modules = BTreeMap::from([
            (module("a.b"), vec![json!("root")]),
            (module("module.x[\"k\"].module.y.a.b"), vec![json!("deep")]),
        ]);
        assert_eq!(
            module_tree(&mut modules),
            json!({"resources": ["root"], "child_modules": [
                {"address": "module.x[\"k\"]", "child_modules": [
                    {"address": "module.x[\"k\"].module.y", "resources": ["deep"]}]}]})
        );
    }

    #[test]
    fn outputs_are_masked_unless_revealed() {
        let secret = BTreeMap::from([("pw".to_owned(), StateOutput { value: Value::string("x"), sensitive: true })]);
        assert_eq!(
            outputs(&secret, false),
            json!({"pw": {"sensitive": true, "type": "string", "value": "(sensitive value)"}})
        );
        assert_eq!(outputs(&secret, true), json!({"pw": {"sensitive": true, "type": "string", "value": "x"}}));
    }
}
