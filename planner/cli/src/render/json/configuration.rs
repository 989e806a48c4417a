//! The configuration as a plan's JSON tells it: what is declared, module by module, with its expressions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use cplan_config::{
    Body, Config, ForEach, Module, ModuleCall, Output, ProviderRef, ResourceBlock, Spelled, Variable, Written, written,
};
use cplan_engine::Registry;
use cplan_model::{Mode, Schema};
use serde_json::{Map, Value as Json, json};

use super::expression::{expression, whole};
use super::state::provider_name;
use super::values::json as value_json;
use crate::render::sensitive::schema_of_type;
use crate::render::value::SENSITIVE;

/// What is told, and how.
#[derive(Clone, Copy)]
struct Told<'a> {
    registry: &'a Registry,
    reveal: bool,
}

/// `configuration` of a plan's JSON. Constants of what is declared sensitive are masked unless `reveal`.
pub(crate) fn configuration(config: &Config, registry: &Registry, reveal: bool) -> Json {
    let told = Told { registry, reveal };
    let mut providers = Providers::default();
    providers.collect(&config.root, &[], None, BTreeMap::new(), told);
    let mut out = json!({"root_module": module(&config.root, &[], &providers, told)});
    if !providers.told.is_empty() {
        out["provider_config"] = Json::Object(providers.told);
    }
    out
}

/// The configurations of providers, and by which keys resources name them.
#[derive(Default)]
struct Providers {
    /// Those that have blocks or are used, by key.
    told: Map<String, Json>,
    /// The key of each reference in each module.
    keys: BTreeMap<(Vec<Arc<str>>, ProviderRef), String>,
}

impl Providers {
    /// What a module declares and uses. A default configuration that the module right above does not know belongs to the
    /// module that uses it.
    fn collect(
        &mut self,
        of: &Module,
        path: &[Arc<str>],
        by: Option<&ModuleCall>,
        mut known: BTreeMap<ProviderRef, String>,
        told: Told<'_>,
    ) {
        for (provider, block) in &of.providers {
            let mut one = entry(of, provider, path);
            let schema = told.registry.provider(&of.provider_type(&provider.name)).map(|p| p.schema());
            let expressions = expressions(&block.body, schema, told);
            if expressions.as_object().is_some_and(|o| !o.is_empty()) {
                one["expressions"] = expressions;
            }
            let key = provider_key(provider, path);
            self.told.insert(key.clone(), one);
            known.insert(provider.clone(), key);
        }
        let required = of.settings.required_providers.keys().map(|name| ProviderRef::default_of(name.clone()));
        let used = of.resources.values().map(|r| r.provider.clone());
        let mentioned: BTreeSet<ProviderRef> = required.chain(used).collect();
        for provider in &mentioned {
            let key = known.entry(provider.clone()).or_insert_with(|| {
                let key = provider_key(provider, path);
                self.told.entry(key.clone()).or_insert_with(|| entry(of, provider, path));
                key
            });
            self.keys.insert((path.to_vec(), provider.clone()), key.clone());
        }
        let given = |p: &ProviderRef| by.is_some_and(|call| call.providers.contains_key(p));
        let here = |p: &ProviderRef| mentioned.contains(p) || of.providers.contains_key(p) || given(p);
        for (name, call) in &of.calls {
            let path: Vec<Arc<str>> = path.iter().chain([name]).cloned().collect();
            let mut passed: BTreeMap<ProviderRef, String> = known
                .iter()
                .filter(|(p, _)| p.alias.is_none() && here(p))
                .map(|(p, key)| (p.clone(), key.clone()))
                .collect();
            for (inner, (outer, _)) in &call.providers {
                if let Some(key) = known.get(outer) {
                    passed.insert(inner.clone(), key.clone());
                }
            }
            self.collect(&call.module, &path, Some(call), passed, told);
        }
    }
}

fn entry(of: &Module, provider: &ProviderRef, path: &[Arc<str>]) -> Json {
    let mut one = json!({"name": &*provider.name, "full_name": provider_name(&of.provider_type(&provider.name))});
    if let Some(alias) = &provider.alias {
        one["alias"] = json!(&**alias);
    }
    if !path.is_empty() {
        one["module_address"] = json!(calls(path));
    }
    one
}

fn provider_key(provider: &ProviderRef, path: &[Arc<str>]) -> String {
    let place = if path.is_empty() { String::new() } else { format!("{}:", calls(path)) };
    let alias = provider.alias.as_ref().map(|a| format!(".{a}")).unwrap_or_default();
    format!("{place}{}{alias}", provider.name)
}

fn calls(path: &[Arc<str>]) -> String {
    path.iter().map(|name| format!("module.{name}")).collect::<Vec<_>>().join(".")
}

fn module(of: &Module, path: &[Arc<str>], providers: &Providers, told: Told<'_>) -> Json {
    let mut out = Map::new();
    let mut put = |name: &str, members: Map<String, Json>| {
        if !members.is_empty() {
            out.insert(name.to_owned(), Json::Object(members));
        }
    };
    put("variables", of.variables.iter().map(|(n, v)| (n.to_string(), variable(v, told))).collect());
    put("outputs", of.outputs.iter().map(|(n, o)| (n.to_string(), output(o, told))).collect());
    let call = |(name, c): (&Arc<str>, &ModuleCall)| {
        let path: Vec<Arc<str>> = path.iter().chain([name]).cloned().collect();
        (name.to_string(), module_call(of, c, &path, providers, told))
    };
    put("module_calls", of.calls.iter().map(call).collect());
    let mut resources: Vec<&ResourceBlock> = of.resources.values().map(|block| &**block).collect();
    resources.sort_by_key(|r| (r.addr.mode == Mode::Data, r.addr.to_string()));
    if !resources.is_empty() {
        out.insert("resources".to_owned(), resources.iter().map(|r| resource(r, path, providers, told)).collect());
    }
    Json::Object(out)
}

fn variable(variable: &Variable, told: Told<'_>) -> Json {
    let mut one = json!({});
    if let Some(default) = &variable.default {
        let hidden = variable.sensitive && !told.reveal && !default.is_null();
        one["default"] = if hidden { json!(SENSITIVE) } else { value_json(default, true) };
    }
    if let Some(text) = &variable.description {
        one["description"] = json!(text);
    }
    if variable.sensitive {
        one["sensitive"] = json!(true);
    }
    one
}

fn output(output: &Output, told: Told<'_>) -> Json {
    let mut one = json!({"expression": expression(&output.value, output.sensitive && !told.reveal)});
    if output.sensitive {
        one["sensitive"] = json!(true);
    }
    if let Some(text) = &output.description {
        one["description"] = json!(text);
    }
    put_depends_on(&mut one, &output.depends_on);
    one
}

fn module_call(parent: &Module, call: &ModuleCall, path: &[Arc<str>], providers: &Providers, told: Told<'_>) -> Json {
    let inner = module(&call.module, path, providers, told);
    let mut one = json!({"source": source(&parent.dir, &call.module.dir), "module": inner});
    if !call.inputs.is_empty() {
        let hidden = |name| call.module.variables.get(name).is_some_and(|v| v.sensitive) && !told.reveal;
        let inputs = call.inputs.iter().map(|(name, (expr, _))| (name.to_string(), expression(expr, hidden(name))));
        one["expressions"] = Json::Object(inputs.collect());
    }
    put_repeat(&mut one, call.repeat.as_ref());
    put_depends_on(&mut one, &call.depends_on);
    one
}

fn resource(block: &ResourceBlock, path: &[Arc<str>], providers: &Providers, told: Told<'_>) -> Json {
    let schema = schema_of_type(told.registry, &block.addr);
    let mut one = json!({
        "address": block.addr.to_string(),
        "mode": match block.addr.mode {
            Mode::Managed => "managed",
            Mode::Data => "data",
        },
        "type": &*block.addr.ty,
        "name": &*block.addr.name,
        "provider_config_key": providers.keys.get(&(path.to_vec(), block.provider.clone())),
        "schema_version": schema.map_or(0, |s| s.version),
    });
    let expressions = expressions(&block.body, schema, told);
    if expressions.as_object().is_some_and(|o| !o.is_empty()) {
        one["expressions"] = expressions;
    }
    put_repeat(&mut one, block.repeat.as_ref());
    put_depends_on(&mut one, &block.depends_on);
    one
}

fn expressions(body: &Body, schema: Option<&Schema>, told: Told<'_>) -> Json {
    of_written(&written(body), schema, told)
}

/// Arguments by name; nested blocks as lists, or as one object where there can be only one.
fn of_written(written: &Written, schema: Option<&Schema>, told: Told<'_>) -> Json {
    let hidden = |name| schema.and_then(|s| s.attributes.get(name)).is_some_and(|a| a.sensitive) && !told.reveal;
    let mut out: Map<String, Json> =
        written.arguments.iter().map(|(name, expr)| (name.to_string(), expression(expr, hidden(name)))).collect();
    for (name, inner) in &written.blocks {
        let nested = schema.and_then(|s| s.blocks.get(name));
        let one = of_written(inner, nested.map(|n| &n.block), told);
        if nested.is_some_and(|n| n.nesting == cplan_model::Nesting::Single) {
            out.insert(name.to_string(), one);
        } else if let Some(list) = out.entry(name.to_string()).or_insert_with(|| json!([])).as_array_mut() {
            list.push(one);
        }
    }
    Json::Object(out)
}

fn put_repeat(one: &mut Json, repeat: Option<&ForEach>) {
    let (name, expr) = match repeat {
        Some(ForEach::Count(expr)) => ("count_expression", expr),
        Some(ForEach::Each(expr)) => ("for_each_expression", expr),
        None => return,
    };
    let expression = expression(expr, false);
    if expression.as_object().is_some_and(|o| !o.is_empty()) {
        one[name] = expression;
    }
}

fn put_depends_on(one: &mut Json, depends_on: &[Spelled]) {
    if !depends_on.is_empty() {
        one["depends_on"] = depends_on.iter().map(whole).collect();
    }
}

/// The folder of a module as its call would name it.
fn source(from: &Path, to: &Path) -> String {
    let (a, b): (Vec<_>, Vec<_>) = (from.components().collect(), to.components().collect());
    let common = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let up = a[common..].iter().map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(b[common..].iter().copied()).collect();
    let text = path.display().to_string();
    if text.starts_with("..") { text } else { format!("./{text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(main: &str) -> Json {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("main.tf"), main).unwrap();
        let (config, found) = cplan_config::load(dir.path());
        assert!(!found.has_errors(), "{found:?}");
        configuration(&config, &Registry::default(), false)["root_module"].clone()
    }

    #[test]
    fn constants_and_references_are_told_as_terraform_tells_them() {
        let root = told(
            r#"
            variable "v" { default = { x = [{ y = 1 }], n = null } }
            locals { a = { b = [1] } }
            resource "terraform_data" "c" {
              input            = [var.v.x[0]["y"], local.a.b[0], upper("x"), var.v.n, var.v.n]
              triggers_replace = { a = 1 + 2, b = "x-${true}" }
            }
            resource "terraform_data" "d" {
              for_each   = { a = 1 }
              input      = [terraform_data.e[0].output.z, terraform_data.e[*].id, each.key]
              depends_on = [terraform_data.c]
            }
            resource "terraform_data" "e" {
              count = length(var.v.x)
              input = upper("a")
            }
            output "o" {
              value       = null
              description = "nothing"
            }
            "#,
        );
        assert_eq!(
            root["resources"],
            json!([
                {
                    "address": "terraform_data.c", "mode": "managed", "type": "terraform_data", "name": "c",
                    "provider_config_key": "terraform", "schema_version": 0,
                    "expressions": {
                        "input": {"references": [
                            "var.v.x[0][\"y\"]", "var.v.x[0]", "var.v.x", "var.v", "local.a.b[0]", "local.a.b", "local.a",
                            "var.v.n", "var.v", "var.v.n", "var.v",
                        ]},
                        "triggers_replace": {"constant_value": {"a": 3, "b": "x-true"}},
                    },
                },
                {
                    "address": "terraform_data.d", "mode": "managed", "type": "terraform_data", "name": "d",
                    "provider_config_key": "terraform", "schema_version": 0,
                    "expressions": {"input": {"references": [
                        "terraform_data.e[0].output.z", "terraform_data.e[0].output", "terraform_data.e[0]",
                        "terraform_data.e", "terraform_data.e", "each.key",
                    ]}},
                    "for_each_expression": {"constant_value": {"a": 1}},
                    "depends_on": ["terraform_data.c"],
                },
                {
                    "address": "terraform_data.e", "mode": "managed", "type": "terraform_data", "name": "e",
                    "provider_config_key": "terraform", "schema_version": 0,
                    "expressions": {"input": {}},
                    "count_expression": {"references": ["var.v.x", "var.v"]},
                },
            ])
        );
        assert_eq!(root["outputs"], json!({"o": {"expression": {"constant_value": null}, "description": "nothing"}}));
        assert_eq!(root["variables"], json!({"v": {"default": {"x": [{"y": 1}], "n": null}}}));
    }

    #[test]
    fn constants_of_what_is_sensitive_are_masked() {
        let root = told(
            r#"
            variable "pw" {
              default   = "hunter2"
              sensitive = true
            }
            output "o" {
              value     = "hunter2"
              sensitive = true
            }
            "#,
        );
        assert_eq!(root["variables"]["pw"]["default"], "(sensitive value)");
        assert_eq!(root["outputs"]["o"]["expression"], json!({"constant_value": "(sensitive value)"}));
    }
}
