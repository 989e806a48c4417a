//! Damage is said or harmless, and never a hang or a state with something missing.

use std::path::Path;
use std::time::{Duration, Instant};

use cplan_store::{Intent, Options, SledStore, State, Store, StoreError, Transaction, read};

use crate::samples::{Seeded, holder, intent, key, record};

/// A state that was reopened once, with a snapshot that is one commit behind; returns both states and the intents.
fn filled(dir: &Path) -> (State, State, Vec<Intent>) {
    let put = |n: i64| (key(&format!("fake_thing.a[{n}]")), record(n));
    let store = SledStore::open(dir, holder()).unwrap();
    store.commit(&Transaction { put: (0..300).map(put).collect(), ..Transaction::default() }).unwrap();
    store.finish().unwrap();
    let snapshot = store.load().unwrap();
    drop(store);
    let store = SledStore::open(dir, holder()).unwrap();
    for n in 300..340 {
        store.commit(&Transaction { put: vec![put(n)], ..Transaction::default() }).unwrap();
    }
    store.begin(&[intent(7, "fake_thing.a")]).unwrap();
    (snapshot, store.load().unwrap(), store.intents().unwrap())
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target)
        } else if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn short() -> Options {
    Options { limit: Duration::from_millis(1500), ..Options::new(holder()) }
}

#[test]
fn a_flipped_or_cut_database_is_said_to_be_damaged_or_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let original = folder.path().join("original");
    let (_, state, intents) = filled(&original);
    let length = std::fs::metadata(original.join("state/db")).unwrap().len();
    let mut seeded = Seeded::new(3);
    let (mut whole, mut damaged) = (0, 0);
    for round in 0..40_u64 {
        let dir = folder.path().join(round.to_string());
        copy(&original, &dir);
        let db = dir.join("state/db");
        let mut bytes = std::fs::read(&db).unwrap();
        if round % 4 == 3 {
            bytes.truncate(usize::try_from(seeded.below(length)).unwrap());
        } else {
            // Where there is data: sled fills up its segments with a pattern of no meaning.
            let used: Vec<_> =
                (0..bytes.len()).filter(|i| bytes[*i] != 0 && bytes[*i] != bytes[bytes.len() - 1]).collect();
            let at = used[usize::try_from(seeded.below(used.len() as u64)).unwrap()];
            bytes[at] ^= 1 << seeded.below(8);
        }
        std::fs::write(&db, bytes).unwrap();
        let start = Instant::now();
        match SledStore::open_with(&dir, short()) {
            Ok(store) => {
                assert_eq!((store.load().unwrap(), store.intents().unwrap()), (state.clone(), intents.clone()));
                whole += 1;
            }
            Err(StoreError::Damaged { remedy, .. }) => {
                assert!(remedy.contains("cplan state restore"), "{remedy}");
                damaged += 1;
            }
            Err(other) => panic!("round {round}: {other:?}"),
        }
        assert!(start.elapsed() < Duration::from_secs(60), "round {round} hung");
    }
    assert!(damaged > 0 && whole + damaged == 40, "{whole} whole, {damaged} damaged");
}

#[test]
fn a_database_that_lost_an_entry_or_went_back_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let (_, state, _) = filled(folder.path());
    let tamper = |change: &dyn Fn(&sled::Db)| {
        let db = sled::open(folder.path().join("state")).unwrap();
        change(&db);
        db.flush().unwrap();
    };
    let what = || match SledStore::open(folder.path(), holder()) {
        Err(StoreError::Damaged { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    let db = sled::open(folder.path().join("state")).unwrap();
    let (entry, value) = db.scan_prefix("r").next().unwrap().unwrap();
    drop(db);
    tamper(&|db| drop(db.remove(&entry).unwrap()));
    assert_eq!(what(), "it holds 340 entries of 341");
    let text = String::from_utf8(value.to_vec()).unwrap();
    tamper(&|db| drop(db.insert(&entry, text.replace("thing", "thong").as_str()).unwrap()));
    assert_eq!(what(), "its entries are not those that were written");
    tamper(&|db| drop(db.insert(&entry, &value).unwrap()));
    assert_eq!(SledStore::open(folder.path(), holder()).unwrap().load().unwrap(), state);

    // The same database as of yesterday, under today's snapshot.
    copy(&folder.path().join("state"), &folder.path().join("old"));
    let store = SledStore::open(folder.path(), holder()).unwrap();
    store.commit(&Transaction { delete: vec![key("fake_thing.a[0]")], ..Transaction::default() }).unwrap();
    store.finish().unwrap();
    drop(store);
    std::fs::remove_dir_all(folder.path().join("state")).unwrap();
    assert_eq!(what(), "the database is missing");
    std::fs::rename(folder.path().join("old"), folder.path().join("state")).unwrap();
    assert_eq!(what(), "it is at serial 41, and its snapshot at 42");
}

#[test]
fn the_snapshot_is_the_way_back() {
    let folder = tempfile::tempdir().unwrap();
    let (snapshot, ..) = filled(folder.path());
    std::fs::write(folder.path().join("state/db"), b"nothing of sled's").unwrap();
    assert!(matches!(read(folder.path()), Err(StoreError::Damaged { .. })));
    let store = SledStore::restore(folder.path(), holder()).unwrap();
    assert_eq!(store.load().unwrap(), snapshot);
    assert_eq!(store.intents().unwrap(), []);
    store.begin(&[intent(1, "fake_thing.a")]).unwrap();
    drop(store);
    assert_eq!(SledStore::open(folder.path(), holder()).unwrap().intents().unwrap().len(), 1);
    let names: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("state.damaged-"))
        .collect();
    assert_eq!(names.len(), 1);
    assert_eq!(std::fs::read(folder.path().join(&names[0]).join("db")).unwrap(), b"nothing of sled's");
}

#[test]
fn without_a_snapshot_there_is_no_way_back() {
    let folder = tempfile::tempdir().unwrap();
    drop(SledStore::open(folder.path(), holder()).unwrap());
    let Err(StoreError::Damaged { what, .. }) = SledStore::restore(folder.path(), holder()) else { panic!() };
    assert_eq!(what, "there is no snapshot to go back to");
    SledStore::open(folder.path(), holder()).unwrap();
}

#[test]
fn a_damaged_snapshot_is_no_state_where_the_database_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (.., state, _) = filled(folder.path());
    SledStore::open(folder.path(), holder()).unwrap().finish().unwrap();
    let file = folder.path().join("snapshot");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    assert!(matches!(cplan_store::read_snapshot(folder.path()), Err(StoreError::Damaged { .. })));
    assert_eq!(read(folder.path()).unwrap(), Some(state));
}

#[test]
fn a_database_that_does_not_open_in_time_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let (_, state, _) = filled(folder.path());
    let never = Options { limit: Duration::ZERO, ..Options::new(holder()) };
    match SledStore::open_with(folder.path(), never) {
        Err(StoreError::Damaged { what, .. }) => assert_eq!(what, "the database did not open within 0 s"),
        other => panic!("{other:?}"),
    }
    // The thread that was left behind ends after all, and lets go.
    assert_eq!(SledStore::open(folder.path(), holder()).unwrap().load().unwrap(), state);
}
