//! A plan in the shape of `terraform show -json PLAN` (format 1.2).

use std::collections::{BTreeMap, HashMap};

use cplan_engine::{
    Amendment, Change, DeferReason, Deferred, DriftEntry, DriftKind, OutputChange, Plan, PlanMode, Registry,
    dependencies,
};
use cplan_model::{Action, Diagnostics, InstanceAddr, Marks, ModuleInstance, Reason, Schema, Step, Value};
use cplan_store::{RecordKey, State};
use serde_json::{Map, Value as Json, json};

use super::dependency::Dependencies;
use super::state::{Told, address, document, module_tree, provider_name, shown};
use super::values::{json as value_json, sensitive, type_json, unknown};
use crate::commands::MARK;
use crate::render::diagnostic::View;
use crate::render::reason::action_reason;
use crate::render::sensitive::{marked_change, schema_of};

/// What a plan's JSON is made of.
pub(crate) struct PlanDocument<'a> {
    /// The plan, with its configuration.
    pub(crate) plan: &'a Plan,
    /// The state it was made from, where that is at hand.
    pub(crate) state: Option<&'a State>,
    /// For the schemas.
    pub(crate) registry: &'a Registry,
    /// Warnings.
    pub(crate) diagnostics: &'a Diagnostics,
    /// Show sensitive values.
    pub(crate) reveal: bool,
    /// When it was made, in RFC 3339.
    pub(crate) timestamp: String,
}

/// The document. Members that would be empty are left out, as Terraform does. Beyond Terraform's: `diagnostics`.
pub(crate) fn plan(it: &PlanDocument<'_>, view: &View<'_>) -> Json {
    let plan = it.plan;
    let mut out = json!({
        "format_version": "1.2",
        "terraform_version": env!("CARGO_PKG_VERSION"),
        "planned_values": planned_values(plan, it.registry, it.reveal),
        "configuration": super::configuration::configuration(&plan.config, it.registry, it.reveal),
        "timestamp": it.timestamp,
        "applyable": !plan.errored && !plan.is_empty(),
        "complete": !plan.errored && plan.deferred.is_empty() && !plan.partial,
        "errored": plan.errored,
    });
    let mut put = |name: &str, list: Vec<Json>| {
        if !list.is_empty() {
            out[name] = Json::Array(list);
        }
    };
    put("resource_drift", drifted(it));
    let told = |c: &Change| {
        let mut told = change(c, it.registry, it.reveal);
        if let Some(block) = generated(plan, c) {
            told["change"]["generated_config"] = json!(block);
        }
        told
    };
    put("resource_changes", plan.changes.iter().map(told).collect());
    put("deferred_changes", plan.deferred.iter().map(|d| deferred(d, it.registry)).collect());
    put("relevant_attributes", super::relevant::relevant_attributes(plan, it.state));
    put("checks", super::checks::checks(&plan.checks));
    put("diagnostics", it.diagnostics.iter().map(|d| super::diagnostic::diagnostic(d, view)).collect());
    let variables = plan.variables();
    if !variables.is_empty() {
        let value = |v: &Value| json!({"value": value_json(v, it.reveal)});
        out["variables"] = variables.iter().map(|(name, v)| (name.to_string(), value(v))).collect::<Map<_, _>>().into();
    }
    if !plan.outputs.is_empty() {
        let outputs = plan.outputs.iter().map(|o| (o.name.to_string(), output(o, it.reveal)));
        out["output_changes"] = outputs.collect::<Map<_, _>>().into();
    }
    // What was written with the plan is not configuration yet.
    if plan.changes.iter().any(|c| generated(plan, c).is_some())
        && let Some(written) = out["configuration"]["root_module"]["resources"].as_array_mut()
    {
        let blocks: Vec<String> =
            plan.changes.iter().filter(|c| generated(plan, c).is_some()).map(|c| c.address.to_string()).collect();
        written.retain(|r| !blocks.iter().any(|block| r["address"] == block.as_str()));
    }
    if let Some(prior) = prior_state(it) {
        out["prior_state"] = prior;
    }
    out
}

/// The block that was written with the plan for what is taken in.
fn generated<'p>(plan: &'p Plan, change: &Change) -> Option<&'p str> {
    change.importing.as_ref()?;
    let block = plan.config.root.resources.get(&change.address.resource)?;
    let (file, span) = plan.config.sources.find(block.span)?;
    let text = file.text.strip_prefix(MARK).and(file.text.get(span.start as usize..))?;
    text.find("\n}").map(|end| &text[..end + 2])
}

/// One element of `resource_changes`.
pub(crate) fn change(change: &Change, registry: &Registry, reveal: bool) -> Json {
    let mut out = header(&change.address, registry);
    let schema = schema_of(registry, &change.address);
    let (before, after) = if reveal {
        let side = |v: &Option<Value>| v.as_ref().map(|v| shown(schema, v, true));
        (side(&change.before), side(&change.after))
    } else {
        let change = marked_change(schema, change).into_owned();
        (change.before, change.after)
    };
    let mut told = sides(actions(change), before.as_ref(), after.as_ref(), reveal);
    let mut forcing: Vec<Json> = Vec::new();
    for path in change.attributes.iter().filter(|a| a.forces_replace).map(|a| argument(schema, &a.path.0)) {
        let path: Json = path.iter().map(step).collect();
        if !forcing.contains(&path) {
            forcing.push(path);
        }
    }
    // What is only deleted has nothing that forces it.
    if change.action == Action::Replace && !forcing.is_empty() {
        told["replace_paths"] = json!(forcing);
    }
    if let Some(id) = &change.importing {
        told["importing"] = json!({"id": id});
    }
    out["change"] = told;
    if let Some(from) = &change.moved_from {
        out["previous_address"] = json!(from.to_string());
    }
    if let Some(deposed) = &change.deposed {
        out["deposed"] = json!(deposed);
    }
    if let Some(reason) = change.reason.as_ref().and_then(|r| action_reason(change.action, r)) {
        out["action_reason"] = json!(reason);
    }
    out
}

fn header(of: &InstanceAddr, registry: &Registry) -> Json {
    let mut out = address(of);
    if !of.module.is_root() {
        out["module_address"] = json!(of.module.to_string());
    }
    let ty = &*of.resource.ty;
    let provider = registry.iter().map(|(_, p)| p).find(|p| p.resource(ty).is_some() || p.data_source(ty).is_some());
    out["provider_name"] = json!(provider_name(provider.map_or("", |p| p.name())));
    out
}

fn actions(change: &Change) -> Json {
    match change.action {
        Action::NoOp => json!(["no-op"]),
        Action::Read => json!(["read"]),
        Action::Create => json!(["create"]),
        Action::Update => json!(["update"]),
        Action::Replace if change.create_first => json!(["create", "delete"]),
        Action::Replace => json!(["delete", "create"]),
        Action::Forget => json!(["forget"]),
        Action::Delete => json!(["delete"]),
    }
}

fn sides(actions: Json, before: Option<&Value>, after: Option<&Value>, reveal: bool) -> Json {
    let mut out = json!({
        "actions": actions,
        "before": before.map_or(Json::Null, |v| value_json(v, reveal)),
        "after_unknown": after.filter(|v| !v.is_wholly_known()).map_or(json!({}), unknown),
        "before_sensitive": before.map_or(json!(false), sensitive),
        "after_sensitive": after.map_or(json!(false), sensitive),
    });
    // What is wholly unknown has no value, not even null.
    if after.is_none_or(Value::is_known) {
        out["after"] = after.map_or(Json::Null, |v| value_json(v, reveal));
    }
    out
}

/// A path up to the argument that the schema knows, however deep in its value the change is.
fn argument<'p>(schema: Option<&Schema>, path: &'p [Step]) -> &'p [Step] {
    let mut schema = schema;
    for (at, step) in path.iter().enumerate() {
        let Step::Attr(name) = step else { continue };
        match schema.and_then(|s| s.blocks.get(name)) {
            Some(nested) => schema = Some(&nested.block),
            None => return &path[..=at],
        }
    }
    path
}

/// A step of a path: a name or a number.
pub(crate) fn step(step: &Step) -> Json {
    match step {
        Step::Attr(name) | Step::Key(name) => json!(&**name),
        Step::Index(n) => json!(n),
        Step::Element(value) => value_json(value, false),
    }
}

fn output(output: &OutputChange, reveal: bool) -> Json {
    let action = match (&output.before, &output.after) {
        _ if output.is_no_op() => "no-op",
        (None, _) => "create",
        (_, None) => "delete",
        _ => "update",
    };
    let hidden = output.is_hidden();
    let marks = if hidden { Marks::SENSITIVE } else { Marks::NONE };
    let mark = |v: &Option<Value>| v.clone().map(|v| v.mark(marks));
    let mut out = sides(json!([action]), mark(&output.before).as_ref(), mark(&output.after).as_ref(), reveal);
    // An output is sensitive as a whole, before and after, whether or not there is a value then.
    out["before_sensitive"] = json!(hidden);
    out["after_sensitive"] = json!(hidden);
    if output.after.as_ref().is_none_or(Value::is_wholly_known) {
        out["after_unknown"] = json!(false);
    }
    out
}

fn drifted(it: &PlanDocument<'_>) -> Vec<Json> {
    let Some(state) = it.state else { return Vec::new() };
    if it.plan.mode == PlanMode::RefreshOnly {
        return moved(state, it);
    }
    if it.plan.drift.is_empty() {
        return Vec::new();
    }
    let changes: HashMap<&InstanceAddr, &Change> = it.plan.changes.iter().map(|c| (&c.address, c)).collect();
    it.plan.drift.iter().filter_map(|d| drift(d, changes.get(&d.address)?, state, it)).collect()
}

/// What a plan that changes nothing finds elsewhere: objects that have another address now.
fn moved(state: &State, it: &PlanDocument<'_>) -> Vec<Json> {
    let objects = it.plan.moves().into_iter().filter(|(_, to)| to.deposed.is_none());
    let told = objects.filter_map(|(from, to)| {
        let values = shown(schema_of(it.registry, &to.address), &state.records.get(from)?.values, it.reveal);
        let mut out = header(&to.address, it.registry);
        out["change"] = sides(json!(["no-op"]), Some(&values), Some(&values), it.reveal);
        out["previous_address"] = json!(from.address.to_string());
        Some(out)
    });
    told.collect()
}

fn drift(entry: &DriftEntry, change: &Change, state: &State, it: &PlanDocument<'_>) -> Option<Json> {
    let was = change.moved_from.as_ref().unwrap_or(&entry.address);
    let record = state.records.get(&RecordKey::from(was.clone()))?;
    let schema = schema_of(it.registry, &entry.address);
    let side = |v: &Value| shown(schema, v, it.reveal);
    let (action, after) = match entry.kind {
        DriftKind::Changed(_) => ("update", change.before.as_ref().map(side)),
        DriftKind::Missing | DriftKind::LostByRestart => ("delete", None),
        DriftKind::Unreachable(_) => return None,
    };
    let mut out = header(&entry.address, it.registry);
    out["change"] = sides(json!([action]), Some(&side(&record.values)), after.as_ref(), it.reveal);
    if let Some(from) = &change.moved_from {
        out["previous_address"] = json!(from.to_string());
    }
    Some(out)
}

/// A block whose instances wait. Beyond Terraform's: `waits_for`.
fn deferred(deferred: &Deferred, registry: &Registry) -> Json {
    let mut resource = header(&deferred.address, registry);
    resource["index_unknown"] = json!(deferred.reason == DeferReason::InstancesUnknown);
    resource["change"] = sides(json!(["create"]), None, deferred.known.as_ref(), false);
    let waits_for: Vec<String> = deferred.waits_for.iter().map(ToString::to_string).collect();
    json!({
        "reason": match deferred.reason {
            DeferReason::InstancesUnknown => "instance_count_unknown",
            DeferReason::Prerequisite => "deferred_prereq",
        },
        "resource_change": resource,
        "waits_for": waits_for,
    })
}

fn planned_values(plan: &Plan, registry: &Registry, reveal: bool) -> Json {
    let mut modules: BTreeMap<ModuleInstance, Vec<Json>> = BTreeMap::new();
    for change in plan.changes.iter().filter(|c| c.deposed.is_none()) {
        // What is forgotten is still there, but nobody says how.
        if change.after.is_none() && change.action != Action::Forget {
            continue;
        }
        let schema = schema_of(registry, &change.address);
        let values = change.after.as_ref().map(|after| shown(schema, after, reveal));
        let mut resource = header(&change.address, registry);
        if let Some(object) = resource.as_object_mut() {
            object.remove("module_address");
        }
        resource["schema_version"] = json!(schema.map_or(0, |s| s.version));
        resource["sensitive_values"] = values.as_ref().map_or(json!(false), sensitive);
        if let Some(values) = &values {
            resource["values"] = value_json(values, reveal);
        }
        modules.entry(change.address.module.clone()).or_default().push(resource);
    }
    let mut outputs = Map::new();
    for output in plan.outputs.iter().filter(|o| plan.config.root.outputs.contains_key(&o.name)) {
        let mut one = json!({"sensitive": output.is_hidden()});
        let null = Value::null(cplan_model::Type::Dynamic);
        let after = output.after.as_ref().unwrap_or(&null);
        if after.is_wholly_known() {
            one["type"] = type_json(&after.ty());
            let marks = if output.is_hidden() { Marks::SENSITIVE } else { Marks::NONE };
            one["value"] = value_json(&after.clone().mark(marks), reveal);
        }
        outputs.insert(output.name.to_string(), one);
    }
    let mut out = json!({"root_module": module_tree(&mut modules)});
    if !outputs.is_empty() && plan.mode != cplan_engine::PlanMode::Destroy {
        out["outputs"] = Json::Object(outputs);
    }
    out
}

/// What is, as it was read: at the addresses of the plan, and with the outputs that are known already, as Terraform does.
fn prior_state(it: &PlanDocument<'_>) -> Option<Json> {
    let recorded = it.state.map(Dependencies::of).unwrap_or_default();
    let configured = dependencies(&it.plan.config);
    let configured: Dependencies = configured.iter().collect();
    let mut objects: BTreeMap<(&InstanceAddr, Option<&str>), Told<'_>> = BTreeMap::new();
    // What the plan does not speak of, because it was left out, is as the state has it.
    for (key, record) in it.state.iter().flat_map(|s| &s.records) {
        objects.insert((&key.address, key.deposed.as_deref()), Told::of(key, record, &recorded));
    }
    for amendment in &it.plan.amendments {
        match amendment {
            Amendment::Refresh { key, record } => {
                let before = objects.remove(&(&key.address, key.deposed.as_deref()));
                if let Some(record) = record {
                    let mut told = Told::of(key, record, &recorded);
                    told.depends_on.extend(before.into_iter().flat_map(|told| told.depends_on));
                    objects.insert((&key.address, key.deposed.as_deref()), told);
                }
            }
            Amendment::Move { from, to } => {
                if let Some(told) = objects.remove(&(&from.address, from.deposed.as_deref())) {
                    let moved = Told { address: &to.address, ..told };
                    objects.insert((&to.address, to.deposed.as_deref()), moved);
                }
            }
            Amendment::Adopt { .. } | Amendment::Forget { .. } => {}
        }
    }
    for change in &it.plan.changes {
        let deposed = change.deposed.as_deref();
        let recorded = objects.remove(&(&change.address, deposed));
        let Some(values) = &change.before else { continue };
        // What stays depends on what the configuration says; what changes still on what it did as well.
        let mut depends_on = recorded.as_ref().map(|r| r.depends_on.clone()).unwrap_or_default();
        // Who does not look at the world has what changes as the state has it, before all moves.
        let looked = it.plan.refreshed || change.action == Action::NoOp;
        if looked && change.importing.is_none() && deposed.is_none() {
            let now = configured.of_resource(&change.address);
            // A plan that destroys looks first at what there is by the configuration.
            let settled = it.plan.mode == PlanMode::Destroy && !now.is_empty();
            let stays = change.action == Action::NoOp && it.plan.mode != PlanMode::RefreshOnly;
            if stays || settled {
                depends_on.clear();
            }
            depends_on.extend(now);
        }
        let ty = &change.address.resource.ty;
        let provider =
            || it.registry.iter().map(|(_, p)| p).find(|p| p.resource(ty).is_some()).map_or("", |p| p.name());
        let told = Told {
            address: &change.address,
            deposed,
            provider: recorded.as_ref().map_or_else(provider, |r| r.provider),
            schema_version: schema_of(it.registry, &change.address).map_or(0, |s| s.version),
            values,
            depends_on,
            tainted: recorded.as_ref().map_or(change.reason == Some(Reason::Tainted), |r| r.tainted),
        };
        objects.insert((&change.address, deposed), told);
    }
    let recorded = it.state.iter().flat_map(|s| &s.outputs).map(|(name, o)| (name.as_str(), (&o.value, o.sensitive)));
    let mut outputs: BTreeMap<&str, (&Value, bool)> = recorded.collect();
    for output in &it.plan.outputs {
        let known = output.after.as_ref().filter(|v| v.is_wholly_known());
        if let Some(value) = known.or(output.before.as_ref()) {
            outputs.insert(&output.name, (value, output.sensitive));
        }
    }
    document(objects.into_values(), outputs.into_iter().map(|(n, (v, hidden))| (n, v, hidden)), it.registry, it.reveal)
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
        let address = "module.a.lab_file.f[\"k\"]".parse().unwrap();
        let reason = Some(Reason::CannotUpdate(vec![path.clone()]));
        let one = Change {
            before: Some(values("/a", Value::string("1"))),
            after: Some(values("/b", Value::unknown(Type::String))),
            attributes: vec![AttrChange {
                path,
                before: Some(Value::string("/a")),
                after: Some(Value::string("/b")),
                sensitive: false,
                forces_replace: true,
            }],
            ..Change::new(address, Action::Replace, reason)
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
