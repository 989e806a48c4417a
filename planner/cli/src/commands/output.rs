//! `cplan output`: root outputs.

use std::collections::BTreeMap;

use cplan_model::{Diagnostic, SourceMap};
use cplan_store::StateOutput;

use crate::args::OutputArgs;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::render;
use crate::session::Session;

/// Shows all outputs, or one.
pub(crate) fn run(session: &Session, args: &OutputArgs) -> Result<ExitCode, CommandError> {
    let outputs = session.read_state()?.outputs;
    let text = match &args.name {
        Some(name) if args.json || !outputs.is_empty() => one(name, find(&outputs, name)?, args)?,
        _ if args.json => render::json::text(&render::json::state::outputs(&outputs, true)),
        _ if outputs.is_empty() => {
            session.warn(&no_outputs().into(), &SourceMap::default());
            String::new()
        }
        _ => render::outputs::outputs(outputs.iter().map(|(n, o)| (n.as_str(), o))),
    };
    session.print(&text)?;
    Ok(ExitCode::Ok)
}

fn no_outputs() -> Diagnostic {
    Diagnostic::warning("no-outputs", "No outputs found", "None is declared, or nothing was applied yet.")
        .remedy("Declare an `output`, and run `cplan apply`.")
}

fn find<'a>(outputs: &'a BTreeMap<String, StateOutput>, name: &str) -> Result<&'a StateOutput, CommandError> {
    outputs.get(name).ok_or_else(|| {
        let remedy = match cplan_config::suggest(name, outputs.keys().map(String::as_str)) {
            Some(near) => format!("Did you mean `{near}`?"),
            None => "`cplan output` lists those there are.".to_owned(),
        };
        CommandError::told(
            "unknown-output",
            format!("Output {name:?} not found"),
            format!("The state has no output `{name}`."),
            remedy,
        )
    })
}

fn one(name: &str, output: &StateOutput, args: &OutputArgs) -> Result<String, CommandError> {
    if args.json {
        return Ok(render::json::text(&render::json::values::json(&output.value, true)));
    }
    if !args.raw {
        // Who names it wants to see it, as in Terraform.
        return Ok(render::literal::literal(&output.value) + "\n");
    }
    render::state::raw(&output.value).ok_or_else(|| {
        CommandError::told(
            "output-not-text",
            "Unsupported value for raw output",
            format!("The output `{name}` is a {}, which has no bare text.", output.value.ty().friendly()),
            "Use `-json` for it.",
        )
    })
}
