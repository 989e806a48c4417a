//! The acceptance lines of the language, and the command line: cases written by hand.

use cplan_tests::repository::{files, read};

use super::case::{Case, parse};
use super::suite::judge;

/// All case files.
fn cases() -> Vec<Case> {
    let files = files().into_iter().filter(|f| f.starts_with("tests/oracle/") && f.ends_with(".case"));
    let name = |file: &str| file.trim_start_matches("tests/oracle/").trim_end_matches(".case").to_owned();
    files.flat_map(|file| parse(&name(&file), &read(&file))).collect()
}

#[test]
fn every_line_is_as_terraform_has_it() {
    judge(&cases(), |pattern| !pattern.starts_with("generated-"));
}
