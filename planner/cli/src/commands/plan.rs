//! `cplan plan`: what apply would do, and why. Changes nothing but that a first plan gives the state its lineage.

use std::sync::Arc;

use cplan_config::Config;
use cplan_engine::{EventSink, Plan, PlanFile};
use cplan_model::Diagnostics;
use cplan_store::State;

use super::{generate, plan_files, sessions, unsettled, work};
use crate::args::PlanArgs;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::progress::{Notes, Reporter};
use crate::render::plan::{PlanView, plan};
use crate::session::Session;

/// Plans and shows the plan.
pub(crate) async fn run(session: &Session, args: &PlanArgs) -> Result<ExitCode, CommandError> {
    let (mut config, mut warnings, reading) = session.load_with_state()?;
    let (mut state, mut first) = match reading {
        Some(reading) => {
            warnings.extend(unsettled::warning(&reading));
            (reading.state, false)
        }
        // Names of objects follow from its lineage, and what this plan says of them apply must keep.
        None => (State::fresh(), true),
    };
    let mut generated = None;
    if let Some(file) = &args.generate_config_out {
        generate::check(file, &session.settings.options)?;
        generated = generate::generate(session, file, &config, state.clone()).await?;
        if let Some(generated) = &mut generated {
            config = Arc::clone(&generated.config);
            warnings = std::mem::take(&mut generated.warnings);
        }
    }
    let (made, told) = loop {
        let told = (first || args.out().is_some()).then(|| state.clone());
        let (made, found) = planned(session, args, &config, state).await?;
        // What is refused leaves no state behind. A folder that cannot be written can be planned all the same; apply
        // will say what is wrong with it.
        let now = told.as_ref().filter(|_| first).and_then(|fresh| session.establish(fresh).ok());
        match now {
            Some(other) if other.lineage != made.lineage => (state, first) = (other, false),
            _ => {
                warnings.extend(found);
                break (made, told);
            }
        }
    };
    if session.settings.stream {
        work::stream(session, &made)?;
        session.warn(&warnings, &config.sources);
    } else {
        session.warn(&warnings, &config.sources);
        session.print(&plan(
            PlanView::new(&made, &session.providers.registry).with_drift(session.settings.show_drift),
            session.terminal.style(),
        ))?;
    }
    if let (Some(generated), Some(file)) = (generated, &args.generate_config_out) {
        generated.save(file)?;
        if !session.settings.json {
            session.print(&format!(
                "\nThe configuration of what is imported was written to {}. Review it, and edit it where needed.\n",
                file.display()
            ))?;
        }
    }
    let empty = made.is_empty();
    // The process ends soon, and the system takes a large plan back at once.
    if let Some(path) = args.out() {
        let file = PlanFile::new(made, told.unwrap_or_default(), &session.providers.registry);
        let hash = plan_files::save(session, path, &file)?;
        std::mem::forget(file);
        if !session.settings.json {
            session.print(&plan_files::saved(path, &hash, !empty && !session.settings.automation))?;
        }
    } else {
        std::mem::forget(made);
    }
    if session.settings.verbose {
        session.terminal.err(&sessions::told(&*session.providers.shell));
    }
    let code = if args.detailed_exitcode && !empty { ExitCode::Changes } else { ExitCode::Ok };
    std::mem::forget(config);
    Ok(code)
}

/// A plan made from a state; with errors, the errors.
async fn planned(
    session: &Session,
    args: &PlanArgs,
    config: &Arc<Config>,
    state: State,
) -> Result<(Plan, Diagnostics), CommandError> {
    let reporter = Reporter::new(session.terminal, session.settings.json, false, Arc::clone(&session.log));
    let told = args.out().is_some().then(|| state.clone());
    let input = session.input(config, state)?;
    let context = session.context(Arc::new(Notes(Arc::clone(&session.log))));
    work::interruptible(session, &reporter);
    let events: Arc<dyn EventSink> = reporter.clone();
    let ticking = reporter.tick();
    // What could be planned where there are errors is saved all the same, to be looked at.
    let errored = |made: &Plan| {
        if let Some(path) = args.out() {
            let file = PlanFile::new(made.clone(), told.unwrap_or_default(), &session.providers.registry);
            plan_files::save(session, path, &file)?;
        }
        work::stream(session, made)
    };
    let made = work::make_plan(session, &context, input, events, config, errored).await;
    drop(ticking);
    reporter.finish();
    made
}
