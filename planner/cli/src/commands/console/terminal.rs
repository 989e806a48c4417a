//! The console of a person at a terminal: lines are edited, names are completed, a mistake does not end it.

use cplan_config::Config;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Config as Editing, Context, Editor, Helper};

use super::{Answers, open};
use crate::failure::CommandError;

/// Asks and answers until `exit`, Ctrl-D or Ctrl-C. What was typed is remembered until the console ends.
pub(super) fn talk(answers: &Answers<'_>, config: &Config) -> Result<(), CommandError> {
    let failed = |e: ReadlineError| CommandError::Failed(Box::new(e), String::new());
    let editing = Editing::builder().auto_add_history(true).build();
    let history = MemHistory::with_config(&editing);
    let mut editor: Editor<Names, MemHistory> = Editor::with_history(editing, history).map_err(failed)?;
    editor.set_helper(Some(Names(names(config))));
    loop {
        let typed = match editor.readline("> ") {
            Ok(typed) => typed,
            Err(ReadlineError::Eof | ReadlineError::Interrupted) => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        match answers.answer(&typed) {
            Ok(Some(answer)) => answers.session.print(&format!("{answer}\n"))?,
            Ok(None) => return Ok(()),
            Err(error @ CommandError::Output(_)) => return Err(error),
            Err(error) => answers.session.tell(&error).map_err(CommandError::Output)?,
        }
    }
}

/// Everything that the root module declares.
fn names(config: &Config) -> Vec<String> {
    let root = &config.root;
    let variables = root.variables.keys().map(|n| format!("var.{n}"));
    let locals = root.locals.keys().map(|n| format!("local.{n}"));
    let resources = root.resources.keys().map(ToString::to_string);
    let outputs = root.calls.iter().flat_map(|(call, c)| {
        let outputs = c.module.outputs.keys().map(move |o| format!("module.{call}.{o}"));
        std::iter::once(format!("module.{call}")).chain(outputs)
    });
    variables.chain(locals).chain(resources).chain(outputs).collect()
}

/// Knows what can be named, and when a line is whole.
struct Names(Vec<String>);

impl Completer for Names {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let before = line.get(..at).unwrap_or(line);
        let start = before
            .rfind(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.')))
            .map_or(0, |i| i + before[i..].chars().next().map_or(1, char::len_utf8));
        let word = &before[start..];
        Ok((start, self.0.iter().filter(|n| n.starts_with(word)).cloned().collect()))
    }
}

impl Validator for Names {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let open = open::is_open(context.input());
        Ok(if open { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

impl Hinter for Names {
    type Hint = String;
}

impl Highlighter for Names {}

impl Helper for Names {}
