//! `cplan doctor`: what this host can and cannot do, and what mends it.

use std::path::Path;

use cplan_libvirt::Health;
use cplan_model::{Diagnostic, Severity};
use serde_json::json;

use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::render;
use crate::render::doctor::{Finding, Mark};
use crate::session::Session;

/// Looks at the host.
pub(crate) async fn run(session: &Session) -> Result<ExitCode, CommandError> {
    let mut findings: Vec<Finding> =
        cplan_libvirt::doctor(&session.providers.host).await.into_iter().map(of_the_host).collect();
    findings.extend(looked("ssh client", "the program `ssh` starts", cplan_ssh::doctor()));
    findings.extend(looked("links", "what shapes links is there", cplan_network::doctor()));
    findings.push(guest_binary(&session.settings.guest));
    let bad = findings.iter().any(|f| f.mark == Mark::Bad);
    let text = if session.settings.json {
        let all: Vec<_> = findings.iter().map(finding_json).collect();
        render::json::text(&json!({"format_version": "1.0", "ready": !bad, "findings": all}))
    } else {
        let width = session.terminal.redraws.then(|| session.terminal.size().0);
        render::doctor::doctor(&findings, session.terminal.style(), width)
    };
    session.print(&text)?;
    Ok(if bad { ExitCode::Error } else { ExitCode::Ok })
}

fn of_the_host(finding: cplan_libvirt::Finding) -> Finding {
    let mark = match finding.health {
        Health::Good => Mark::Good,
        Health::Lesser => Mark::Lesser,
        Health::Bad => Mark::Bad,
    };
    Finding { mark, what: finding.what.to_owned(), found: finding.found, remedy: finding.remedy }
}

/// A look that only speaks of what is missing.
fn looked(what: &str, well: &str, missing: Vec<Diagnostic>) -> Vec<Finding> {
    if missing.is_empty() {
        return vec![Finding { mark: Mark::Good, what: what.into(), found: well.into(), remedy: String::new() }];
    }
    missing
        .into_iter()
        .map(|d| {
            let mark = if d.severity == Severity::Error { Mark::Bad } else { Mark::Lesser };
            Finding { mark, what: what.into(), found: d.what, remedy: d.remedy }
        })
        .collect()
}

fn guest_binary(path: &Path) -> Finding {
    let what = "guest binary".to_owned();
    if path.is_file() {
        return Finding { mark: Mark::Good, what, found: path.display().to_string(), remedy: String::new() };
    }
    Finding {
        mark: Mark::Lesser,
        what,
        found: format!("{} is missing; only benchmarks need it", path.display()),
        remedy: "`make guest` builds it; or name it in the variable CPLAN_GUEST".to_owned(),
    }
}

fn finding_json(finding: &Finding) -> serde_json::Value {
    let mark = match finding.mark {
        Mark::Good => "ok",
        Mark::Lesser => "less",
        Mark::Bad => "bad",
    };
    json!({"mark": mark, "what": finding.what, "found": finding.found, "remedy": finding.remedy})
}
