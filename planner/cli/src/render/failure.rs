//! Failures: errors with their chain of causes, and the report of an apply.

use std::error::Error;
use std::fmt::Write as _;

use cplan_engine::{ApplyReport, Failure};
use cplan_sdk::ProviderError;

use super::progress::{noun, objects};
use super::style::{Style, Tone};
use crate::commands::work::Kind;

/// An error and what caused it, one line each.
pub(crate) fn chain(error: &(dyn Error + 'static), remedy: &str, style: Style) -> String {
    let mut out = format!("{}: {}\n", style.bold(Tone::Bad, "error"), style.paint(Tone::Strong, &error.to_string()));
    out.push_str(&causes(error));
    if !remedy.is_empty() {
        let _ = writeln!(out, "  = {remedy}");
    }
    out
}

/// The causes and the remedy on one line, for JSON.
pub(crate) fn causes_and_remedy(error: &(dyn Error + 'static), remedy: &str) -> String {
    let mut parts = told_causes(error);
    parts.push(remedy.to_owned());
    parts.retain(|p| !p.is_empty());
    parts.join(" ")
}

fn causes(error: &(dyn Error + 'static)) -> String {
    told_causes(error).iter().fold(String::new(), |mut out, cause| {
        let _ = writeln!(out, "  = because: {cause}");
        out
    })
}

/// The chain of causes, each told once: an error of a library may stand in one of ours that says the same.
fn told_causes(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut told = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        told.push(cause.to_string());
        source = cause.source();
    }
    told.dedup();
    told.split_off(1)
}

/// One failed step: address, message, causes, details, remedy.
pub(crate) fn failure(failure: &Failure, error: &ProviderError, place: Option<String>, style: Style) -> String {
    let head = style.paint(Tone::Strong, &format!("{} of {} failed", noun(failure.action), failure.address));
    let mut out = format!("{}: {head}\n", style.bold(Tone::Bad, "error"));
    if let Some(place) = place {
        let _ = writeln!(out, "  {} {place}", style.paint(Tone::Info, "-->"));
    }
    let _ = writeln!(out, "  = {}", sentence(&error.message));
    out.push_str(&causes(error));
    for line in error.details.lines() {
        let _ = writeln!(out, "  {} {}", style.paint(Tone::Faint, "|"), super::value::visible(line));
    }
    if !error.remedy.is_empty() {
        let _ = writeln!(out, "  = {}", error.remedy);
    }
    out
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?', ':']) { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}

/// What was not begun, and why.
pub(crate) fn skipped(report: &ApplyReport, style: Style) -> String {
    if report.skipped.is_empty() {
        return String::new();
    }
    let heading = style.paint(Tone::Strong, &format!("Skipped {}:", objects(report.skipped.len())));
    let lines: String = report.skipped.iter().map(|(address, why)| format!("  {address}: {why}\n")).collect();
    format!("{heading}\n{lines}\n")
}

/// The last line: `Apply complete! Resources: 3 added, 1 changed, 0 destroyed.`; a destroy tells only what it destroyed.
pub(crate) fn counts(report: &ApplyReport, kind: Kind, style: Style) -> String {
    let ApplyReport { created, updated, deleted, imported, .. } = report;
    let taken_in = if *imported > 0 { format!("{imported} imported, ") } else { String::new() };
    let counts = match kind {
        Kind::Apply => format!("Resources: {taken_in}{created} added, {updated} changed, {deleted} destroyed."),
        Kind::Destroy => format!("Resources: {deleted} destroyed."),
    };
    let verb = kind.verb();
    let head = match (report.failures.is_empty() && !report.diagnostics.has_errors(), report.cancelled) {
        (_, true) => style.bold(Tone::Change, &format!("{verb} interrupted.")),
        (true, _) => style.bold(Tone::Good, &format!("{verb} complete!")),
        (false, _) => style.bold(Tone::Bad, &format!("{verb} failed.")),
    };
    format!("{head} {counts}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use cplan_engine::Cause;
    use cplan_model::{Action, Diagnostics};
    use cplan_sdk::ErrorKind;

    #[test]
    fn a_failed_step_shows_message_causes_details_and_remedy() {
        let cause = std::io::Error::other("connection refused");
        let error = ProviderError::new(ErrorKind::TimedOut, "ssh did not answer within 180s")
            .source(cause)
            .details("[    0.1] Linux\npanic\u{1b}")
            .remedy("Look at the console with `virsh console`.");
        let (address, cause) = ("lab_machine.edge".parse().unwrap(), Cause::Conditions(Diagnostics::new()));
        let failed = Failure { address, action: Action::Create, cause, place: None };
        assert_eq!(
            failure(&failed, &error, Some("main.hcl:3:1".into()), Style::plain()),
            "\
error: Creation of lab_machine.edge failed
  --> main.hcl:3:1
  = Ssh did not answer within 180s.
  = because: connection refused
  | [    0.1] Linux
  | panic\u{fffd}
  = Look at the console with `virsh console`.
"
        );
    }

    #[test]
    fn an_error_shows_its_chain_once() {
        let error = ProviderError::failed("cannot write the state").source(std::io::Error::other("disk full"));
        assert_eq!(
            chain(&error, "Make room.", Style::plain()),
            "error: cannot write the state\n  = because: disk full\n  = Make room.\n"
        );
        // An error that stands in one that says the same.
        let inner = ProviderError::failed("no host").source(std::io::Error::other("refused"));
        let outer = ProviderError::failed("no host").source(inner);
        assert_eq!(chain(&outer, "", Style::plain()), "error: no host\n  = because: refused\n");
    }
}
