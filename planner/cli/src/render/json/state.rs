//! The state in the shape of `terraform show -json` (format 1.0).

use std::collections::{BTreeMap, BTreeSet};

use cplan_engine::Registry;
use cplan_model::{InstanceAddr, InstanceKey, Mode, ModuleInstance, Schema, Value};
use cplan_store::{Record, RecordKey, State, StateOutput, Status};
use serde_json::{Map, Value as Json, json};

use super::dependency::Dependencies;
use super::values::{json as value_json, sensitive, type_json};
use crate::render::sensitive::{marked, marked_by_schema, schema_of};

/// An object as a document tells it.
pub(crate) struct Told<'a> {
    /// Its address.
    pub(crate) address: &'a InstanceAddr,
    /// For an object that was replaced and not deleted then: its key.
    pub(crate) deposed: Option<&'a str>,
    /// The name of its provider.
    pub(crate) provider: &'a str,
    /// The version of the schema that its values follow.
    pub(crate) schema_version: u64,
    /// Its values.
    pub(crate) values: &'a Value,
    /// All that it hangs on, as [`Dependencies`] tell it.
    pub(crate) depends_on: BTreeSet<String>,
    /// It will be replaced.
    pub(crate) tainted: bool,
}

impl<'a> Told<'a> {
    /// An object of the state.
    pub(crate) fn of(key: &'a RecordKey, record: &'a Record, dependencies: &Dependencies) -> Self {
        Told {
            address: &key.address,
            deposed: key.deposed.as_deref(),
            provider: &record.provider,
            schema_version: record.schema_version,
            values: &record.values,
            depends_on: dependencies.behind(&record.dependencies),
            tainted: record.status != Status::Ready,
        }
    }
}

/// The document of a state.
pub(crate) fn state(state: &State, registry: &Registry, reveal: bool) -> Json {
    let dependencies = Dependencies::of(state);
    let objects = state.records.iter().map(|(key, record)| Told::of(key, record, &dependencies));
    let outputs = state.outputs.iter().map(|(name, o)| (name.as_str(), &o.value, o.sensitive));
    let Some(mut out) = document(objects, outputs, registry, reveal) else { return json!({"format_version": "1.0"}) };
    if !state.checks.is_empty() {
        out["checks"] = super::checks::checks(&state.checks).into();
    }
    out
}

/// The document of objects and outputs; `None` where there are neither.
pub(crate) fn document<'a>(
    objects: impl Iterator<Item = Told<'a>>,
    outputs: impl Iterator<Item = (&'a str, &'a Value, bool)>,
    registry: &Registry,
    reveal: bool,
) -> Option<Json> {
    let mut modules: BTreeMap<ModuleInstance, Vec<Json>> = BTreeMap::new();
    for told in objects {
        let one = object(&told, registry, reveal);
        modules.entry(told.address.module.clone()).or_default().push(one);
    }
    let outputs: Map<_, _> = outputs.map(|(name, v, hidden)| (name.to_owned(), output(v, hidden, reveal))).collect();
    if modules.is_empty() && outputs.is_empty() {
        return None;
    }
    let mut values = json!({"root_module": module_tree(&mut modules)});
    if !outputs.is_empty() {
        values["outputs"] = Json::Object(outputs);
    }
    Some(json!({"format_version": "1.0", "terraform_version": env!("CARGO_PKG_VERSION"), "values": values}))
}

fn object(told: &Told<'_>, registry: &Registry, reveal: bool) -> Json {
    let values = shown(schema_of(registry, told.address), told.values, reveal);
    let mut resource = address(told.address);
    resource["provider_name"] = json!(provider_name(told.provider));
    resource["schema_version"] = json!(told.schema_version);
    resource["values"] = value_json(&values, reveal);
    resource["sensitive_values"] = sensitive(&values);
    if !told.depends_on.is_empty() {
        resource["depends_on"] = json!(told.depends_on);
    }
    if told.tainted {
        resource["tainted"] = json!(true);
    }
    if let Some(deposed) = told.deposed {
        resource["deposed_key"] = json!(deposed);
    }
    resource
}

/// The values with their marks: also those of texts that are sensitive elsewhere, unless everything is revealed anyway.
pub(crate) fn shown(schema: Option<&Schema>, values: &Value, reveal: bool) -> Value {
    if reveal { marked_by_schema(schema, values) } else { marked(schema, values) }
}

fn output(value: &Value, hidden: bool, reveal: bool) -> Json {
    let shown = if hidden && !reveal { json!(crate::render::value::SENSITIVE) } else { value_json(value, true) };
    json!({"sensitive": hidden, "type": type_json(&value.ty()), "value": shown})
}

/// Outputs with their types, as `terraform output -json` gives them.
pub(crate) fn outputs(outputs: &BTreeMap<String, StateOutput>, reveal: bool) -> Json {
    Json::Object(outputs.iter().map(|(name, o)| (name.clone(), output(&o.value, o.sensitive, reveal))).collect())
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

/// The full name of a provider, of whichever of its configurations: `lab` or `lab.west`.
pub(crate) fn provider_name(provider: &str) -> String {
    match provider.split_once('.').map_or(provider, |(name, _)| name) {
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
