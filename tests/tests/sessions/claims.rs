//! Steps that need the same thing wait for each other; others do not.

use std::collections::HashMap;

use cplan_sdk::fake::Event;
use cplan_tests::session::Session;

fn four(claim: &str) -> String {
    format!(
        "resource \"fake_slow\" \"s\" {{\n  count  = 4\n  name   = \"s${{count.index}}\"\n  before = \"100ms\"\n{claim}}}\n"
    )
}

/// How many operations ran at the same time at most, by the world's clock.
fn together(session: &Session) -> usize {
    let mut open: HashMap<u64, ()> = HashMap::new();
    let mut most = 0;
    for entry in session.log() {
        if entry.event == Event::Start {
            open.insert(entry.serial, ());
            most = most.max(open.len());
        } else {
            open.remove(&entry.serial);
        }
    }
    most
}

#[test]
fn what_claims_nothing_runs_together() {
    let session = Session::new(&four(""));
    session.apply(&[]).expect(0);
    assert_eq!(together(&session), 4);
}

#[test]
fn parallelism_is_a_limit() {
    let session = Session::new(&four(""));
    session.apply(&["-parallelism=3"]).expect(0);
    assert_eq!(together(&session), 3);
}

#[test]
fn an_exclusive_claim_runs_alone() {
    let session = Session::new(&four("  claim = \"host:a\"\n"));
    session.apply(&[]).expect(0);
    assert_eq!(together(&session), 1);
}

#[test]
fn slots_are_never_taken_twice() {
    let session = Session::new(&four("  claim = \"boots:a\"\n  share = \"1/2\"\n"));
    session.apply(&[]).expect(0);
    assert_eq!(together(&session), 2);
}
