//! A plan, its outputs and diagnostics as JSON lines, in the shapes of Terraform's machine-readable user interface.

use std::collections::BTreeMap;

use cplan_engine::{Change, DriftKind, OutputChange, Plan};
use cplan_model::{Action, Diagnostic, Severity};
use cplan_store::StateOutput;
use serde_json::{Map, Value as Json, json};

use super::event::{change_summary, line, resource, word};
use super::values::{json as value_json, type_json};
use crate::render::diagnostic::View;
use crate::render::reason::action_reason;

/// All lines of a plan: what drifted, what is to be done, how much that is, and the outputs.
pub(crate) fn plan(plan: &Plan, timestamp: &str) -> Vec<Json> {
    let mut lines = Vec::new();
    for entry in plan.drift.iter().filter(|d| d.counts()) {
        let action = if matches!(entry.kind, DriftKind::Changed(_)) { "update" } else { "delete" };
        let change = json!({"resource": resource(&entry.address), "action": action});
        let message = format!("{}: Drift detected ({action})", entry.address);
        lines.push(line("info", "resource_drift", &message, timestamp, "change", change));
    }
    lines.extend(plan.changes.iter().filter_map(|c| planned(c, timestamp)));
    for deferred in &plan.deferred {
        let waits_for: Vec<String> = deferred.waits_for.iter().map(ToString::to_string).collect();
        let change = json!({"resource": resource(&deferred.address), "waits_for": waits_for});
        let message = format!("{}: Deferred", deferred.address);
        lines.push(line("info", "deferred_change", &message, timestamp, "change", change));
    }
    lines.push(change_summary(plan.summary(), "plan", timestamp));
    if !plan.outputs.is_empty() {
        let told: Map<_, _> = plan.outputs.iter().map(|o| (o.name.to_string(), output(o))).collect();
        let message = format!("Outputs: {}", told.len());
        lines.push(line("info", "outputs", &message, timestamp, "outputs", Json::Object(told)));
    }
    lines
}

/// One instance; `None` for one that stays as and where it is.
fn planned(change: &Change, timestamp: &str) -> Option<Json> {
    let action = match change.action {
        Action::NoOp if change.importing.is_some() => "import",
        Action::NoOp if change.moved_from.is_some() => "move",
        Action::NoOp => return None,
        action => word(action),
    };
    let mut told = json!({"resource": resource(&change.address), "action": action});
    if let Some(from) = &change.moved_from {
        told["previous_resource"] = resource(from);
    }
    if let Some(id) = &change.importing {
        told["importing"] = json!({"id": id});
    }
    if let Some(reason) = change.reason.as_ref().and_then(|r| action_reason(change.action, r)) {
        told["reason"] = json!(match reason {
            "replace_by_request" => "requested",
            "replace_by_triggers" => "replace_triggered_by",
            other => other.strip_prefix("replace_because_").unwrap_or(other),
        });
    }
    let message = format!("{}: Plan to {action}", change.address);
    Some(line("info", "planned_change", &message, timestamp, "change", told))
}

fn output(output: &OutputChange) -> Json {
    let action = match (&output.before, &output.after) {
        _ if output.is_no_op() => "noop",
        (None, _) => "create",
        (_, None) => "delete",
        _ => "update",
    };
    json!({"sensitive": output.is_hidden(), "action": action})
}

/// The outputs after an apply; the value of a sensitive one is left out.
pub(crate) fn outputs(outputs: &BTreeMap<String, StateOutput>, timestamp: &str) -> Json {
    let one = |output: &StateOutput| {
        let mut told = json!({"sensitive": output.sensitive, "type": type_json(&output.value.ty())});
        if !output.sensitive {
            told["value"] = value_json(&output.value, true);
        }
        told
    };
    let told: Map<_, _> = outputs.iter().map(|(name, o)| (name.clone(), one(o))).collect();
    line("info", "outputs", &format!("Outputs: {}", told.len()), timestamp, "outputs", Json::Object(told))
}

/// A diagnostic.
pub(crate) fn diagnostic(diagnostic: &Diagnostic, view: &View<'_>, timestamp: &str) -> Json {
    let (level, word) = match diagnostic.severity {
        Severity::Error => ("error", "Error"),
        Severity::Warning => ("warn", "Warning"),
    };
    let message = format!("{word}: {}", diagnostic.summary);
    line(level, "diagnostic", &message, timestamp, "diagnostic", super::diagnostic::diagnostic(diagnostic, view))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cplan_model::{AttrPath, Reason};

    fn told(change: Change) -> Option<(String, Json)> {
        let mut line = planned(&change, "")?;
        let mut change = line["change"].take();
        change.as_object_mut().unwrap().remove("resource");
        Some((line["@message"].as_str().unwrap().to_owned(), change))
    }

    #[test]
    fn reasons_and_moves_are_told_in_terraforms_words() {
        let change = |action, reason| Change::new("a.b".parse().unwrap(), action, reason);
        let cannot = Reason::CannotUpdate(vec![AttrPath::attr("x")]);
        for (reason, word) in [
            (cannot, "cannot_update"),
            (Reason::Tainted, "tainted"),
            (Reason::Requested, "requested"),
            (Reason::Triggered("a.c".into()), "replace_triggered_by"),
        ] {
            let expect = ("a.b: Plan to replace".to_owned(), json!({"action": "replace", "reason": word}));
            assert_eq!(told(change(Action::Replace, Some(reason))), Some(expect));
        }
        let reason = json!({"action": "remove", "reason": "delete_because_no_resource_config"});
        let forgotten = told(change(Action::Forget, Some(Reason::RemovedBlock)));
        assert_eq!(forgotten, Some(("a.b: Plan to remove".to_owned(), reason)));
        assert_eq!(told(change(Action::NoOp, None)), None);
        let moved = Change { moved_from: Some("a.c[0]".parse().unwrap()), ..change(Action::NoOp, None) };
        assert_eq!(told(moved).unwrap().0, "a.b: Plan to move");
        let imported = Change { importing: Some("i".into()), ..change(Action::Update, Some(Reason::Configuration)) };
        assert_eq!(told(imported).unwrap().1, json!({"action": "update", "importing": {"id": "i"}}));
    }
}
