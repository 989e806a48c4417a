//! `cplan apply PLAN`: what was planned, and nothing else.

use std::path::Path;
use std::sync::Arc;

use cplan_config::VariableFlag;
use cplan_engine::PlanFile;
use cplan_model::{Diagnostic, Severity, SourceMap};

use super::super::work::{self, Consent, Kind};
use super::super::{header, plan_files};
use crate::args::ApplyArgs;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::progress::{Notes, Reporter};
use crate::session::Session;

/// Applies the plan of a file: without a question, because the plan was there to be looked at.
pub(super) async fn run(session: &Session, args: &ApplyArgs, path: &Path) -> Result<ExitCode, CommandError> {
    refuse_variables(session)?;
    let file = plan_files::open(session, path, args.plan_hash.as_deref())?;
    file.check(&session.providers.registry).map_err(|e| plan_files::unusable(path, &e))?;
    let plan = &file.plan;
    if plan.errored {
        return Err(CommandError::told(
            "errored-plan",
            "Cannot apply incomplete plan",
            "There were errors when this plan was made, so it cannot be applied.",
            "Mend what they say, and plan again.",
        ));
    }
    unheeded(session, args);
    let (store, state) = session.settled_store()?;
    if plan.lineage != state.lineage {
        return Err(plan_files::other_state(path));
    }
    if plan.serial != state.serial {
        return Err(plan_files::stale());
    }
    let reporter =
        Reporter::new(session.terminal, session.settings.json, session.settings.verbose, session.log.clone());
    header::write(session, Kind::of(session), Some(plan), None);
    work::interruptible(session, &reporter);
    let context = session.context(Arc::new(Notes(Arc::clone(&session.log))));
    set_up(session, &file, &context).await?;
    let code = work::carry_out(session, &context, &reporter, plan, &store).await?;
    let more = args.converge && !plan.deferred.is_empty() && code == ExitCode::Ok;
    drop(store);
    if more {
        // The waves that follow were not in the file: they are planned from the folder, and asked for as any apply is.
        return work::run(session, Consent { auto_approve: args.auto_approve, converge: true }).await;
    }
    Ok(code)
}

async fn set_up(session: &Session, file: &PlanFile, context: &cplan_sdk::Context) -> Result<(), CommandError> {
    let said = file.configure(context, &session.providers.registry).await.map_err(|error| {
        let remedy = error.remedy.clone();
        CommandError::Failed(Box::new(error), remedy)
    })?;
    let sources = &file.plan.config.sources;
    session.warn(&file.warnings, sources);
    if said.iter().any(|d| d.severity == Severity::Error) {
        return Err(CommandError::Refused(said, sources.clone()));
    }
    session.warn(&said, sources);
    Ok(())
}

/// What the variables are was decided when the plan was made. Files of variables are passed over, as scripts name them
/// for every command.
fn refuse_variables(session: &Session) -> Result<(), CommandError> {
    if session.settings.variables.iter().any(|flag| matches!(flag, VariableFlag::Value(_))) {
        return Err(CommandError::told(
            "saved-plan-variables",
            "Can't set variables when applying a saved plan",
            "The variables were given when the plan was made, and are in it.",
            "Leave it out, or plan again with it.",
        ));
    }
    Ok(())
}

/// Flags that come too late: Terraform passes over them, too.
fn unheeded(session: &Session, args: &ApplyArgs) {
    let (flags, mode) = (&args.flags, &args.mode);
    if !session.settings.variables.is_empty() {
        let told = Diagnostic::warning(
            "saved-plan-files",
            "Files of variables are passed over",
            "The variables were given when the plan was made, and are in it.",
        );
        session.warn(&told.remedy("Leave -var-file out, or plan again with it.").into(), &SourceMap::default());
    }
    let asked = mode.destroy || mode.refresh_only || !mode.replace.is_empty();
    if asked || !flags.target.is_empty() || !flags.exclude.is_empty() {
        let told = Diagnostic::warning(
            "saved-plan-options",
            "A saved plan is applied as it is",
            "-destroy, -refresh-only, -replace, -target and -exclude say what is to be planned, and this plan is made.",
        );
        session.warn(&told.remedy("Leave them out, or plan again with them.").into(), &SourceMap::default());
    }
}
