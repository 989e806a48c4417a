//! Many cases, judged in parallel.

use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use cplan_tests::capability::{require, terraform};
use cplan_tests::repository::read;

use super::answer::Answer;
use super::case::Case;
use super::compare::{Difference, compare};
use super::tool::{Side, Tool};
use super::{record, wanted};

/// Where the wanted differences stand.
const LIST: &str = "tests/oracle/differences.txt";

/// Judges all cases whose id contains `CPLAN_ORACLE_ONLY`, and fails on a difference that is not listed. Entries of the
/// list that begin with `owned` and meet no difference are out of date, and fail as well.
pub(crate) fn judge(cases: &[Case], owned: &str) {
    if !require("terraform", terraform) {
        return;
    }
    let only = std::env::var("CPLAN_ORACLE_ONLY").unwrap_or_default();
    let cases: Vec<&Case> = cases.iter().filter(|c| c.id.contains(&only)).collect();
    let list = wanted::parse(&read(LIST));
    let found = differences(&cases);
    let mut report = String::new();
    let unwanted: Vec<&Difference> = found.iter().filter(|d| !list.iter().any(|w| w.covers(d))).collect();
    for difference in &unwanted {
        writeln!(report, "{difference}").unwrap();
    }
    for entry in list.iter().filter(|w| only.is_empty() && w.pattern.starts_with(owned)) {
        if !found.iter().any(|d| entry.covers(d)) {
            writeln!(report, "{LIST}: no longer differs: {}", entry.pattern).unwrap();
        }
    }
    println!("{} cases, {} differences, {} of them wanted", cases.len(), found.len(), found.len() - unwanted.len());
    assert!(report.is_empty(), "{} unwanted differences:\n{report}", unwanted.len());
}

/// The differences of all cases, in their order.
fn differences(cases: &[&Case]) -> Vec<Difference> {
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(at) else { return };
                    let differences = judge_one(case);
                    found.lock().unwrap().push((at, differences));
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap();
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().flat_map(|(_, differences)| differences).collect()
}

fn judge_one(case: &Case) -> Vec<Difference> {
    let theirs = record::read(case).unwrap_or_else(|| {
        let theirs = answers(Tool::Terraform, case);
        record::write(case, &theirs);
        theirs
    });
    compare(&case.id, &theirs, &answers(Tool::Cplan, case))
}

/// All answers of one program to a case.
pub(crate) fn answers(tool: Tool, case: &Case) -> Vec<Answer> {
    let mut side = Side::new(tool);
    case.steps.iter().flat_map(|step| side.run(step)).collect()
}
