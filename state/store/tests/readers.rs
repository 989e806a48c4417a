//! Readers beside a holder, after one, and after a killed one.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};

use cplan_store::{
    Boundary, MemoryStore, Options, Reading, SledStore, State, Store, StoreError, Transaction, read, read_snapshot,
    read_unsettled,
};

use crate::killed::writer;
use crate::samples::{holder, intent, key, record};

fn put(n: i64) -> Transaction {
    Transaction { put: vec![(key("fake_thing.a"), record(n)), (key("fake_thing.b"), record(n))], ..Default::default() }
}

/// A store whose holder has committed once and finished.
fn finished(dir: &std::path::Path) -> SledStore {
    let store = SledStore::open(dir, holder()).unwrap();
    store.commit(&put(1)).unwrap();
    store.finish().unwrap();
    store
}

#[test]
fn nobody_and_nothing_is_no_state() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(read(folder.path()).unwrap(), None);
    assert_eq!(read(&folder.path().join("none")).unwrap(), None);
    assert_eq!(read_snapshot(folder.path()).unwrap(), None);
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "a reader made something");
}

#[test]
fn beside_a_holder_a_reader_sees_what_is_committed_and_nothing_half() {
    let folder = tempfile::tempdir().unwrap();
    let store = SledStore::open(folder.path(), holder()).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut serial, mut reads) = (0, 0);
            while !stop.load(Ordering::SeqCst) {
                let state = read(folder.path()).unwrap().unwrap();
                assert!(state.serial >= serial, "the state went back");
                assert_eq!(state.records.get(&key("fake_thing.a")), state.records.get(&key("fake_thing.b")));
                (serial, reads) = (state.serial, reads + 1);
            }
            reads
        });
        for n in 0..200 {
            store.commit(&put(n)).unwrap();
            if n % 50 == 0 {
                assert_eq!(read(folder.path()).unwrap().unwrap(), store.load().unwrap());
            }
        }
        stop.store(true, Ordering::SeqCst);
        assert!(reader.join().unwrap() > 0);
    });
    assert_eq!(read_snapshot(folder.path()).unwrap(), None, "nothing was finished yet");
}

#[test]
fn a_path_longer_than_a_sockets_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("a".repeat(120)).join(".cplan");
    let store = SledStore::open(&dir, holder()).unwrap();
    store.commit(&put(1)).unwrap();
    // Not finished: only the socket can have it.
    assert_eq!(read(&dir).unwrap().unwrap(), store.load().unwrap());
}

#[test]
fn after_a_holder_the_snapshot_serves_without_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    let store = finished(folder.path());
    let state = store.load().unwrap();
    drop(store);
    assert!(!folder.path().join("read.sock").exists());
    let lock = std::fs::File::open(folder.path().join("lock")).unwrap();
    lock.lock().unwrap();
    assert_eq!(read(folder.path()).unwrap(), Some(state.clone()));
    assert_eq!(read_snapshot(folder.path()).unwrap(), Some(state));
}

#[test]
fn a_snapshot_that_is_behind_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let store = finished(folder.path());
    store.begin(&[intent(1, "fake_thing.a")]).unwrap();
    store.commit(&put(2)).unwrap();
    let (state, intents) = (store.load().unwrap(), store.intents().unwrap());
    let unsettled = |held| {
        let reading = read_unsettled(folder.path()).unwrap().unwrap();
        assert_eq!(reading, Reading { state: state.clone(), intents: intents.clone(), held });
    };
    unsettled(true);
    drop(store); // as a kill would, it leaves the snapshot as it was
    assert_ne!(read_snapshot(folder.path()).unwrap(), Some(state.clone()));
    assert_eq!(read(folder.path()).unwrap(), Some(state.clone()));
    unsettled(false);
    // The reader has renewed it, and the intent is open still.
    assert_eq!(read_snapshot(folder.path()).unwrap(), Some(state.clone()));
    unsettled(false);
    assert_eq!(SledStore::open(folder.path(), holder()).unwrap().intents().unwrap(), intents);
}

#[test]
fn a_killed_holders_socket_keeps_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = writer(folder.path(), &["hold"]);
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(folder.path().join("read.sock").exists());
    assert!(read(folder.path()).unwrap().is_some());
    let store = SledStore::open(folder.path(), holder()).unwrap();
    store.commit(&put(1)).unwrap();
    assert_eq!(read(folder.path()).unwrap().unwrap(), store.load().unwrap());
}

#[test]
fn an_answer_that_is_cut_off_is_not_taken_for_a_state() {
    let folder = tempfile::tempdir().unwrap();
    let store = finished(folder.path());
    let state = store.load().unwrap();
    drop(store);
    let whole = std::fs::read(folder.path().join("snapshot")).unwrap();
    let listener = UnixListener::bind(folder.path().join("read.sock")).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        std::io::Write::write_all(&mut stream, &whole[..whole.len() - 1]).unwrap();
    });
    assert_eq!(read(folder.path()).unwrap(), Some(state));
}

#[test]
fn a_command_that_changes_nothing_leaves_the_snapshot_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = finished(folder.path());
    let file = folder.path().join("snapshot");
    let before = std::fs::metadata(&file).unwrap().modified().unwrap();
    drop(store);
    let passed = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = passed.clone();
    let faults: cplan_store::Faults = std::sync::Arc::new(move |b| noted.lock().unwrap().push(b));
    let options = Options { faults: Some(faults), ..Options::new(holder()) };
    let store = SledStore::open_with(folder.path(), options).unwrap();
    store.commit(&put(1)).unwrap();
    store.finish().unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().modified().unwrap(), before);
    use Boundary::{AfterCommit, AfterFinish, BeforeCommit, BeforeFinish};
    assert_eq!(*passed.lock().unwrap(), [BeforeCommit, AfterCommit, BeforeFinish, AfterFinish]);
}

#[test]
fn secrets_are_for_the_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join(".cplan");
    let _store = finished(&dir);
    for (name, expected) in [("", 0o700), ("state", 0o700), ("snapshot", 0o600), ("read.sock", 0o600), ("lock", 0o600)]
    {
        let mode = std::fs::metadata(dir.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, expected, "{name}");
    }
}

#[test]
fn the_memory_store_starts_from_a_state() {
    let store = MemoryStore::new();
    store.commit(&put(1)).unwrap();
    let state = store.load().unwrap();
    assert_eq!(MemoryStore::with(state.clone()).load().unwrap(), state);
}

#[test]
fn an_established_state_is_a_snapshot_until_somebody_changes_it() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join(".cplan");
    let options = Options::new(holder());
    let fresh = State::fresh();
    SledStore::establish(&dir, &options, &fresh).unwrap();
    assert!(!dir.join("state").exists(), "a database costs more than a first plan");
    let state = cplan_store::read(&dir).unwrap().unwrap();
    assert_eq!(state, fresh);
    assert_eq!((state.lineage.len(), state.serial, state.records.len()), (36, 0, 0));
    SledStore::establish(&dir, &options, &State::fresh()).unwrap();
    assert_eq!(cplan_store::read(&dir).unwrap().unwrap(), state);

    let store = SledStore::open(&dir, holder()).unwrap();
    assert_eq!(store.load().unwrap(), state);
    store.commit(&Transaction { put: vec![(key("fake_thing.a"), record(1))], ..Transaction::default() }).unwrap();
    store.finish().unwrap();
    drop(store);
    SledStore::establish(&dir, &options, &State::fresh()).unwrap();
    assert_eq!(cplan_store::read(&dir).unwrap().unwrap().serial, 1);
    std::fs::remove_dir_all(dir.join("state")).unwrap();
    let error = SledStore::open(&dir, holder()).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}
