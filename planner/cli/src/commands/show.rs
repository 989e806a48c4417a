//! `cplan show`: the state, or a saved plan.

use std::path::Path;

use cplan_model::Diagnostics;

use super::plan_files;
use crate::args::ShowArgs;
use crate::clock::Moment;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::render;
use crate::render::json::plan::PlanDocument;
use crate::render::plan::PlanView;
use crate::session::Session;

/// Shows it.
pub(crate) fn run(session: &Session, args: &ShowArgs) -> Result<ExitCode, CommandError> {
    let text = match &args.plan {
        Some(path) => plan(session, args, path)?,
        None => state(session, args)?,
    };
    session.print(&text)?;
    Ok(ExitCode::Ok)
}

fn state(session: &Session, args: &ShowArgs) -> Result<String, CommandError> {
    let state = session.read_state()?;
    let registry = &session.providers.registry;
    Ok(if args.json {
        render::json::line(&render::json::state::state(&state, registry, args.reveal))
    } else {
        render::state::state(&state, registry)
    })
}

fn plan(session: &Session, args: &ShowArgs, path: &Path) -> Result<String, CommandError> {
    let file = plan_files::open(session, path, None)?;
    let registry = &session.providers.registry;
    if !args.json {
        return Ok(render::plan::plan(PlanView::new(&file.plan, registry), session.terminal.style()));
    }
    let document = PlanDocument {
        plan: &file.plan,
        state: Some(&file.state),
        registry,
        diagnostics: &Diagnostics::new(),
        reveal: args.reveal,
        timestamp: file.plan.timestamp().map_or_else(Moment::now, Moment::of).rfc3339(),
    };
    Ok(render::json::line(&render::json::plan::plan(&document, &session.view(&file.plan.config.sources))))
}
