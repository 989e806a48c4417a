//! `cplan why`: where a value comes from, from its expression back to what was given, and the run that last changed it.

mod target;
mod trace;

use std::fs;
use std::sync::Arc;

use cplan_engine::Console;
use cplan_store::{Record, State};
use serde_json::Value as Json;

use self::target::{Named, Target};
use self::trace::Tracer;
use crate::args::WhyArgs;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::progress::Notes;
use crate::render::json;
use crate::render::why::{Cause, Run, causes};
use crate::run_log;
use crate::session::Session;

/// Follows a value back.
pub(crate) fn run(session: &Session, args: &WhyArgs) -> Result<ExitCode, CommandError> {
    let (config, _) = session.load()?;
    let state = session.read_state()?;
    let target = target::parse(&args.what, &config, &state)?;
    let context = session.context(Arc::new(Notes(Arc::clone(&session.log))));
    let (console, _) = Console::new(&context, session.partial_input(&config, state.clone())?);
    let origins = cplan_config::variable_origins(&config, &session.settings.environment, &session.settings.variables);
    let view = session.view(&config.sources);
    let mut tracer =
        Tracer::new(&config, &console, &state, &session.providers.registry, &origins, |path| view.path(path));
    let cause: Cause = tracer.trace(&target);
    let last = record(&target, &state).and_then(|r| r.last_run.as_deref()).map(|run| last_run(session, run));
    let text = if session.settings.json {
        json::line(&crate::render::why::json(&cause, last.as_ref()))
    } else {
        causes(&cause, last.as_ref(), session.terminal.style())
    };
    session.print(&text)?;
    Ok(ExitCode::Ok)
}

/// The record of the object that was named.
fn record<'s>(target: &Target, state: &'s State) -> Option<&'s Record> {
    let Named::Resource(resource, key) = &target.named else { return None };
    let same = |address: &cplan_model::InstanceAddr| {
        address.module == target.module && address.resource == *resource && (key.is_none() || address.key == *key)
    };
    state.records.iter().find(|(k, _)| k.deposed.is_none() && same(&k.address)).map(|(_, record)| record)
}

/// What the log of a run says of it; only its name where the log is gone.
fn last_run(session: &Session, run: &str) -> Run {
    let header = session.settings.data_dir.join(run_log::FOLDER).join(run).join(run_log::HEADER);
    let header: Json =
        fs::read_to_string(header).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Json::Null);
    let text = |name: &str| header[name].as_str().map(str::to_owned);
    Run {
        id: run.to_owned(),
        command: text("command"),
        user: text("user"),
        host: text("host"),
        started: text("started"),
    }
}
