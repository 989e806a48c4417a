//! `make bench-plan`: cplan and terraform side by side on the same files, in turn, and what that says of the bounds that
//! cplan keeps. Ends with 1 where one is exceeded.
//!
//! `RUNS` (3), `N` (the sizes of the table), `SHAPES`, `STEPS` (comma separated), `PEER=none` to leave terraform out and
//! judge by figures recorded earlier, `LINEAR=1` for how cplan grows from 1,000 to 100,000 instances, `OUT` for the folder
//! of the pictures. Takes the cplan binary as its argument.

#![allow(clippy::print_stdout, reason = "a benchmark prints what it finds")]
#![allow(clippy::print_stderr, reason = "and how far it is")]

mod contender;
mod linear;
mod lines;
mod measure;
mod picture;
mod settings;
mod shape;
mod state;
mod table;

use std::io::Write as _;
use std::process::ExitCode;

use contender::{Contender, Tool};
use lines::Line;
use measure::Cost;
use settings::Settings;

/// What one line of the table cost: a cost per run.
struct Measured {
    line: Line,
    cplan: Vec<Cost>,
    /// Empty where terraform was left out.
    terraform: Vec<Cost>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if let [first, rest @ ..] = &arguments[..]
        && first == measure::FLAG
    {
        return measure::one(rest);
    }
    let done = Settings::from_environment(&arguments).and_then(|settings| run(&settings));
    match done {
        Ok(missed) if missed.is_empty() => ExitCode::SUCCESS,
        Ok(missed) => {
            missed.iter().for_each(|line| println!("MISSED: {line}"));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures what was asked for; gives the bounds that were exceeded.
fn run(settings: &Settings) -> Result<Vec<String>, String> {
    if settings.linear {
        return linear::run(settings);
    }
    let lines = lines::chosen(settings);
    if lines.is_empty() {
        return Err("nothing to measure: no line of the table has such a shape and step".into());
    }
    let mut measured = Vec::new();
    for line in lines {
        measured.push(one(settings, line)?);
    }
    eprint!("\r{:70}\r", "");
    println!("{}", table::text(&measured, settings));
    let picture = settings.out.join("bench-plan.svg");
    std::fs::write(&picture, picture::bars(&measured)).map_err(|e| format!("{}: {e}", picture.display()))?;
    println!("as a picture: {}", picture.display());
    Ok(table::missed(&measured))
}

/// One line: every run has both tools in turn.
fn one(settings: &Settings, line: Line) -> Result<Measured, String> {
    let work = tempfile::Builder::new().prefix("bench-plan-").tempdir_in(&settings.work).map_err(|e| e.to_string())?;
    let mut tools = vec![Contender::new(Tool::Cplan, settings, work.path(), &line)?];
    if settings.peer {
        tools.push(Contender::new(Tool::Terraform, settings, work.path(), &line)?);
    }
    let mut measured = Measured { line, cplan: Vec::new(), terraform: Vec::new() };
    for run in 1..=settings.runs {
        for contender in &mut tools {
            eprint!("\r{:70}\r{line}: run {run} of {}, {}", "", settings.runs, contender.tool);
            let _ = std::io::stderr().flush();
            let cost = contender.run()?;
            match contender.tool {
                Tool::Cplan => measured.cplan.push(cost),
                Tool::Terraform => measured.terraform.push(cost),
            }
        }
    }
    Ok(measured)
}
