//! `cplan drift`: what moved since the last apply. Reads only; exits with 2 when something did, and with 1
//! when that cannot be said because a machine does not answer.

use std::sync::Arc;

use cplan_engine::{Deaf, EventSink, drift};
use serde_json::json;

use super::{sessions, unsettled, work};
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::progress::{Notes, Reporter};
use crate::render;
use crate::session::{Session, refuse};

/// Looks at the world.
pub(crate) async fn run(session: &Session) -> Result<ExitCode, CommandError> {
    let (config, mut warnings) = session.load()?;
    let reading = session.read_unsettled()?;
    warnings.extend(reading.as_ref().and_then(unsettled::warning));
    let state = reading.map(|reading| reading.state).unwrap_or_default();
    let input = session.input(&config, state)?;
    let context = session.context(Arc::new(Notes(Arc::clone(&session.log))));
    let reporter = Reporter::new(session.terminal, session.settings.json, false, Arc::clone(&session.log));
    work::interruptible(session, &reporter);
    let events: Arc<dyn EventSink> = if session.settings.json { Arc::new(Deaf) } else { reporter.clone() };
    let ticking = reporter.tick();
    let (entries, found) = drift(&context, input, events).await;
    drop(ticking);
    reporter.finish();
    warnings.extend(refuse(found, &config)?);
    if session.settings.json {
        let view = session.view(&config.sources);
        let diagnostics: Vec<_> = warnings.iter().map(|d| render::json::diagnostic::diagnostic(d, &view)).collect();
        let document = json!({
            "format_version": "1.0",
            "drift": entries.iter().map(render::json::drift::entry).collect::<Vec<_>>(),
            "diagnostics": diagnostics,
        });
        session.print(&render::json::text(&document))?;
    } else {
        session.warn(&warnings, &config.sources);
        session.print(&render::drift::drift(&entries, session.terminal.style()))?;
    }
    if session.settings.verbose {
        session.terminal.err(&sessions::told(&*session.providers.shell));
    }
    // What could not be looked at is not known to be as it was.
    Ok(match (entries.iter().any(|e| e.counts()), entries.is_empty()) {
        (true, _) => ExitCode::Changes,
        (false, true) => ExitCode::Ok,
        (false, false) => ExitCode::Error,
    })
}
