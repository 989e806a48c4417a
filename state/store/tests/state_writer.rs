//! For tests: changes a state until it is killed. Says on standard output what was acknowledged, and nothing before.
//!
//! `cplan-state-writer DIR commit SEED` begins and commits in turn, printing `begun N` and `done N` after each;
//! `cplan-state-writer DIR hold` prints `held` and waits; `cplan-state-writer DIR abort BOUNDARY` begins, commits and
//! finishes once, aborting at the boundary.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program of the tests")]

#[path = "samples.rs"]
mod samples;

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use cplan_store::{IntentId, Options, SledStore, Store, Transaction};
use samples::{Seeded, holder, intent, key, record};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [dir, "commit", seed] => commit(Path::new(dir), Seeded::new(seed.parse().unwrap())),
        [dir, "hold"] => {
            let _store = SledStore::open(Path::new(dir), holder()).unwrap();
            say("held");
            loop {
                std::thread::park();
            }
        }
        [dir, "abort", boundary] => abort(Path::new(dir), boundary),
        _ => panic!("unknown arguments {arguments:?}"),
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// The n-th step writes records `n` under a few names, so that values are also overwritten; every tenth is larger
/// than a batch, every seventh finishes.
fn commit(dir: &Path, mut seeded: Seeded) {
    let store = SledStore::open(dir, holder()).unwrap();
    let first = store.load().unwrap().outputs.get("n").and_then(|o| o.value.as_u64()).map_or(0, |n| n + 1);
    for n in first.. {
        store.begin(&[intent(n, "fake_thing.a")]).unwrap();
        say(&format!("begun {n}"));
        let size = if n % 10 == 9 { 1500 } else { 1 + seeded.below(3) };
        let number = i64::try_from(n).unwrap();
        let put = (0..size).map(|i| (key(&format!("fake_thing.a[{i}]")), record(number))).collect();
        let output = cplan_store::StateOutput { value: cplan_model::Value::number(n), sensitive: false };
        let outputs = Some([("n".to_owned(), output)].into());
        store.commit(&Transaction { put, outputs, settled: vec![IntentId(n)], ..Transaction::default() }).unwrap();
        say(&format!("done {n}"));
        if n % 7 == 6 {
            store.finish().unwrap();
        }
    }
}

fn abort(dir: &Path, boundary: &str) {
    let at = boundary.to_owned();
    let faults = Arc::new(move |passed| {
        if format!("{passed:?}") == at {
            std::process::abort();
        }
    });
    let store = SledStore::open_with(dir, Options { faults: Some(faults), ..Options::new(holder()) }).unwrap();
    store.begin(&[intent(1, "fake_thing.a")]).unwrap();
    let put = vec![(key("fake_thing.a"), record(1))];
    store.commit(&Transaction { put, settled: vec![IntentId(1)], ..Transaction::default() }).unwrap();
    store.finish().unwrap();
    say("survived");
}
