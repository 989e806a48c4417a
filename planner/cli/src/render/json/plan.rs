//! A plan in the shape of `terraform show -json PLAN` (format 1.2).

use std::collections::BTreeMap;

use cplan_config::Config;
use cplan_engine::{Change, DriftEntry, DriftKind, OutputChange, Plan, Registry};
use cplan_model::{Action, Diagnostics, ModuleInstance, Step, Value};
use cplan_store::{RecordKey, State};
use serde_json::{Map, Value as Json, json};

use super::state::{address, module_tree, provider_name};
use super::values::{json as value_json, sensitive, unknown};
use crate::render::diagnostic::View;
use crate::render::reason::action_reason;
use crate::render::sensitive::{marked, marked_change, schema_of};

/// What a plan's JSON is made of.
pub(crate) struct PlanDocument<'a> {
    /// The plan.
    pub(crate) plan: &'a Plan,
    /// The configuration.
    pub(crate) config: &'a Config,
    /// The state it was made from.
    pub(crate) state: &'a State,
    /// For the schemas.
    pub(crate) registry: &'a Registry,
    /// Warnings.
    pub(crate) diagnostics: &'a Diagnostics,
    /// Show sensitive values.
    pub(crate) reveal: bool,
    /// When it was made, in RFC 3339.
    pub(crate) timestamp: String,
}

/// The document.
pub(crate) fn plan(document: &PlanDocument<'_>, view: &View<'_>) -> Json {
    let PlanDocument { plan, config, state, registry, diagnostics, reveal, timestamp } = document;
    let drift: Vec<Json> = plan.drift.iter().filter_map(|d| drift(d, plan, state, registry, *reveal)).collect();
    let outputs = plan.outputs.iter().map(|o| (o.name.to_string(), output(o, *reveal)));
    let mut out = json!({
        "format_version": "1.2",
        "terraform_version": env!("CARGO_PKG_VERSION"),
        "planned_values": planned_values(plan, registry, *reveal),
        "resource_changes": plan.changes.iter().map(|c| change(c, registry, *reveal)).collect::<Vec<_>>(),
        "output_changes": Json::Object(outputs.collect::<Map<_, _>>()),
        "prior_state": super::state::state(state, registry, *reveal),
        "configuration": super::configuration::configuration(config),
        "timestamp": timestamp,
        "applyable": !plan.is_empty(),
        "complete": true,
        "errored": false,
    });
    if !drift.is_empty() {
        out["resource_drift"] = json!(drift);
    }
    if !diagnostics.is_empty() {
        out["diagnostics"] = diagnostics.iter().map(|d| super::diagnostic::diagnostic(d, view)).collect();
    }
    out
}

/// One element of `resource_changes`.
pub(crate) fn change(change: &Change, registry: &Registry, reveal: bool) -> Json {
    let schema = schema_of(registry, &change.address);
    let change = &marked_change(schema, change);
    let mut out = header(change, registry);
    out["change"] = sides(change.action, change.before.as_ref(), change.after.as_ref(), reveal);
    let forcing: Vec<Json> =
        change.attributes.iter().filter(|a| a.forces_replace).map(|a| a.path.0.iter().map(step).collect()).collect();
    // What is only deleted has nothing that forces it.
    if change.action == Action::Replace && !forcing.is_empty() {
        out["change"]["replace_paths"] = json!(forcing);
    }
    if let Some(reason) = change.reason.as_ref().and_then(|r| action_reason(change.action, r)) {
        out["action_reason"] = json!(reason);
    }
    out
}

fn header(change: &Change, registry: &Registry) -> Json {
    let mut out = address(&change.address);
    if !change.address.module.is_root() {
        out["module_address"] = json!(change.address.module.to_string());
    }
    let ty = &*change.address.resource.ty;
    let provider = registry.iter().find(|p| p.resource(ty).is_some() || p.data_source(ty).is_some());
    out["provider_name"] = json!(provider_name(provider.map_or("", |p| p.name())));
    out
}

fn sides(action: Action, before: Option<&Value>, after: Option<&Value>, reveal: bool) -> Json {
    let actions = match action {
        Action::NoOp => json!(["no-op"]),
        Action::Read => json!(["read"]),
        Action::Create => json!(["create"]),
        Action::Update => json!(["update"]),
        Action::Replace => json!(["delete", "create"]),
        Action::Delete => json!(["delete"]),
    };
    json!({
        "actions": actions,
        "before": before.map_or(Json::Null, |v| value_json(v, reveal)),
        "after": after.map_or(Json::Null, |v| value_json(v, reveal)),
        "after_unknown": after.map_or(json!({}), unknown),
        "before_sensitive": before.map_or(json!(false), sensitive),
        "after_sensitive": after.map_or(json!(false), sensitive),
    })
}

fn step(step: &Step) -> Json {
    match step {
        Step::Attr(name) | Step::Key(name) => json!(&**name),
        Step::Index(n) => json!(n),
        Step::Element(value) => value_json(value, false),
    }
}

fn output(output: &OutputChange, reveal: bool) -> Json {
    let action = match (&output.before, &output.after) {
        (before, after) if before == after => Action::NoOp,
        (None, _) => Action::Create,
        (_, None) => Action::Delete,
        _ => Action::Update,
    };
    let mark = |v: &Option<Value>| {
        let marks = if output.sensitive { cplan_model::Marks::SENSITIVE } else { cplan_model::Marks::NONE };
        v.clone().map(|v| v.mark(marks))
    };
    let mut out = sides(action, mark(&output.before).as_ref(), mark(&output.after).as_ref(), reveal);
    // An output is sensitive as a whole, before and after, whether or not there is a value then.
    out["before_sensitive"] = json!(output.sensitive);
    out["after_sensitive"] = json!(output.sensitive);
    if output.after.as_ref().is_none_or(Value::is_wholly_known) {
        out["after_unknown"] = json!(false);
    }
    out
}

fn drift(entry: &DriftEntry, plan: &Plan, state: &State, registry: &Registry, reveal: bool) -> Option<Json> {
    let change = plan.changes.iter().find(|c| c.address == entry.address)?;
    let record = state.records.get(&RecordKey::from(entry.address.clone()))?;
    let schema = schema_of(registry, &entry.address);
    let before = marked(schema, &record.values);
    let (action, after) = match entry.kind {
        DriftKind::Changed(_) => (Action::Update, change.before.as_ref().map(|v| marked(schema, v))),
        DriftKind::Missing | DriftKind::LostByRestart => (Action::Delete, None),
        DriftKind::Unreachable(_) => return None,
    };
    let mut out = header(change, registry);
    out["change"] = sides(action, Some(&before), after.as_ref(), reveal);
    Some(out)
}

fn planned_values(plan: &Plan, registry: &Registry, reveal: bool) -> Json {
    let mut modules: BTreeMap<ModuleInstance, Vec<Json>> = BTreeMap::new();
    for change in plan.changes.iter().filter(|c| c.action != Action::Delete) {
        let Some(after) = &change.after else { continue };
        let schema = schema_of(registry, &change.address);
        let values = marked(schema, after);
        let mut resource = header(change, registry);
        if let Some(object) = resource.as_object_mut() {
            object.remove("module_address");
        }
        resource["schema_version"] = json!(schema.map_or(0, |s| s.version));
        resource["values"] = value_json(&values, reveal);
        resource["sensitive_values"] = sensitive(&values);
        modules.entry(change.address.module.clone()).or_default().push(resource);
    }
    let mut outputs = Map::new();
    for output in &plan.outputs {
        let Some(after) = &output.after else { continue };
        let mut one = json!({"sensitive": output.sensitive});
        if after.is_wholly_known() {
            one["type"] = super::values::type_json(&after.ty());
            let marks = if output.sensitive { cplan_model::Marks::SENSITIVE } else { cplan_model::Marks::NONE };
            one["value"] = value_json(&after.clone().mark(marks), reveal);
        }
        outputs.insert(output.name.to_string(), one);
    }
    let mut out = json!({"root_module": module_tree(&mut modules)});
    if !outputs.is_empty() {
        out["outputs"] = Json::Object(outputs);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use cplan_model::{AttrChange, AttrPath, Marks, Reason, Type};

    #[test]
    fn a_replacement_has_terraforms_shape() {
        let values = |path: &str, id: Value| {
            Value::object([
                ("path", Value::string(path)),
                ("pw", Value::string("x").mark(Marks::SENSITIVE)),
                ("id", id),
            ])
        };
        let path = AttrPath::attr("path");
        let one = Change {
            address: "module.a.lab_file.f[\"k\"]".parse().unwrap(),
            action: Action::Replace,
            reason: Some(Reason::CannotUpdate(vec![path.clone()])),
            before: Some(values("/a", Value::string("1"))),
            after: Some(values("/b", Value::unknown(Type::String))),
            attributes: vec![AttrChange {
                path,
                before: Some(Value::string("/a")),
                after: Some(Value::string("/b")),
                sensitive: false,
                forces_replace: true,
            }],
            disruption: None,
            container: None,
        };
        assert_eq!(
            change(&one, &Registry::default(), false),
            json!({
                "address": "module.a.lab_file.f[\"k\"]", "module_address": "module.a", "mode": "managed",
                "type": "lab_file", "name": "f", "index": "k", "provider_name": "cplan.local/cplan/",
                "change": {
                    "actions": ["delete", "create"],
                    "before": {"id": "1", "path": "/a", "pw": "(sensitive value)"},
                    "after": {"path": "/b", "pw": "(sensitive value)"},
                    "after_unknown": {"id": true},
                    "before_sensitive": {"pw": true},
                    "after_sensitive": {"pw": true},
                    "replace_paths": [["path"]],
                },
                "action_reason": "replace_because_cannot_update",
            })
        );
    }
}
