//! One state in the place of another: `state push`.

use cplan_store::{SledStore, State, StateOutput, Store, Transaction, read};

use crate::conditions::checks;
use crate::samples::{holder, key, record};

fn other(lineage: &str, serial: u64) -> State {
    let value = cplan_model::Value::string("x");
    State {
        lineage: lineage.to_owned(),
        serial,
        records: [(key("fake_thing.b"), record(2)), (key("fake_thing.c"), record(3))].into(),
        outputs: [("o".to_owned(), StateOutput { value, sensitive: false })].into(),
        checks: checks(lineage),
    }
}

#[test]
fn a_state_is_replaced_whole_with_its_lineage_and_serial() {
    let folder = tempfile::tempdir().unwrap();
    let store = SledStore::open(folder.path(), holder()).unwrap();
    let put = vec![(key("fake_thing.a"), record(1)), (key("fake_thing.b"), record(1))];
    store.commit(&Transaction { put, ..Transaction::default() }).unwrap();
    store.finish().unwrap();
    for (lineage, serial) in [(store.load().unwrap().lineage.as_str(), 7), ("another", 2), ("third", 9)] {
        let wanted = other(lineage, serial);
        store.replace(&wanted).unwrap();
        assert_eq!(store.load().unwrap(), wanted);
        assert_eq!(read(folder.path()).unwrap().unwrap(), wanted);
        if serial != 2 {
            store.finish().unwrap();
        }
    }
    store.replace(&other("last", 1)).unwrap();
    // Ended without a word, as by a kill: nothing but the database has the new state.
    drop(store);
    assert_eq!(read(folder.path()).unwrap().unwrap(), other("last", 1));
    let store = SledStore::open(folder.path(), holder()).unwrap();
    store.commit(&Transaction { delete: vec![key("fake_thing.b")], ..Transaction::default() }).unwrap();
    assert_eq!(store.load().unwrap().serial, 2);
}
