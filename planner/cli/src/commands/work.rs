//! What apply and destroy have in common: settle, plan, ask, apply, report.

use std::sync::Arc;

use cplan_config::Config;
use cplan_engine::{EventSink, Plan, PlanInput, apply, plan, settle, validate};
use cplan_model::{Action, Diagnostic, Diagnostics};
use cplan_sdk::Context;
use cplan_store::Store;

use super::approval::approve;
use super::{header, report};
use crate::clock::Moment;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::interrupt;
use crate::progress::{Notes, Reporter};
use crate::render::plan::PlanView;
use crate::render::{self, json as render_json};
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
    /// Of a command: `apply -destroy` applies.
    pub(crate) fn of(session: &Session) -> Kind {
        if session.settings.destroys { Kind::Destroy } else { Kind::Apply }
    }

    /// `Apply`, as the report begins.
    pub(crate) fn verb(self) -> &'static str {
        match self {
            Kind::Apply => "Apply",
            Kind::Destroy => "Destroy",
        }
    }
}

/// Plans, or says why not; `errored` is given what could be planned all the same.
pub(crate) async fn make_plan(
    session: &Session,
    context: &Context,
    input: PlanInput<'_>,
    events: Arc<dyn EventSink>,
    config: &Arc<Config>,
    errored: impl FnOnce(&Plan) -> Result<(), CommandError>,
) -> Result<(Plan, Diagnostics), CommandError> {
    let (made, found) = plan(context, input, events).await;
    if let Some(made) = made.as_ref().filter(|made| made.errored) {
        errored(made)?;
    }
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

/// How the user has to be asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Consent {
    /// Nothing is asked.
    pub(crate) auto_approve: bool,
    /// What was deferred is planned and applied, wave by wave.
    pub(crate) converge: bool,
}

/// From the configuration to the report.
pub(crate) async fn run(session: &Session, consent: Consent) -> Result<ExitCode, CommandError> {
    if session.settings.json && !consent.auto_approve {
        return Err(CommandError::told(
            "approval-needed",
            "Plan file or auto-approve required",
            "Nobody can be asked for consent when -json is set.",
            "Apply a plan that `cplan plan -out=FILE` has saved, or give -auto-approve.",
        ));
    }
    let registry = &session.providers.registry;
    let (config, mut warnings) = session.load()?;
    // What is refused for the configuration alone is refused before a state comes to be.
    let checked = refuse(validate(&config, registry), &config)?;
    session.input(&config, Default::default())?;
    warnings.extend(checked);
    let store = session.store()?;
    let kind = Kind::of(session);
    let reporter =
        Reporter::new(session.terminal, session.settings.json, session.settings.verbose, session.log.clone());
    header::write(session, kind, None, None);
    interruptible(session, &reporter);
    let context = session.context(Arc::new(Notes(Arc::clone(&session.log))));
    let events: Arc<dyn EventSink> = reporter.clone();
    let mut wave = 1;
    loop {
        let ticking = reporter.tick();
        let made = async {
            settle(&context, session.input(&config, store.load()?)?, &store, events.clone()).await?;
            let state = store.load()?;
            let input = session.input(&config, state)?;
            make_plan(session, &context, input, events.clone(), &config, |made| stream(session, made)).await
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
        // Checks are told when they are judged for good, where nobody is asked before.
        let early = |d: &Diagnostic| consent.auto_approve && matches!(d.id, "assertion" | "assertion-unknown");
        warnings.extend(found.into_iter().filter(|d| made.is_empty() || !early(d)));
        show(session, &made, &warnings)?;
        warnings = Diagnostics::new();
        if !made.is_empty() && (wave == 1 || removes(&made)) && !approve(session, consent.auto_approve, &made).await? {
            store.finish()?;
            return Ok(ExitCode::Error);
        }
        let code = carry_out(session, &context, &reporter, &made, &store).await?;
        if !consent.converge || made.deferred.is_empty() || code != ExitCode::Ok {
            return Ok(code);
        }
        if made.is_empty() {
            return Err(stuck(&made));
        }
        wave += 1;
    }
}

/// Whether anything goes that exists: consent to the first wave is none to that.
fn removes(plan: &Plan) -> bool {
    plan.changes.iter().any(|c| matches!(c.action, Action::Delete | Action::Replace | Action::Forget))
}

fn stuck(plan: &Plan) -> CommandError {
    let names: Vec<String> = plan.deferred.iter().map(|d| format!("`{}`", d.address)).collect();
    CommandError::told(
        "still-deferred",
        "Something is still deferred",
        format!("Nothing is left to do, and {} cannot be planned yet.", names.join(", ")),
        "Let its `count` or `for_each` follow from what an apply makes known.",
    )
}

fn show(session: &Session, plan: &Plan, warnings: &Diagnostics) -> Result<(), CommandError> {
    let sources = &plan.config.sources;
    if session.settings.stream {
        stream(session, plan)?;
        session.warn(warnings, sources);
        return Ok(());
    }
    session.warn(warnings, sources);
    session.print(&render::plan::plan(
        PlanView::new(plan, &session.providers.registry).with_drift(session.settings.show_drift),
        session.terminal.style(),
    ))
}

/// The lines of a plan, where they are asked for.
pub(crate) fn stream(session: &Session, plan: &Plan) -> Result<(), CommandError> {
    if !session.settings.stream {
        return Ok(());
    }
    let now = Moment::now().precise();
    let lines: String = render_json::stream::plan(plan, &now).iter().map(render_json::line).collect();
    session.print(&lines)
}

/// Does what a plan says, and reports.
pub(crate) async fn carry_out(
    session: &Session,
    context: &Context,
    reporter: &Arc<Reporter>,
    plan: &Plan,
    store: &dyn Store,
) -> Result<ExitCode, CommandError> {
    let kind = Kind::of(session);
    reporter.knows_plan(plan);
    header::write(session, kind, Some(plan), None);
    let ticking = reporter.tick();
    let events: Arc<dyn EventSink> = reporter.clone();
    let (run, registry) = (session.log.run(), &session.providers.registry);
    let done = apply(context, plan, store, registry, session.settings.parallelism, run, events).await;
    drop(ticking);
    reporter.finish();
    store.finish()?;
    let done = done?;
    header::write(session, kind, Some(plan), Some(&done));
    report::tell(session, &plan.config, plan, &done, kind, store)
}

/// Ctrl-C cancels what the session does.
pub(crate) fn interruptible(session: &Session, reporter: &Arc<Reporter>) {
    let reporter = Arc::clone(reporter);
    let (terminal, json) = (session.terminal, session.settings.json);
    let say = move |text: &str| if json { terminal.err(text) } else { reporter.say(text) };
    interrupt::listen(terminal, session.cancel.clone(), Arc::new(say));
}
