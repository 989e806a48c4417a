//! What apply and destroy have in common: settle, plan, ask, apply, report.

use std::sync::Arc;

use cplan_config::Config;
use cplan_engine::{EventSink, Plan, PlanInput, PlanMode, apply, plan, settle, validate};
use cplan_model::Diagnostics;
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
    /// `Apply`, as the report begins.
    pub(crate) fn verb(self) -> &'static str {
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
    mut input: PlanInput<'_>,
    events: Arc<dyn EventSink>,
    config: &Arc<Config>,
) -> Result<(Plan, Diagnostics), CommandError> {
    if kind == Kind::Destroy {
        input.options.mode = PlanMode::Destroy;
    }
    let (made, found) = plan(context, input, events).await;
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
pub(crate) async fn run(session: &Session, auto_approve: bool, kind: Kind) -> Result<ExitCode, CommandError> {
    let registry = &session.providers.registry;
    let (config, mut warnings) = session.load()?;
    // What is refused for the configuration alone is refused before a state comes to be.
    let checked = refuse(validate(&config, registry), &config)?;
    session.input(&config, Default::default())?;
    warnings.extend(checked);
    let store = session.store()?;
    let reporter =
        Reporter::new(session.terminal, session.settings.json, session.settings.verbose, session.log.clone());
    header::write(session, kind, None);
    interruptible(session, &reporter);
    let context = session.context(Arc::new(Notes(Arc::clone(&session.log))));
    let ticking = reporter.tick();
    let events: Arc<dyn EventSink> = reporter.clone();
    let made = async {
        settle(&context, session.input(&config, store.load()?)?, &store, events.clone()).await?;
        let state = store.load()?;
        reporter.knows_state(&state);
        make_plan(session, kind, &context, session.input(&config, state)?, events.clone(), &config).await
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
    reporter.knows_plan(&made);
    if session.settings.stream {
        let now = Moment::now().precise();
        let lines: String = render_json::stream::plan(&made, &now).iter().map(render_json::line).collect();
        session.print(&lines)?;
        session.warn(&warnings, &config.sources);
    } else {
        session.warn(&warnings, &config.sources);
        session.print(&render::plan::plan(PlanView::new(&made, registry), session.terminal.style()))?;
    }
    if !made.is_empty() && !approve(session, auto_approve, kind).await? {
        store.finish()?;
        return Ok(ExitCode::Error);
    }

    let ticking = reporter.tick();
    let run = session.log.run();
    let done = apply(&context, &made, &store, registry, session.settings.parallelism, run, events).await;
    drop(ticking);
    reporter.finish();
    store.finish()?;
    let done = done?;
    header::write(session, kind, Some(&done));
    report::tell(session, &config, &made, &done, kind, &store)
}

/// Ctrl-C cancels what the session does.
pub(crate) fn interruptible(session: &Session, reporter: &Arc<Reporter>) {
    let reporter = Arc::clone(reporter);
    let (terminal, json) = (session.terminal, session.settings.json);
    let say = move |text: &str| if json { terminal.err(text) } else { reporter.say(text) };
    interrupt::listen(terminal, session.cancel.clone(), Arc::new(say));
}
