//! The header of the run log.

use cplan_engine::{ApplyReport, Plan};
use cplan_sdk::to_json;
use serde_json::{Map, Value as Json, json};

use super::sessions;
use super::work::Kind;
use crate::clock::Moment;
use crate::session::Session;

/// What the run was started with and what it cost, in the run log. Values that are sensitive are not shown.
pub(crate) fn write(session: &Session, kind: Kind, plan: Option<&Plan>, report: Option<&ApplyReport>) {
    let settings = &session.settings;
    let mut header = json!({
        "run": session.log.run(),
        "command": kind.verb().to_lowercase(),
        "version": env!("CARGO_PKG_VERSION"),
        "folder": settings.dir,
        "user": settings.holder.user,
        "host": settings.holder.host,
        "process": settings.holder.pid,
        "started": settings.holder.since,
        "settings": {
            "refresh": settings.options.refresh, "parallelism": settings.parallelism,
            "lock_timeout_seconds": settings.lock_timeout.as_secs_f64(), "guest_binary": settings.guest,
            "runtime_folder": settings.runtime_dir, "fake_world": settings.fake_world,
            "mode": format!("{:?}", settings.options.mode).to_lowercase(),
            "target": strings(&settings.options.targets), "exclude": strings(&settings.options.excludes),
            "replace": strings(&settings.options.replace), "verbose": settings.verbose, "json": settings.json,
            "input": settings.input, "automation": settings.automation, "data_folder": settings.data_dir,
            "libvirt_uri": session.providers.host.settings().get().uri,
            "cache_folder": session.providers.host.settings().get().cache_dir,
        },
    });
    if let Some(plan) = plan {
        header["variables"] = variables(plan);
        header["serial"] = json!(plan.serial);
        header["lineage"] = json!(plan.lineage);
    }
    if let Some(report) = report {
        header["ended"] = json!(Moment::now().readable());
        header["created"] = json!(report.created);
        header["updated"] = json!(report.updated);
        header["deleted"] = json!(report.deleted);
        header["failed"] = json!(report.failures.iter().map(|f| f.address.to_string()).collect::<Vec<_>>());
        header["skipped"] = json!(report.skipped.iter().map(|(a, _)| a.to_string()).collect::<Vec<_>>());
        header["interrupted"] = json!(report.cancelled);
        header["ssh_sessions"] = json!(session.providers.shell.sessions());
        header["ssh_times"] = sessions::json(&*session.providers.shell);
    }
    session.log.header(&header);
}

fn strings(list: impl IntoIterator<Item = impl std::fmt::Display>) -> Vec<String> {
    list.into_iter().map(|item| item.to_string()).collect()
}

/// All variables of the root module by name, defaults included.
fn variables(plan: &Plan) -> Json {
    let declared = &plan.config.root.variables;
    let shown = |(name, value): (&std::sync::Arc<str>, &cplan_model::Value)| {
        let secret = declared.get(name).is_none_or(|v| v.sensitive) || value.marks_deep().is_sensitive();
        (name.to_string(), if secret { json!("(sensitive value)") } else { to_json(&value.unmarked_deep()) })
    };
    plan.variables().iter().map(shown).collect::<Map<_, _>>().into()
}
