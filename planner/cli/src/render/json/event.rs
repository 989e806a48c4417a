//! What goes on during an apply, one JSON object per line, in the shape of `terraform apply -json`.

use std::time::Duration;

use cplan_engine::{Event, Summary};
use cplan_model::{Action, InstanceAddr, InstanceKey};
use serde_json::{Value as Json, json};

/// The line of an event; `None` for those that have none. `elapsed` is since the step began, `timestamp` in RFC 3339.
pub(crate) fn event(event: &Event, elapsed: Duration, timestamp: &str) -> Option<Json> {
    let seconds = elapsed.as_secs();
    Some(match event {
        Event::StepStarted { address, action, .. } => {
            let hook = json!({"resource": resource(address), "action": word(*action)});
            line("info", "apply_start", &format!("{address}: {} started", word(*action)), timestamp, "hook", hook)
        }
        Event::StepStatus { address, text, .. } => {
            let hook = json!({"resource": resource(address), "elapsed_seconds": seconds, "status": text});
            line("info", "apply_progress", &format!("{address}: {text}"), timestamp, "hook", hook)
        }
        Event::StepFinished { address, action, .. } => {
            let hook = json!({"resource": resource(address), "action": word(*action), "elapsed_seconds": seconds});
            let message = format!("{address}: {} complete after {seconds}s", word(*action));
            line("info", "apply_complete", &message, timestamp, "hook", hook)
        }
        Event::StepFailed { address, action, error, .. } => {
            let hook = json!({
                "resource": resource(address), "action": word(*action), "elapsed_seconds": seconds, "error": error,
            });
            line("error", "apply_errored", &format!("{address}: {error}"), timestamp, "hook", hook)
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

/// The counts, of a plan or of what was done.
pub(crate) fn change_summary(summary: Summary, operation: &str, timestamp: &str) -> Json {
    let Summary { create, update, delete, import, .. } = summary;
    let message = format!("{operation}: {create} to add, {update} to change, {delete} to destroy");
    let changes = json!({"add": create, "change": update, "import": import, "remove": delete, "operation": operation});
    line("info", "change_summary", &message, timestamp, "changes", changes)
}

/// Any line: its level, type, message and one member of its own.
pub(crate) fn line(level: &str, ty: &str, message: &str, timestamp: &str, name: &str, member: Json) -> Json {
    let mut out = json!({
        "@level": level, "@message": message, "@module": "cplan.ui", "@timestamp": timestamp, "type": ty,
    });
    out[name] = member;
    out
}

fn resource(address: &InstanceAddr) -> Json {
    json!({
        "addr": address.to_string(),
        "module": address.module.to_string(),
        "resource": InstanceAddr { module: Default::default(), ..address.clone() }.to_string(),
        "implied_provider": address.resource.ty.split('_').next().unwrap_or(""),
        "resource_type": &*address.resource.ty,
        "resource_name": &*address.resource.name,
        "resource_key": match &address.key {
            Some(InstanceKey::Int(n)) => json!(n),
            Some(InstanceKey::Str(s)) => json!(&**s),
            None => Json::Null,
        },
    })
}

fn word(action: Action) -> &'static str {
    match action {
        Action::NoOp => "noop",
        Action::Read => "read",
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::Delete => "delete",
        Action::Forget => "forget",
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
            event(&finished, Duration::from_secs(3), "2026-01-01T00:00:00Z"),
            Some(json!({
                "@level": "info", "@message": "module.m.lab_file.f[0]: create complete after 3s", "@module": "cplan.ui",
                "@timestamp": "2026-01-01T00:00:00Z", "type": "apply_complete",
                "hook": {
                    "resource": {
                        "addr": "module.m.lab_file.f[0]", "module": "module.m", "resource": "lab_file.f[0]",
                        "implied_provider": "lab", "resource_type": "lab_file", "resource_name": "f", "resource_key": 0,
                    },
                    "action": "create", "elapsed_seconds": 3,
                },
            }))
        );
    }
}
