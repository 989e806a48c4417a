//! One file per command; here a command line finds its command.

mod apply;
mod approval;
mod cache;
mod completions;
mod console;
mod destroy;
mod doctor;
mod drift;
mod fmt;
mod generate;
mod graph;
mod header;
mod import;
mod init;
mod logs;
mod man;
mod output;
mod plan;
mod plan_files;
mod refresh;
mod report;
mod serial;
mod sessions;
mod show;
mod ssh;
mod state;
mod state_files;
mod unsettled;
mod validate;
mod version;
mod why;
pub(crate) mod work;

pub(crate) use generate::MARK;

use std::ffi::OsString;
use std::io;

use crate::args::{self, Command, Elsewhere, MachineCommand};
use crate::clock::Moment;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::render::failure::chain;
use crate::render::json;
use crate::session::Session;
use crate::settings::{self, Settings};
use crate::terminal::Terminal;

/// Runs a command line, program name first.
pub(crate) fn run(typed: impl IntoIterator<Item = OsString>) -> ExitCode {
    let typed = match args::from_environment(typed, settings::variable) {
        Ok(typed) => typed,
        Err(name) => return refused_early(&unclosed(&name), true),
    };
    let args = match args::parse(typed) {
        Ok(args) => args,
        Err(answer) => {
            if let Some(named) = args::elsewhere(&answer) {
                return refused_early(&not_here(&named), true);
            }
            // clap's own code for a mistake is 2, which here means "there are changes".
            let code = if answer.use_stderr() { ExitCode::Error } else { ExitCode::Ok };
            let _ = answer.print();
            return code;
        }
    };
    let settings = match Settings::new(&args) {
        Ok(settings) => settings,
        Err(error) => return refused_early(&error, !args.no_color),
    };
    // Paths in a configuration are meant from its folder, wherever it was called from: `source = "${path.module}/x"`.
    if let Err(error) = std::env::set_current_dir(&settings.dir) {
        return refused_early(&CommandError::file("open the folder", &settings.dir, error), !args.no_color);
    }
    let terminal = Terminal::new(settings.colour, settings.dumb);
    let session = Session::new(settings, terminal);
    match block_on(dispatch(&session, args.command)) {
        Ok(code) => code,
        Err(CommandError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::Ok,
        Err(error) => {
            let _ = session.tell(&error);
            ExitCode::Error
        }
    }
}

async fn dispatch(session: &Session, command: Command) -> Result<ExitCode, CommandError> {
    if session.settings.stream {
        session.print(&json::line(&json::event::version(&Moment::now().precise())))?;
    }
    let done = match command {
        Command::Validate(_) => validate::run(session),
        Command::Plan(args) => plan::run(session, &args).await,
        Command::Apply(args) => apply::run(session, &args).await,
        Command::Destroy(args) => destroy::run(session, &args).await,
        Command::Drift(_) => drift::run(session).await,
        Command::Show(args) => show::run(session, &args),
        Command::Output(args) => output::run(session, &args),
        Command::Console(args) => console::run(session, &args).await,
        Command::Why(args) => why::run(session, &args),
        Command::Completions(args) => completions::run(session, &args),
        Command::Man(args) => man::run(session, &args),
        Command::Graph(_) => graph::run(session),
        Command::State(command) => state::run(session, &command),
        Command::Logs(args) => logs::run(session, &args),
        Command::Cache(command) => cache::run(session, &command),
        Command::Ssh(args) => ssh::run(session, &args),
        Command::Machine(MachineCommand::Console(args)) => serial::run(session, &args),
        Command::Fmt(args) => fmt::run(session, &args),
        Command::Doctor(_) => doctor::run(session).await,
        Command::Taint(args) => state::taint(session, &args),
        Command::Untaint(args) => state::untaint(session, &args),
        Command::Import(args) => import::run(session, &args).await,
        Command::Refresh(_) => refresh::run(session).await,
        Command::Init(_) => init::init(session),
        Command::Get(_) => init::get(session),
        Command::ForceUnlock(_) => init::force_unlock(session),
        Command::Version(_) => version::run(session),
    };
    session.providers.registry.close().await;
    done
}

fn not_here(named: &Elsewhere) -> CommandError {
    CommandError::told("not-here", format!("cplan has no `{}`", named.name), named.why, named.remedy)
}

fn unclosed(name: &str) -> CommandError {
    let what = format!("The quotes in `{name}` do not close.");
    CommandError::told("environment-arguments", "Invalid arguments in the environment", what, "Close them.")
}

fn block_on(command: impl Future<Output = Result<ExitCode, CommandError>>) -> Result<ExitCode, CommandError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| CommandError::Failed(Box::new(e), String::new()))?;
    let done = runtime.block_on(command);
    // A question that nobody answers must not hold the process.
    runtime.shutdown_background();
    done
}

fn refused_early(error: &CommandError, colour: bool) -> ExitCode {
    let terminal = Terminal::new(colour, false);
    match error {
        CommandError::Refused(list, sources) => {
            let view = crate::render::diagnostic::View {
                sources,
                prefix: std::path::Path::new(""),
                style: terminal.error_style(),
                width: terminal.error_width(),
            };
            terminal.err(&crate::render::diagnostic::diagnostics(list, &view));
        }
        CommandError::Failed(error, remedy) => terminal.err(&chain(&**error, remedy, terminal.error_style())),
        CommandError::Output(error) => terminal.err(&chain(error, "", terminal.error_style())),
    }
    ExitCode::Error
}
