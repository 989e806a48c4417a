//! Generated cases: as many again as those written by hand, other ones for every seed.

use std::sync::Mutex;

use cplan_tests::capability::{require, terraform};

use super::answer::REFUSED;
use super::case::Case;
use super::generate::{expressions, graphs, seeds, variables};
use super::suite::{in_parallel, judge, theirs};

#[test]
fn graphs_and_their_changes_are_as_terraform_has_them() {
    let cases: Vec<Case> = seeds(20).map(graphs::case).collect();
    judge(&cases, |_| false);
}

#[test]
fn the_precedence_of_variables_is_as_terraform_has_it() {
    let cases: Vec<Case> = seeds(60).map(variables::case).collect();
    judge(&cases, |_| false);
}

/// First what terraform refuses, line by line; then the values of the rest.
#[test]
fn expressions_are_as_terraform_has_them() {
    if !require("terraform", terraform) {
        return;
    }
    let cases = Mutex::new(Vec::new());
    let seeds: Vec<u64> = seeds(8).collect();
    in_parallel(&seeds, |at, seed| {
        let mut all = expressions::expressions(*seed);
        let mut some = Vec::new();
        for command in ["validate", "plan"] {
            let case = expressions::refusals(*seed, &all, command);
            all = expressions::accepted(all, &theirs(&case)[0].documents[REFUSED]);
            some.push(case);
        }
        some.push(expressions::values(*seed, &all));
        cases.lock().unwrap().push((at, some));
    });
    let mut cases = cases.into_inner().unwrap();
    cases.sort_by_key(|(at, _)| *at);
    let cases: Vec<Case> = cases.into_iter().flat_map(|(_, pair)| pair).collect();
    judge(&cases, |_| false);
}
