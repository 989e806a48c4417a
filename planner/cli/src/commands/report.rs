//! What apply and destroy say at the end: failures, counts, outputs, and how to reach the machines.

use std::collections::BTreeMap;

use cplan_config::Config;
use cplan_engine::{ApplyReport, Cause, Plan, PlanMode, Summary};
use cplan_model::{Action, Diagnostic, InstanceAddr, Label};
use cplan_store::Store;
use serde_json::{Value as Json, json};

use super::sessions;
use super::work::Kind;
use crate::clock::Moment;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::machines::{machines, ssh_line, write_known_hosts};
use crate::render::diagnostic::{View, merged};
use crate::render::style::Tone;
use crate::render::{self, failure, json as render_json};
use crate::session::Session;

/// Says it all, and how the command ends.
pub(crate) fn tell(
    session: &Session,
    config: &Config,
    plan: &Plan,
    report: &ApplyReport,
    kind: Kind,
    store: &dyn Store,
) -> Result<ExitCode, CommandError> {
    let style = session.terminal.error_style();
    let view = session.view(&config.sources);
    let well = report.failures.is_empty() && !report.diagnostics.has_errors() && !report.cancelled;
    if session.settings.json {
        tell_json(session, &view, report, kind, well)?;
        return Ok(if well { ExitCode::Ok } else { ExitCode::Error });
    }
    session.print("\n")?;
    session.terminal.err(&render::diagnostic::diagnostics(&report.diagnostics, &view));
    for failed in &report.failures {
        let place = failed.place.and_then(|span| config.sources.locate(span));
        let place = place.map(|(path, line, column)| format!("{}:{line}:{column}", view.path(path).display()));
        session.terminal.err(&match &failed.cause {
            Cause::Provider(error) => failure::failure(failed, error, place, style) + "\n",
            Cause::Conditions(refused) => render::diagnostic::diagnostics(refused, &view),
        });
    }
    session.terminal.err(&failure::skipped(report, style));
    let style = session.terminal.style();
    session.print(&failure::counts(report, kind, style))?;
    let destroyed = plan.mode == PlanMode::Destroy;
    if destroyed {
        session.print(&gone(plan, report))?;
    }
    let state = store.load()?;
    if !state.outputs.is_empty() {
        let shown = render::outputs::outputs(state.outputs.iter().map(|(n, o)| (n.as_str(), o)));
        session.print(&format!("\n{}\n\n{shown}", style.paint(Tone::Strong, "Outputs:")))?;
    }
    let reachable = machines(&state);
    if !reachable.is_empty() || destroyed {
        let known_hosts = write_known_hosts(&session.settings.data_dir, &reachable)?;
        let longest = reachable.iter().map(|m| m.access.name.chars().count()).max().unwrap_or(0);
        let lines: String = reachable
            .iter()
            .map(|m| format!("{:<longest$}  {}\n", m.access.name, ssh_line(&m.access, &known_hosts)))
            .collect();
        if !lines.is_empty() {
            session.print(&format!("\n{}\n\n{lines}", style.paint(Tone::Strong, "Machines:")))?;
        }
    }
    if session.settings.verbose || !well {
        let logs = session.settings.data_dir.join(crate::run_log::FOLDER).join(session.log.run());
        session.print(&format!("\nThe full output of every step: {}\n", session.shown(&logs)))?;
    }
    if session.settings.verbose {
        session.print(&sessions::told(&*session.providers.shell))?;
    }
    if let Some(error) = session.log.failure() {
        session.terminal.err(&format!("warning: the run log could not be written: {error}\n"));
    }
    Ok(if well { ExitCode::Ok } else { ExitCode::Error })
}

fn tell_json(
    session: &Session,
    view: &View<'_>,
    report: &ApplyReport,
    kind: Kind,
    well: bool,
) -> Result<(), CommandError> {
    let now = Moment::now().precise();
    let mut lines: Vec<Json> =
        merged(&report.diagnostics).iter().map(|(d, _)| render_json::stream::diagnostic(d, view, &now)).collect();
    for failed in &report.failures {
        let error = match &failed.cause {
            Cause::Provider(error) => error,
            Cause::Conditions(refused) => {
                lines.extend(merged(refused).iter().map(|(d, _)| render_json::stream::diagnostic(d, view, &now)));
                continue;
            }
        };
        let detail = failure::causes_and_remedy(error, &error.remedy);
        let mut told = Diagnostic::error("failed", error.message.clone(), detail).address(failed.address.clone());
        told.primary = failed.place.map(|span| Label { span, text: String::new() });
        let mut line = render_json::stream::diagnostic(&told, view, &now);
        if !error.details.is_empty() {
            line["diagnostic"]["console"] = json!(error.details);
        }
        lines.push(line);
    }
    // As Terraform does, what did not end well is not summed up.
    if well {
        let summary = Summary {
            create: report.created,
            update: report.updated,
            delete: report.deleted,
            import: report.imported,
            forget: report.forgotten,
        };
        lines.push(render_json::event::change_summary(summary, &kind.verb().to_lowercase(), &now));
        if kind == Kind::Apply {
            lines.push(render_json::stream::outputs(&report.outputs, &now));
        }
    }
    session.print(&lines.iter().map(render_json::line).collect::<String>())
}

/// `Gone: 3 lab_machine, 1 lab_network.`
fn gone(plan: &Plan, report: &ApplyReport) -> String {
    let stays = |address: &InstanceAddr| {
        report.failures.iter().any(|f| f.address == *address) || report.skipped.iter().any(|(a, _)| a == address)
    };
    let mut types: BTreeMap<&str, usize> = BTreeMap::new();
    for change in plan.changes.iter().filter(|c| c.action == Action::Delete && !stays(&c.address)) {
        *types.entry(&change.address.resource.ty).or_default() += 1;
    }
    if types.is_empty() || report.cancelled {
        return String::new();
    }
    let parts: Vec<String> = types.iter().map(|(ty, count)| format!("{count} {ty}")).collect();
    format!("Gone: {}.\n", parts.join(", "))
}
