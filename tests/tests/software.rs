//! Software on machines that are file systems of Debian with an sshd, through the whole of cplan.

use cplan_tests::capability::require;
use cplan_tests::debian::{Debian, Repository, possible};
use cplan_tests::folder::Finished;

mod conforming;
mod examples;
mod files;
mod forwards;
mod interrupted;
mod logs;
mod modules;
mod packages;
mod replacing;
mod services;
mod users;

/// Whether this host can run the tests of this module.
fn capable() -> bool {
    require("ssh", possible)
}

/// How many ssh sessions a verbose command says it opened.
fn sessions(finished: &Finished) -> usize {
    let text = finished.text();
    let line = text.lines().find_map(|l| l.strip_prefix("ssh sessions opened: "));
    line.and_then(|n| n.trim().parse().ok()).unwrap_or_else(|| panic!("no sessions in:\n{text}"))
}

/// Machines by name, as `local.machines` of a configuration.
fn machines(machines: &[Debian]) -> String {
    let lines: Vec<String> = machines.iter().map(|m| format!("    {} = {}\n", m.access.name, m.hcl())).collect();
    format!("locals {{\n  machines = {{\n{}  }}\n}}\n", lines.concat())
}
