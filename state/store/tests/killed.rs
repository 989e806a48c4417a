//! A process that is killed loses nothing that it was told is durable.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use cplan_store::{SledStore, State, Store, read};

use crate::samples::{Seeded, holder, intent, key, record};

pub(crate) fn writer(dir: &Path, arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_cplan-state-writer"))
        .arg(dir)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// What the state says of the last step that was committed.
fn last(state: &State) -> Option<u64> {
    state.outputs.get("n").and_then(|o| o.value.as_u64())
}

#[test]
fn every_acknowledged_commit_is_there_after_a_kill_at_any_moment() {
    let folder = tempfile::tempdir().unwrap();
    let mut seeded = Seeded::new(20_261_122);
    let (mut acknowledged, mut fresh) = (None, 0);
    for round in 0..40 {
        // Every tenth round begins anew, so that the first creation is killed as well.
        let dir = folder.path().join(format!("{}", round / 10));
        if round % 10 == 0 {
            acknowledged = None;
        }
        let mut child = writer(&dir, &["commit", &round.to_string()]);
        std::thread::sleep(Duration::from_millis(seeded.below(if round % 10 < 5 { 60 } else { 250 })));
        child.kill().unwrap();
        let mut begun = None;
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            match line.split_once(' ') {
                Some(("begun", n)) => begun = n.parse().ok(),
                Some(("done", n)) => acknowledged = n.parse().ok().or(acknowledged),
                _ => panic!("{line}"),
            }
        }
        child.wait().unwrap();
        if round % 2 == 0 {
            // A reader must see it too, without having been told that somebody was killed.
            let state = read(&dir).unwrap();
            assert!(state.as_ref().and_then(last) >= acknowledged, "round {round}: {acknowledged:?} was acknowledged");
        }
        let store = SledStore::open(&dir, holder()).unwrap();
        let (state, intents) = (store.load().unwrap(), store.intents().unwrap());
        let last = last(&state);
        assert!(last >= acknowledged, "round {round}: {acknowledged:?} was acknowledged, {last:?} is there");
        fresh += usize::from(last.is_none());
        if let Some(n) = last {
            // What a step wrote, it wrote as one.
            let n = i64::try_from(n).unwrap();
            assert_eq!(state.records[&key("fake_thing.a[0]")], record(n), "round {round}");
            let many = state.records.values().filter(|r| **r == record(n)).count();
            assert!(if n % 10 == 9 { many == 1500 } else { many <= 3 }, "round {round}: step {n} has {many} records");
        }
        if let Some(begun) = begun.filter(|begun| last.is_none_or(|last| *begun > last)) {
            assert_eq!(intents, [intent(begun, "fake_thing.a")], "round {round}");
        }
        assert!(intents.len() <= 1, "round {round}");
        // What a writer may find: the step after the last one is begun again under the same number.
        acknowledged = acknowledged.max(last);
    }
    assert!(fresh < 40, "no round committed anything");
}

#[test]
fn a_process_that_ends_at_a_boundary_leaves_what_the_boundary_says() {
    // Boundary, whether the intent is open, whether the record is there.
    let table = [
        ("BeforeBegin", false, false),
        ("AfterBegin", true, false),
        ("BeforeCommit", true, false),
        ("AfterCommit", false, true),
        ("BeforeFinish", false, true),
        ("AfterFinish", false, true),
    ];
    for (boundary, open, there) in table {
        let folder = tempfile::tempdir().unwrap();
        let output = writer(folder.path(), &["abort", boundary]).wait_with_output().unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "{boundary}");
        let seen = read(folder.path()).unwrap();
        let store = SledStore::open(folder.path(), holder()).unwrap();
        let state = store.load().unwrap();
        assert_eq!(!store.intents().unwrap().is_empty(), open, "{boundary}");
        assert_eq!(!state.records.is_empty(), there, "{boundary}");
        assert_eq!(seen, Some(state), "{boundary}");
    }
    let folder = tempfile::tempdir().unwrap();
    let output = writer(folder.path(), &["abort", "Never"]).wait_with_output().unwrap();
    assert_eq!(output.stdout, b"survived\n");
}

#[test]
fn what_a_kill_leaves_of_sleds_own_snapshot_is_no_damage() {
    let folder = tempfile::tempdir().unwrap();
    let store = SledStore::open(folder.path(), holder()).unwrap();
    store.begin(&[intent(1, "fake_thing.a")]).unwrap();
    drop(store);
    let left = folder.path().join("state/snap.00000000000000FF.generating");
    std::fs::write(&left, b"half").unwrap();
    let store = SledStore::open(folder.path(), holder()).unwrap();
    assert_eq!(store.intents().unwrap().len(), 1);
    assert!(!left.exists());
}

#[test]
fn what_a_kill_leaves_of_a_first_creation_is_no_damage() {
    let folder = tempfile::tempdir().unwrap();
    let half = folder.path().join("state.new");
    std::fs::create_dir_all(half.join("blobs")).unwrap();
    std::fs::write(half.join("db"), b"half").unwrap();
    std::fs::write(half.join("conf"), b"").unwrap();
    assert_eq!(read(folder.path()).unwrap(), None);
    let store = SledStore::open(folder.path(), holder()).unwrap();
    assert_eq!(store.load().unwrap().records.len(), 0);
    assert!(!half.exists());
}
