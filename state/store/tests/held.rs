//! One process holds a state, and the others learn who.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use cplan_store::{Options, SledStore, StoreError};

use crate::killed::writer;
use crate::samples::holder;

fn hasty() -> Options {
    Options { patience: Duration::from_millis(50), ..Options::new(holder()) }
}

#[test]
fn the_second_one_learns_who_holds_it_until_that_one_ends() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = writer(folder.path(), &["hold"]);
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "held\n");
    let pid = child.id();
    match SledStore::open_with(folder.path(), hasty()) {
        Err(StoreError::Locked { holder }) => {
            let expected = format!("ada@lab1, process {pid} (`cplan apply`), since 2026-11-22 19:07:00 UTC");
            assert_eq!(holder, expected);
        }
        other => panic!("{other:?}"),
    }
    child.kill().unwrap();
    child.wait().unwrap();
    SledStore::open_with(folder.path(), hasty()).unwrap();
}

#[test]
fn one_process_cannot_hold_it_twice_either() {
    let folder = tempfile::tempdir().unwrap();
    let first = SledStore::open(folder.path(), holder()).unwrap();
    assert!(matches!(SledStore::open_with(folder.path(), hasty()), Err(StoreError::Locked { .. })));
    drop(first);
    SledStore::open_with(folder.path(), hasty()).unwrap();
}

#[test]
fn a_short_wait_is_waited_out() {
    let folder = tempfile::tempdir().unwrap();
    let first = SledStore::open(folder.path(), holder()).unwrap();
    let release = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        drop(first);
    });
    SledStore::open(folder.path(), holder()).unwrap();
    release.join().unwrap();
}
