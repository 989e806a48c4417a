//! The order in which `-var` and `-var-file` were typed: a later one wins.

use std::path::PathBuf;

use clap::ArgMatches;
use cplan_config::VariableFlag;

/// Both kinds, in order.
pub(super) fn in_order(matches: &ArgMatches) -> Vec<VariableFlag> {
    let mut found: Vec<(usize, VariableFlag)> = Vec::new();
    if let (Some(at), Some(values)) = (matches.indices_of("var"), matches.get_many::<String>("var")) {
        found.extend(at.zip(values.cloned().map(VariableFlag::Value)));
    }
    if let (Some(at), Some(files)) = (matches.indices_of("var_file"), matches.get_many::<PathBuf>("var_file")) {
        found.extend(at.zip(files.cloned().map(VariableFlag::File)));
    }
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, flag)| flag).collect()
}
