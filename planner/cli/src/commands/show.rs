//! `cplan show`: the state, or a saved plan.

use std::path::Path;

use cplan_engine::PlanFile;
use cplan_model::Diagnostics;
use cplan_store::State;

use super::{plan_files, state_files};
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
        Some(path) => file(session, args, path)?,
        None => state(session, args, &session.read_state()?),
    };
    session.print(&text)?;
    Ok(ExitCode::Ok)
}

fn state(session: &Session, args: &ShowArgs, state: &State) -> String {
    let registry = &session.providers.registry;
    if args.json {
        render::json::line(&render::json::state::state(state, registry, args.reveal))
    } else {
        render::state::state(state, registry)
    }
}

/// A plan, or a state that somebody pulled.
fn file(session: &Session, args: &ShowArgs, path: &Path) -> Result<String, CommandError> {
    let bytes = std::fs::read(session.settings.typed(path)).map_err(|e| unreadable(path, &e))?;
    if bytes.starts_with(b"{")
        && let Ok(text) = std::str::from_utf8(&bytes)
        && let Ok(pulled) = state_files::read(session, text)
    {
        return Ok(state(session, args, &pulled));
    }
    match PlanFile::label(&bytes) {
        Ok(_) => plan(session, args, path, &bytes),
        Err(error) => Err(unreadable(path, &error)),
    }
}

fn unreadable(path: &Path, error: &dyn std::error::Error) -> CommandError {
    CommandError::told(
        "shown-file-unreadable",
        "Failed to read the given file as a state or plan file",
        format!("`{}` cannot be read: {error}.", path.display()),
        "Name a file that `cplan plan -out=FILE` or `cplan state pull` has written; without one the state is shown.",
    )
}

fn plan(session: &Session, args: &ShowArgs, path: &Path, bytes: &[u8]) -> Result<String, CommandError> {
    let file = plan_files::open_bytes(session, path, bytes, None)?;
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
