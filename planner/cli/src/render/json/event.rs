//! What goes on as JSON lines, in the shapes of Terraform's machine-readable user interface.

use std::time::Duration;

use cplan_engine::{Event, Summary};
use cplan_model::{Action, InstanceAddr, InstanceKey};
use serde_json::{Value as Json, json};

use crate::render::progress::doing;

/// The line of an event; `None` for those that have none. `elapsed` is since the step began, `id` the object's `id`
/// attribute where it is known, `timestamp` in RFC 3339.
pub(crate) fn event(event: &Event, elapsed: Duration, id: Option<&str>, timestamp: &str) -> Option<Json> {
    let seconds = elapsed.as_secs();
    Some(match event {
        Event::StepStarted { address, action, .. } => {
            let mut hook = json!({"resource": resource(address), "action": word(*action)});
            let remark = put_id(&mut hook, id.filter(|_| *action != Action::Create));
            let message = format!("{address}: {}...{remark}", doing(*action));
            line("info", "apply_start", &message, timestamp, "hook", hook)
        }
        // Beyond Terraform's: `status`, what the step waits for.
        Event::StepStatus { address, text, .. } => {
            let hook = json!({"resource": resource(address), "elapsed_seconds": seconds, "status": text});
            line("info", "apply_progress", &format!("{address}: {text} [{seconds}s elapsed]"), timestamp, "hook", hook)
        }
        Event::StepNote { address, text, .. } => {
            let hook = json!({"resource": resource(address), "note": text});
            line("warn", "apply_note", &format!("{address}: {text}"), timestamp, "hook", hook)
        }
        Event::StepFinished { address, action, .. } => {
            let mut hook = json!({"resource": resource(address), "action": word(*action), "elapsed_seconds": seconds});
            let remark = put_id(&mut hook, id.filter(|_| *action != Action::Delete));
            let message = format!("{address}: {} complete after {}{remark}", done(*action), duration(seconds));
            line("info", "apply_complete", &message, timestamp, "hook", hook)
        }
        Event::StepFailed { address, action, .. } => {
            let hook = json!({"resource": resource(address), "action": word(*action), "elapsed_seconds": seconds});
            let message = format!("{address}: {} errored after {}", done(*action), duration(seconds));
            line("info", "apply_errored", &message, timestamp, "hook", hook)
        }
        Event::StepSkipped { address, because, .. } => {
            let hook = json!({"resource": resource(address), "because": because});
            line("warn", "apply_skipped", &format!("{address}: skipped: {because}"), timestamp, "hook", hook)
        }
        Event::Settled { address, outcome } => {
            let hook = json!({"resource": resource(address), "outcome": outcome});
            line("info", "settled", &format!("{address}: {outcome}"), timestamp, "hook", hook)
        }
        Event::Settling { .. } | Event::RefreshStarted { .. } | Event::RefreshFinished | Event::StepLog { .. } => {
            return None;
        }
    })
}

/// An object is read back, or has been.
pub(crate) fn refresh(address: &InstanceAddr, id: Option<&str>, complete: bool, timestamp: &str) -> Json {
    let mut hook = json!({"resource": resource(address)});
    let remark = put_id(&mut hook, id);
    let (ty, what) =
        if complete { ("refresh_complete", "Refresh complete") } else { ("refresh_start", "Refreshing state...") };
    line("info", ty, &format!("{address}: {what}{remark}"), timestamp, "hook", hook)
}

/// The first line.
pub(crate) fn version(timestamp: &str) -> Json {
    let version = env!("CARGO_PKG_VERSION");
    let mut out = line("info", "version", &format!("cplan {version}"), timestamp, "terraform", json!(version));
    out["ui"] = json!("1.2");
    out
}

/// The counts of a plan, or of what was done by an `apply` or a `destroy`.
pub(crate) fn change_summary(summary: Summary, operation: &str, timestamp: &str) -> Json {
    let Summary { create, update, delete, import, .. } = summary;
    let taken_in = |verb: &str| if import > 0 { format!("{import} {verb}, ") } else { String::new() };
    let message = match operation {
        "plan" => format!("Plan: {}{create} to add, {update} to change, {delete} to destroy.", taken_in("to import")),
        "destroy" => format!("Destroy complete! Resources: {delete} destroyed."),
        _ => {
            let imported = taken_in("imported");
            format!("Apply complete! Resources: {imported}{create} added, {update} changed, {delete} destroyed.")
        }
    };
    let changes = json!({"add": create, "change": update, "import": import, "remove": delete, "operation": operation});
    line("info", "change_summary", &message, timestamp, "changes", changes)
}

/// Any line: its level, type, message and one member of its own.
pub(crate) fn line(level: &str, ty: &str, message: &str, timestamp: &str, name: &str, member: Json) -> Json {
    let mut out = json!({
        "@level": level, "@message": message, "@module": "terraform.ui", "@timestamp": timestamp, "type": ty,
    });
    out[name] = member;
    out
}

/// An instance.
pub(crate) fn resource(address: &InstanceAddr) -> Json {
    json!({
        "addr": address.to_string(),
        "module": address.module.to_string(),
        "resource": InstanceAddr { module: Default::default(), ..address.clone() }.to_string(),
        "implied_provider": &*cplan_config::ProviderRef::of_type(&address.resource.ty).name,
        "resource_type": &*address.resource.ty,
        "resource_name": &*address.resource.name,
        "resource_key": match &address.key {
            Some(InstanceKey::Int(n)) => json!(n),
            Some(InstanceKey::Str(s)) => json!(&**s),
            None => Json::Null,
        },
    })
}

/// Adds the id, and gives what the message says of it.
fn put_id(hook: &mut Json, id: Option<&str>) -> String {
    let Some(id) = id else { return String::new() };
    hook["id_key"] = json!("id");
    hook["id_value"] = json!(id);
    format!(" [id={id}]")
}

/// `1m5s`
fn duration(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest}s"),
        (0, _) => format!("{minutes}m{rest}s"),
        _ => format!("{hours}h{minutes}m{rest}s"),
    }
}

fn done(action: Action) -> &'static str {
    match action {
        Action::NoOp => "Check",
        Action::Read => "Read",
        Action::Create => "Creation",
        Action::Update => "Modifications",
        Action::Replace => "Replacement",
        Action::Delete => "Destruction",
        Action::Forget => "Forgetting",
    }
}

/// An action as the lines name it.
pub(crate) fn word(action: Action) -> &'static str {
    match action {
        Action::NoOp => "noop",
        Action::Read => "read",
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::Delete => "delete",
        Action::Forget => "remove",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cplan_engine::StepId;

    #[test]
    fn a_finished_step_has_terraforms_shape() {
        let finished = Event::StepFinished {
            step: StepId(0),
            address: "module.m.lab_file.f[0]".parse().unwrap(),
            action: Action::Create,
        };
        assert_eq!(
            event(&finished, Duration::from_secs(63), Some("i-1"), "2026-01-01T00:00:00Z"),
            Some(json!({
                "@level": "info", "@message": "module.m.lab_file.f[0]: Creation complete after 1m3s [id=i-1]",
                "@module": "terraform.ui", "@timestamp": "2026-01-01T00:00:00Z", "type": "apply_complete",
                "hook": {
                    "resource": {
                        "addr": "module.m.lab_file.f[0]", "module": "module.m", "resource": "lab_file.f[0]",
                        "implied_provider": "lab", "resource_type": "lab_file", "resource_name": "f", "resource_key": 0,
                    },
                    "action": "create", "id_key": "id", "id_value": "i-1", "elapsed_seconds": 63,
                },
            }))
        );
    }

    #[test]
    fn what_is_deleted_has_no_id_at_the_end() {
        let address: InstanceAddr = "a.b".parse().unwrap();
        let message = |event: Event| {
            let line = super::event(&event, Duration::ZERO, Some("7"), "").unwrap();
            (line["@message"].as_str().unwrap().to_owned(), line["hook"]["id_value"].clone())
        };
        let started = Event::StepStarted { step: StepId(0), address: address.clone(), action: Action::Delete };
        assert_eq!(message(started), ("a.b: Destroying... [id=7]".to_owned(), json!("7")));
        let finished = Event::StepFinished { step: StepId(0), address, action: Action::Delete };
        assert_eq!(message(finished), ("a.b: Destruction complete after 0s".to_owned(), Json::Null));
    }

    #[test]
    fn counts_are_told_in_terraforms_words() {
        let summary = Summary { create: 3, update: 1, delete: 4, import: 1, forget: 0 };
        let told = |operation| change_summary(summary, operation, "")["@message"].as_str().unwrap().to_owned();
        assert_eq!(told("plan"), "Plan: 1 to import, 3 to add, 1 to change, 4 to destroy.");
        assert_eq!(told("apply"), "Apply complete! Resources: 1 imported, 3 added, 1 changed, 4 destroyed.");
        assert_eq!(told("destroy"), "Destroy complete! Resources: 4 destroyed.");
    }
}
