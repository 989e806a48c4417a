//! The configuration as far as a plan's JSON tells it: what is declared, module by module.

use std::sync::Arc;

use cplan_config::{Config, Module, ResourceBlock};
use cplan_model::Mode;
use serde_json::{Map, Value as Json, json};

use super::state::provider_name;

/// `configuration` of a plan's JSON.
pub(crate) fn configuration(config: &Config) -> Json {
    let mut providers = Map::new();
    collect_providers(&config.root, &mut providers);
    json!({"provider_config": providers, "root_module": module(&config.root)})
}

fn collect_providers(of: &Module, into: &mut Map<String, Json>) {
    for name in of.providers.keys().chain(of.resources.values().map(|r| &r.provider)).map(|p| &p.name) {
        into.entry(name.to_string()).or_insert_with(|| json!({"name": &**name, "full_name": provider_name(name)}));
    }
    of.calls.values().for_each(|call| collect_providers(&call.module, into));
}

fn module(of: &Module) -> Json {
    let mut out = Map::new();
    let mut put = |name: &str, members: Map<String, Json>| {
        if !members.is_empty() {
            out.insert(name.to_owned(), Json::Object(members));
        }
    };
    put(
        "variables",
        named(&of.variables, |v| {
            let mut one = json!({});
            if let Some(text) = &v.description {
                one["description"] = json!(text);
            }
            if v.sensitive {
                one["sensitive"] = json!(true);
            }
            one
        }),
    );
    put("outputs", named(&of.outputs, |o| if o.sensitive { json!({"sensitive": true}) } else { json!({}) }));
    put("module_calls", named(&of.calls, |c| json!({"module": module(&c.module)})));
    if !of.resources.is_empty() {
        out.insert("resources".to_owned(), of.resources.values().map(resource).collect());
    }
    Json::Object(out)
}

fn named<'a, T: 'a>(
    members: impl IntoIterator<Item = (&'a Arc<str>, &'a T)>,
    f: impl Fn(&T) -> Json,
) -> Map<String, Json> {
    members.into_iter().map(|(name, member)| (name.to_string(), f(member))).collect()
}

fn resource(block: &ResourceBlock) -> Json {
    json!({
        "address": block.addr.to_string(),
        "mode": match block.addr.mode {
            Mode::Managed => "managed",
            Mode::Data => "data",
        },
        "type": &*block.addr.ty,
        "name": &*block.addr.name,
        "provider_config_key": block.provider.to_string(),
    })
}
