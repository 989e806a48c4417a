//! What every store does; run against each of them.

use std::collections::BTreeMap;

use cplan_model::{Marks, Type, Value};
use cplan_store::{IntentId, MemoryStore, Record, SledStore, StateOutput, Store, StoreError, Transaction};

use crate::conditions::checks;
use crate::samples::{holder, intent, key, record};

#[test]
fn memory() {
    store_contract(&MemoryStore::new(), None);
}

#[test]
fn sled() {
    let folder = tempfile::tempdir().unwrap();
    let store = SledStore::open(folder.path(), holder()).unwrap();
    let reopen = |store: &dyn Store| {
        // What a new process would see, by way of the socket.
        let state = cplan_store::read(folder.path()).unwrap().unwrap();
        assert_eq!(state, store.load().unwrap());
    };
    store_contract(&store, Some(&reopen));
    let (state, intents) = (store.load().unwrap(), store.intents().unwrap());
    drop(store);
    let store = SledStore::open(folder.path(), holder()).unwrap();
    assert_eq!(store.load().unwrap(), state);
    assert_eq!(store.intents().unwrap(), intents);
}

fn put(text: &str, record: Record) -> Transaction {
    Transaction { put: vec![(key(text), record)], ..Transaction::default() }
}

type Look<'a> = &'a dyn Fn(&dyn Store);

/// The contract; `look` is called wherever others may look.
fn store_contract(store: &dyn Store, look: Option<Look<'_>>) {
    let look = || look.iter().for_each(|look| look(store));
    let empty = store.load().unwrap();
    assert_eq!(empty.lineage.len(), 36);
    assert_eq!((empty.serial, empty.records.len(), empty.outputs.len()), (0, 0, 0));
    look();

    // Intents come back oldest first, and do not raise the serial.
    store.begin(&[intent(2, "fake_thing.b"), intent(1, "fake_thing.a")]).unwrap();
    store.begin(&[intent(3, "fake_thing.c")]).unwrap();
    store.begin(&[]).unwrap();
    let ids = || store.intents().unwrap().iter().map(|i| i.id.0).collect::<Vec<_>>();
    assert_eq!(ids(), [1, 2, 3]);
    assert_eq!(store.intents().unwrap()[0], intent(1, "fake_thing.a"));
    assert_eq!(store.load().unwrap().serial, 0);
    look();

    // A record, an output and a settled intent are one step and one serial.
    let output = StateOutput { value: Value::string("x").mark(Marks::SENSITIVE), sensitive: true };
    let outputs: BTreeMap<_, _> = [("o".to_owned(), output.clone()), ("p".to_owned(), output)].into();
    let settled = vec![IntentId(2), IntentId(9)];
    let transaction = Transaction { outputs: Some(outputs.clone()), settled, ..put("fake_thing.a", record(1)) };
    store.commit(&transaction).unwrap();
    let state = store.load().unwrap();
    assert_eq!((state.serial, &state.lineage), (1, &empty.lineage));
    assert_eq!(state.records[&key("fake_thing.a")], record(1));
    assert_eq!(state.outputs, outputs);
    assert_eq!(ids(), [1, 3]);
    look();

    // What is as it was does not raise the serial; what is settled is gone all the same.
    store.commit(&Transaction { settled: vec![IntentId(1)], ..transaction.clone() }).unwrap();
    store.commit(&Transaction::default()).unwrap();
    store.commit(&Transaction { delete: vec![key("fake_thing.none")], ..Transaction::default() }).unwrap();
    assert_eq!(store.load().unwrap(), state);
    assert_eq!(ids(), [3]);

    // An object and its deposed predecessor are two.
    let mut deposed = key("fake_thing.a");
    deposed.deposed = Some("0a1b2c3d".into());
    let two = vec![(deposed.clone(), record(0)), (key("fake_thing.a"), record(2))];
    store.commit(&Transaction { put: two, ..Transaction::default() }).unwrap();
    let state = store.load().unwrap();
    assert_eq!((state.records[&deposed].clone(), state.records[&key("fake_thing.a")].clone()), (record(0), record(2)));
    assert_eq!(state.serial, 2);
    look();

    // Outputs are replaced as a whole; deleting and putting the same key puts it.
    let outputs = BTreeMap::from([("p".to_owned(), outputs["p"].clone())]);
    let delete = vec![deposed.clone(), key("fake_thing.a")];
    store.commit(&Transaction { delete, outputs: Some(outputs), ..put("fake_thing.a", record(3)) }).unwrap();
    let state = store.load().unwrap();
    assert_eq!(state.outputs.keys().collect::<Vec<_>>(), ["p"]);
    assert_eq!(state.records.keys().collect::<Vec<_>>(), [&key("fake_thing.a")]);
    assert_eq!(state.records[&key("fake_thing.a")], record(3));
    look();

    // Nothing unknown and nothing ephemeral is kept.
    let unknown = Record { values: Value::object([("a", Value::unknown(Type::String))]), ..record(0) };
    let before = store.load().unwrap();
    let refused = store.commit(&put("fake_thing.u", unknown));
    assert!(matches!(refused, Err(StoreError::Unknown { of }) if of == "fake_thing.u"));
    assert_eq!(store.load().unwrap(), before);
    let secret = Value::string("once").mark(Marks::EPHEMERAL);
    let ephemeral = Record { values: Value::object([("a", secret)]), ..record(0) };
    store.commit(&put("fake_thing.e", ephemeral)).unwrap();
    let kept = &store.load().unwrap().records[&key("fake_thing.e")].values;
    assert_eq!(*kept, Value::object([("a", Value::null(Type::String))]));

    // A transaction larger than any batch is one step too, and can be undone by one.
    let many: Vec<_> = (0..2500).map(|n| (key(&format!("fake_thing.many[{n}]")), record(n))).collect();
    let serial = store.load().unwrap().serial;
    store.commit(&Transaction { put: many.clone(), settled: vec![IntentId(3)], ..Transaction::default() }).unwrap();
    let state = store.load().unwrap();
    assert_eq!((state.serial, state.records.len()), (serial + 1, 2502));
    assert_eq!(state.records[&key("fake_thing.many[2499]")], record(2499));
    assert_eq!(ids(), [0; 0]);
    look();
    let delete = many[100..].iter().map(|(key, _)| key.clone()).collect();
    store.commit(&Transaction { delete, ..Transaction::default() }).unwrap();
    assert_eq!(store.load().unwrap().records.len(), 102);

    store.begin(&[intent(4, "fake_thing.d")]).unwrap();
    let before = (store.load().unwrap(), store.intents().unwrap());
    store.finish().unwrap();
    store.finish().unwrap();
    assert_eq!((store.load().unwrap(), store.intents().unwrap()), before);
    look();
    look();

    // What came of conditions is kept until something else comes of them, and the same is not written twice.
    let serial = store.load().unwrap().serial;
    let found = |message: &str| Transaction { checks: Some(checks(message)), ..Transaction::default() };
    for (message, raised) in [("no", 1), ("no", 1), ("never", 2)] {
        store.commit(&found(message)).unwrap();
        let state = store.load().unwrap();
        assert_eq!((state.checks, state.serial), (checks(message), serial + raised));
    }
    look();
    store.commit(&Transaction { checks: Some(Default::default()), ..Transaction::default() }).unwrap();
    assert!(store.load().unwrap().checks.is_empty());
    store.commit(&found("no")).unwrap();
    assert_eq!(cplan_store::import(&cplan_store::export(&store.load().unwrap())).unwrap().checks, checks("no"));
    look();
}

#[test]
fn what_follows_in_a_transaction_comes_after() {
    let store = MemoryStore::new();
    let mut all = put("fake_thing.a", record(1));
    let gone = |text: &str| Transaction { delete: vec![key(text)], ..Transaction::default() };
    for later in
        [put("fake_thing.b", record(2)), gone("fake_thing.a"), gone("fake_thing.b"), put("fake_thing.b", record(3))]
    {
        all.follow(later);
    }
    store.commit(&all).unwrap();
    let state = store.load().unwrap();
    assert_eq!((state.serial, state.records.len()), (1, 1));
    assert_eq!(state.records[&key("fake_thing.b")], record(3));
}
