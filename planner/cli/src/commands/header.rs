//! The header of the run log.

use cplan_engine::ApplyReport;
use serde_json::json;

use super::work::Kind;
use crate::clock::Moment;
use crate::session::Session;

/// What the run was started with and what it cost, in the run log. No values of variables, which may be secrets.
pub(crate) fn write(session: &Session, kind: Kind, report: Option<&ApplyReport>) {
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
        },
    });
    if let Some(report) = report {
        header["ended"] = json!(Moment::now().readable());
        header["created"] = json!(report.created);
        header["updated"] = json!(report.updated);
        header["deleted"] = json!(report.deleted);
        header["failed"] = json!(report.failures.iter().map(|f| f.address.to_string()).collect::<Vec<_>>());
        header["skipped"] = json!(report.skipped.iter().map(|(a, _)| a.to_string()).collect::<Vec<_>>());
        header["interrupted"] = json!(report.cancelled);
        header["ssh_sessions"] = json!(session.providers.shell.sessions());
    }
    session.log.header(&header);
}
