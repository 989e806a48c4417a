//! `cplan-guest`: what cplan runs inside machines. One static binary, pushed by digest; it needs nothing of the guest.
//!
//! `mqtt publish` is an open-loop load generator, `mqtt work` the worker that answers it. Results go to standard output,
//! trouble to standard error; the exit status is 0, 1 for a failed run or 2 for wrong arguments.

mod arguments;
mod connection;
mod message;
mod publish;
mod work;

use std::io::Write;
use std::process::ExitCode;

use arguments::{Arguments, USAGE};

fn main() -> ExitCode {
    let outcome = match Arguments::parse(lexopt::Parser::from_env()) {
        Ok(Arguments::Publish(options)) => publish::run(&options).map_err(|e| chain(&e)),
        Ok(Arguments::Work(options)) => work::run(&options).map_err(|e| chain(&e)),
        Ok(Arguments::Help) => {
            let _ = std::io::stdout().write_all(USAGE.as_bytes());
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "cplan-guest: {error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "cplan-guest: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        line.push_str(": ");
        line.push_str(&inner.to_string());
        cause = inner.source();
    }
    line
}
