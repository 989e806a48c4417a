//! Many cases, judged in parallel.

use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use cplan_tests::capability::{require, terraform};
use cplan_tests::repository::read;

use super::answer::Answer;
use super::case::Case;
use super::compare::{Difference, compare};
use super::generate::expressions;
use super::tool::{Side, Tool};
use super::{record, wanted};

/// Where the wanted differences stand.
const LIST: &str = "tests/oracle/differences.txt";
/// Differences that nobody wants: known, counted, and to go.
const OPEN: &str = "tests/oracle/open.txt";

/// Judges all cases whose id contains `CPLAN_ORACLE_ONLY`, and fails on a difference that is not listed. An entry of the
/// list that is `owned` by these cases and meets no difference is out of date, and fails as well.
pub(crate) fn judge(cases: &[Case], owned: impl Fn(&str) -> bool) {
    if !require("terraform", terraform) {
        return;
    }
    let only = std::env::var("CPLAN_ORACLE_ONLY").unwrap_or_default();
    let cases: Vec<&Case> = cases.iter().filter(|c| c.id.contains(&only)).collect();
    let open = wanted::parse_open(&read(OPEN));
    let list = [wanted::parse(&read(LIST)), open.clone()].concat();
    let found = differences(&cases);
    let unwanted: Vec<&Difference> = found.iter().filter(|d| !list.iter().any(|w| w.covers(d))).collect();
    let mut report = String::new();
    for difference in &unwanted {
        writeln!(report, "{difference}").unwrap();
        if let Some(source) = cases.iter().find_map(|case| expressions::source(case, &difference.place)) {
            writeln!(report, "    {source}").unwrap();
        }
    }
    for entry in list.iter().filter(|w| only.is_empty() && owned(&w.pattern)) {
        if !found.iter().any(|d| entry.covers(d)) {
            writeln!(report, "{LIST} or {OPEN}: no longer differs: {}", entry.pattern).unwrap();
        }
    }
    let known = found.iter().filter(|d| open.iter().any(|o| o.covers(d))).count();
    let wanted = found.len() - unwanted.len() - known;
    println!("{} cases, {} differences, {wanted} of them wanted, {known} open", cases.len(), found.len());
    assert!(report.is_empty(), "{} unwanted differences:\n{report}", unwanted.len());
}

/// The differences of all cases, in their order.
fn differences(cases: &[&Case]) -> Vec<Difference> {
    let found = Mutex::new(Vec::new());
    in_parallel(cases, |at, case| {
        let differences = compare(&case.id, &theirs(case), &answers(Tool::Cplan, case));
        found.lock().unwrap().push((at, differences));
    });
    let mut found = found.into_inner().unwrap();
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().flat_map(|(_, differences)| differences).collect()
}

/// Does something for each of many, with its position, on all processors.
pub(crate) fn in_parallel<T: Sync>(items: &[T], work: impl Fn(usize, &T) + Sync) {
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { return };
                    work(at, item);
                }
            });
        }
    });
}

/// Terraform's answers, from the records where there are some.
pub(crate) fn theirs(case: &Case) -> Vec<Answer> {
    record::read(case).unwrap_or_else(|| {
        let theirs = answers(Tool::Terraform, case);
        record::write(case, &theirs);
        theirs
    })
}

/// All answers of one program to a case.
fn answers(tool: Tool, case: &Case) -> Vec<Answer> {
    let mut side = Side::new(tool);
    case.steps.iter().flat_map(|step| side.run(step)).collect()
}
