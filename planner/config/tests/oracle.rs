//! The same expressions here and in the real terraform: values as its console prints them, errors as it words them.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;

use cplan_config::evaluate;

use crate::scope::{empty, expressions};

mod broken;
pub(crate) mod files;
mod judge;
mod printed;
pub(crate) mod unknowns;

/// Expressions with values, one per line; lines with `#` in front are remarks.
const VALUES: &str = concat!(
    include_str!("oracle/values.txt"),
    include_str!("oracle/texts.txt"),
    include_str!("oracle/collections.txt")
);
/// Expressions with errors; behind `~` those of which we say the same in other words.
const ERRORS: &str = concat!(
    include_str!("oracle/errors.txt"),
    include_str!("oracle/texts-errors.txt"),
    include_str!("oracle/collections-errors.txt")
);

fn lines(text: &str) -> Vec<&str> {
    let remark = |l: &&str| l.is_empty() || l.starts_with('#');
    text.lines().map(str::trim).map(|l| l.strip_prefix("~ ").unwrap_or(l)).filter(|l| !remark(l)).collect()
}

#[test]
fn values_are_those_of_terraform() {
    let all = lines(VALUES);
    let (dir, exprs, diagnostics) = expressions(&all);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    files::furnish(dir.path());
    if !judge::runs() {
        return;
    }
    let theirs = judge::values(&all);
    let mut wrong = String::new();
    for ((source, expr), theirs) in all.iter().zip(&exprs).zip(&theirs) {
        let (value, diagnostics) = evaluate(expr.as_ref().unwrap(), &empty(dir.path()));
        let mut ours = diagnostics.iter().map(|d| format!("error: {}", d.what)).collect::<Vec<_>>().join("\n");
        if !diagnostics.has_errors() {
            ours = printed::printed(&value, 2);
        }
        if ours != *theirs {
            write!(wrong, "{source}\n  ours:   {ours}\n  theirs: {theirs}\n").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn errors_are_those_of_terraform() {
    let all = lines(ERRORS);
    let (dir, exprs, diagnostics) = expressions(&all);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    files::furnish(dir.path());
    if !judge::runs() {
        return;
    }
    let theirs = judge::errors(&all);
    let mut wrong = String::new();
    for ((source, expr), theirs) in all.iter().zip(&exprs).zip(&theirs) {
        let own_words = ERRORS.lines().any(|line| line.strip_prefix("~ ") == Some(source));
        let (_, diagnostics) = evaluate(expr.as_ref().unwrap(), &empty(dir.path()));
        let ours: Vec<_> = diagnostics.iter().collect();
        if ours.is_empty() {
            write!(wrong, "{source}\n  is no error here; theirs: {theirs:?}\n").unwrap();
            continue;
        }
        assert!(ours.iter().all(|d| d.primary.is_some() && !d.remedy.is_empty()), "{source}: {ours:?}");
        let same = theirs.iter().any(|(summary, detail)| {
            let detail = detail.split_whitespace().collect::<Vec<_>>().join(" ");
            *summary == ours[0].summary && (own_words || detail.contains(ours[0].what.trim_end_matches('.')))
        });
        if !same {
            write!(wrong, "{source}\n  ours:   {}: {}\n  theirs: {theirs:?}\n", ours[0].summary, ours[0].what).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_layout_is_that_of_terraform() {
    let work = tempfile::tempdir().unwrap();
    let mut wrong = String::new();
    for text in
        [include_str!("oracle/ugly.tf"), include_str!("fixtures/decode.tf"), include_str!("fixtures/references.tf")]
    {
        let ours = cplan_config::format(text).unwrap();
        assert_eq!(cplan_config::format(&ours).unwrap(), ours);
        if !judge::runs() {
            return;
        }
        let mut command = judge::terraform(work.path());
        let mut child = command.args(["fmt", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let theirs = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        for (a, b) in ours.lines().zip(theirs.lines()).filter(|(a, b)| a != b) {
            write!(wrong, "ours:   {a}\ntheirs: {b}\n").unwrap();
        }
        if ours.lines().count() != theirs.lines().count() {
            write!(wrong, "ours:\n{ours}theirs:\n{theirs}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
