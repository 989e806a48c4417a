//! `cplan console`: what expressions give, one after the other or from standard input.

mod open;
mod terminal;

use std::io::BufRead as _;
use std::sync::Arc;

use cplan_config::{Config, expression};
use cplan_engine::{Console, Deaf};
use cplan_model::Value;
use serde_json::json;

use super::work;
use crate::args::ConsoleArgs;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::progress::Notes;
use crate::render::diagnostic::diagnostics;
use crate::render::json;
use crate::render::literal::{literal, type_text};
use crate::session::Session;

/// What `help` says.
const HELP: &str = "\
Type an expression, as it would stand in the root module, and press enter:
`1 + 1`, `local.name`, `[for m in module.lab.machines : m.address]`.
Resources are what the state says of them. An open bracket or heredoc goes on
with the next line; `type(x)` tells the type of a value.

`exit`, or Ctrl-D, ends the console.
";

/// Answers until the input ends.
pub(crate) async fn run(session: &Session, args: &ConsoleArgs) -> Result<ExitCode, CommandError> {
    let (config, warnings) = session.load()?;
    session.warn(&warnings, &config.sources);
    let console = if args.plan { planned(session, &config).await? } else { remembered(session, &config)? };
    let answers = Answers { session, config: &config, console: &console };
    if session.terminal.asks && !session.settings.json {
        terminal::talk(&answers, &config)?;
        return Ok(ExitCode::Ok);
    }
    piped(&answers)
}

/// The values of the state. Mistakes in the configuration are told, and what hangs on them is unknown.
fn remembered(session: &Session, config: &Arc<Config>) -> Result<Console, CommandError> {
    let input = session.partial_input(config, session.read_state()?)?;
    let context = session.context(Arc::new(Notes(Arc::clone(&session.log))));
    let (console, found) = Console::new(&context, input);
    session.warn(&found, &config.sources);
    if found.has_errors() {
        session.terminal.err("Because of the problems above, some expressions may give unexpected results.\n\n");
    }
    Ok(console)
}

async fn planned(session: &Session, config: &Arc<Config>) -> Result<Console, CommandError> {
    let input = session.input(config, session.read_state()?)?;
    let context = session.context(Arc::new(Notes(Arc::clone(&session.log))));
    let (plan, warnings) = work::make_plan(session, &context, input, Arc::new(Deaf), config, |_| Ok(())).await?;
    session.warn(&warnings, &config.sources);
    Ok(Console::of_plan(&plan))
}

/// Takes standard input. As Terraform does, it ends at the first mistake, and prints the last answer only.
fn piped(answers: &Answers<'_>) -> Result<ExitCode, CommandError> {
    let mut pending = String::new();
    let mut last = String::new();
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|e| CommandError::file("read", "<stdin>".as_ref(), e))?;
        pending.push_str(&line);
        pending.push('\n');
        if open::is_open(&pending) {
            continue;
        }
        match answers.answer(&std::mem::take(&mut pending))? {
            Some(answer) => last = answer,
            None => return Ok(ExitCode::Ok),
        }
    }
    if !pending.is_empty() {
        match answers.answer(&pending)? {
            Some(answer) => last = answer,
            None => return Ok(ExitCode::Ok),
        }
    }
    answers.session.print(&format!("{last}\n"))?;
    Ok(ExitCode::Ok)
}

/// Answers expressions.
struct Answers<'a> {
    session: &'a Session,
    config: &'a Config,
    console: &'a Console,
}

impl Answers<'_> {
    /// The answer, without a line end; `None` when the console shall end.
    fn answer(&self, typed: &str) -> Result<Option<String>, CommandError> {
        let text = typed.trim();
        match text {
            "exit" => return Ok(None),
            "help" => return Ok(Some(HELP.trim_end().to_owned())),
            "" => return Ok(Some(String::new())),
            _ => {}
        }
        let mut sources = self.config.sources.clone();
        let source = sources.add("<console>", text);
        let refused = |found| CommandError::Refused(found, sources.clone());
        let expr = expression(text, source).map_err(|d| refused((*d).into()))?;
        let of_type = expr.only_argument_of("type");
        if of_type.as_ref().is_some_and(|inner| inner.only_argument_of("type").is_some()) {
            return Ok(Some("type".to_owned()));
        }
        let (value, found) = self.console.evaluate(of_type.as_ref().unwrap_or(&expr));
        if found.has_errors() {
            return Err(refused(found));
        }
        if !found.is_empty() {
            self.session.terminal.err(&diagnostics(&found, &self.session.view(&sources)));
        }
        Ok(Some(match of_type {
            Some(_) => type_text(&value.ty()),
            None if self.session.settings.json => in_json(&value),
            None => literal(&value),
        }))
    }
}

/// The value with its type, as `output -json` has it; what is sensitive is masked.
fn in_json(value: &Value) -> String {
    let sensitive = value.marks_deep().is_sensitive();
    let known = value.is_wholly_known();
    json!({
        "type": json::values::type_json(&value.ty()), "value": json::values::json(value, false),
        "sensitive": sensitive, "known": known,
    })
    .to_string()
}
