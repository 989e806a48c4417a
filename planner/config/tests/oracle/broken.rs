//! Files that are no configuration: the same mistakes at the same lines.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use cplan_config::load;

use super::judge;

/// Files, each with one mistake or more.
const BROKEN: &str = include_str!("broken.txt");

/// Mistakes by the name of their file.
type Found = BTreeMap<String, BTreeSet<(usize, String)>>;

#[test]
fn broken_files_are_refused_as_terraform_refuses_them() {
    if !judge::runs() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let files: Vec<&str> = BROKEN.trim_end().split("\n=====\n").collect();
    for (i, text) in files.iter().enumerate() {
        std::fs::write(dir.path().join(format!("f{i:03}.tf")), format!("{text}\n")).unwrap();
    }
    let theirs = judge::refusals(dir.path());
    let (config, diagnostics) = load(dir.path());
    let mut ours = Found::new();
    let syntax = ["syntax", "multi-line-string", "duplicate-argument", "invalid-number"];
    for diagnostic in diagnostics.iter().filter(|d| syntax.contains(&d.id)) {
        let (file, line, _) = config.sources.locate(diagnostic.primary.as_ref().unwrap().span).unwrap();
        let name = std::path::Path::new(file).file_name().unwrap().to_string_lossy().into_owned();
        ours.entry(name).or_default().insert((line, diagnostic.summary.to_string()));
    }
    let mut wrong = String::new();
    for (i, text) in files.iter().enumerate() {
        let name = format!("f{i:03}.tf");
        let none = BTreeSet::new();
        let (ours, theirs) = (ours.get(&name).unwrap_or(&none), theirs.get(&name).unwrap_or(&none));
        // What is missing in what remains of a file is theirs alone: here the block is left out.
        if !ours.is_subset(theirs) || ours.is_empty() && theirs.iter().any(|(_, summary)| !of_the_whole(summary)) {
            write!(wrong, "{text}\n  ours:   {ours:?}\n  theirs: {theirs:?}\n").unwrap();
        }
    }
    assert!(files.len() > 250 && wrong.is_empty(), "{wrong}");
}

/// Whether a mistake is none of the text but of what it says.
fn of_the_whole(summary: &str) -> bool {
    ["Duplicate", "Unsupported", "Missing required argument", "Extraneous label", "Missing name"]
        .iter()
        .any(|begin| summary.starts_with(begin) && summary != "Unsupported operator")
}
