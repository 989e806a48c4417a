//! What apply and destroy have in common: settle, plan, ask, apply, report.

use std::collections::BTreeMap;
use std::sync::Arc;

use cplan_config::Config;
use cplan_engine::{ApplyReport, EventSink, Plan, PlanInput, Summary, apply, plan, plan_destroy, settle, validate};
use cplan_model::{Action, Diagnostics, InstanceAddr};
use cplan_sdk::Context;
use cplan_store::Store;
use serde_json::json;

use super::approval::approve;
use crate::args::ApplyArgs;
use crate::clock::Moment;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::interrupt;
use crate::machines::{machines, ssh_line, write_known_hosts};
use crate::progress::{Notes, Reporter};
use crate::render::plan::PlanView;
use crate::render::style::Tone;
use crate::render::{self, failure, json as render_json};
use crate::session::{Session, refuse};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Make the world what the configuration says.
    Apply,
    /// Delete everything.
    Destroy,
}

impl Kind {
    fn verb(self) -> &'static str {
        match self {
            Kind::Apply => "Apply",
            Kind::Destroy => "Destroy",
        }
    }
}

/// Plans, or says why not.
pub(crate) async fn make_plan(
    session: &Session,
    kind: Kind,
    context: &Context,
    input: PlanInput<'_>,
    events: Arc<dyn EventSink>,
    config: &Arc<Config>,
) -> Result<(Plan, Diagnostics), CommandError> {
    let (made, found) = match kind {
        Kind::Apply => plan(context, input, events).await,
        Kind::Destroy => plan_destroy(context, input, events).await,
    };
    let warnings = refuse(found, config)?;
    if session.cancel.is_cancelled() {
        return Err(CommandError::told(
            "interrupted",
            "Interrupted",
            "The plan was not finished.",
            "Nothing was changed.",
        ));
    }
    match made {
        Some(plan) => Ok((plan, warnings)),
        None => Err(CommandError::told("no-plan", "No plan", "There is no plan, and no reason was given.", "")),
    }
}

/// From the configuration to the report.
pub(crate) async fn run(session: &Session, args: &ApplyArgs, kind: Kind) -> Result<ExitCode, CommandError> {
    let registry = &session.providers.registry;
    let (config, mut warnings) = session.load()?;
    // What is refused for the configuration alone is refused before a state comes to be.
    let checked = refuse(validate(&config, registry), &config)?;
    session.input(&config, Default::default())?;
    warnings.extend(checked);
    let store = session.store()?;
    let reporter =
        Reporter::new(session.terminal, session.settings.json, session.settings.verbose, session.log.clone());
    work_header(session, kind, None);
    interruptible(session, &reporter);
    let context = session.context(Arc::new(Notes(Arc::clone(&session.log))));
    let ticking = reporter.tick();
    let events: Arc<dyn EventSink> = reporter.clone();
    let made = async {
        settle(&context, session.input(&config, store.load()?)?, &store, events.clone()).await?;
        make_plan(session, kind, &context, session.input(&config, store.load()?)?, events.clone(), &config).await
    }
    .await;
    drop(ticking);
    reporter.finish();
    let (made, found) = match made {
        Ok(made) => made,
        Err(error) => {
            store.finish()?;
            return Err(error);
        }
    };
    warnings.extend(found);
    session.warn(&warnings, &config.sources);
    if session.settings.json {
        let summary = render_json::event::change_summary(made.summary(), "plan", &Moment::now().rfc3339());
        session.print(&render_json::line(&summary))?;
    } else {
        session.print(&render::plan::plan(PlanView::new(&made, registry), session.terminal.style()))?;
    }
    if !made.is_empty() && !approve(session, args.auto_approve, kind)? {
        store.finish()?;
        return Ok(ExitCode::Error);
    }

    let ticking = reporter.tick();
    let run = session.log.run();
    let report = apply(&context, &made, &store, registry, session.settings.parallelism, run, events).await;
    drop(ticking);
    reporter.finish();
    store.finish()?;
    let report = report?;
    work_header(session, kind, Some(&report));
    tell(session, &config, &made, &report, kind, &store)
}

fn tell(
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
        tell_json(session, report, kind)?;
        return Ok(if well { ExitCode::Ok } else { ExitCode::Error });
    }
    session.print("\n")?;
    session.terminal.err(&render::diagnostic::diagnostics(&report.diagnostics, &view));
    for failed in &report.failures {
        let place = failed.place.and_then(|span| config.sources.locate(span));
        let place = place.map(|(path, line, column)| format!("{}:{line}:{column}", view.path(path).display()));
        session.terminal.err(&(failure::failure(failed, place, style) + "\n"));
    }
    session.terminal.err(&failure::skipped(report, style));
    let style = session.terminal.style();
    session.print(&failure::counts(report, kind.verb(), style))?;
    if kind == Kind::Destroy {
        session.print(&gone(plan, report))?;
    }
    let state = store.load()?;
    if !state.outputs.is_empty() {
        let shown = render::outputs::outputs(state.outputs.iter().map(|(n, o)| (n.as_str(), o)));
        session.print(&format!("\n{}\n\n{shown}", style.paint(Tone::Strong, "Outputs:")))?;
    }
    let reachable = machines(&state);
    if !reachable.is_empty() || kind == Kind::Destroy {
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
        let logs = session.settings.data_dir.join("logs").join(session.log.run());
        session.print(&format!("\nThe full output of every step: {}\n", session.shown(&logs)))?;
    }
    if session.settings.verbose {
        session.print(&format!("ssh sessions opened: {}\n", session.providers.shell.sessions()))?;
    }
    if let Some(error) = session.log.failure() {
        session.terminal.err(&format!("warning: the run log could not be written: {error}\n"));
    }
    Ok(if well { ExitCode::Ok } else { ExitCode::Error })
}

fn tell_json(session: &Session, report: &ApplyReport, kind: Kind) -> Result<(), CommandError> {
    let now = Moment::now().rfc3339();
    let summary = Summary { create: report.created, update: report.updated, delete: report.deleted };
    let operation = kind.verb().to_lowercase();
    session.print(&render_json::line(&render_json::event::change_summary(summary, &operation, &now)))?;
    for failed in &report.failures {
        let error = &failed.error;
        let detail = json!({
            "severity": "error", "summary": error.message, "address": failed.address.to_string(),
            "detail": failure::causes_and_remedy(error, &error.remedy), "console": error.details,
        });
        let message = format!("{}: {}", failed.address, error.message);
        let line = render_json::event::line("error", "diagnostic", &message, &now, "diagnostic", detail);
        session.print(&render_json::line(&line))?;
    }
    let outputs = render_json::state::outputs(&report.outputs, false);
    let message = format!("Outputs: {}", report.outputs.len());
    let line = render_json::event::line("info", "outputs", &message, &now, "outputs", outputs);
    session.print(&render_json::line(&line))
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

/// What the run was started with and what it cost, in the run log. No values of variables, which may be secrets.
fn work_header(session: &Session, kind: Kind, report: Option<&ApplyReport>) {
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
            "refresh": settings.refresh, "parallelism": settings.parallelism,
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

/// Ctrl-C cancels what the session does.
pub(crate) fn interruptible(session: &Session, reporter: &Arc<Reporter>) {
    let reporter = Arc::clone(reporter);
    let (terminal, json) = (session.terminal, session.settings.json);
    let say = move |text: &str| if json { terminal.err(text) } else { reporter.say(text) };
    interrupt::listen(terminal, session.cancel.clone(), Arc::new(say));
}
