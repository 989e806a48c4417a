//! What is written can be read by this version and by every later one; what is newer is refused.

use cplan_model::{Marks, Number, Type, Value};
use cplan_store::{
    MemoryStore, SledStore, State, StateOutput, Store, StoreError, Transaction, export, import, read, read_snapshot,
    storable,
};

use crate::samples::{Seeded, holder, intent, key, record};

const GOLDEN_EXPORT: &str = include_str!("golden/export-v1.json");
const GOLDEN_SNAPSHOT: &[u8] = include_bytes!("golden/snapshot-v1");
const LINEAGE: &str = "3f2a1b00-1111-4222-8333-444455556666";

/// A state with everything in it.
fn state() -> State {
    let every = Value::object([
        ("null", Value::null(Type::object_with_optional([("a", Type::Dynamic)], ["a"]))),
        ("bool", Value::bool(true)),
        ("number", Value::number(Number::parse("123456789.125").unwrap())),
        ("list", Value::list(Type::String, [Value::string("b"), Value::string("a")])),
        ("set", Value::set(Type::Number, [Value::number(2), Value::number(1)])),
        ("map", Value::map(Type::tuple([Type::Bool]), [("k", Value::tuple([Value::bool(false)]))])),
        ("sensitive", Value::tuple([Value::string("geheim").mark(Marks::SENSITIVE)])),
        ("text", Value::string("\"ü\"\n")),
    ]);
    let mut state = State { lineage: LINEAGE.into(), serial: 7, ..State::default() };
    state.records.insert(key("module.m[\"x\"].fake_thing.a[0]"), record(1));
    let mut deposed = key("fake_thing.b");
    deposed.deposed = Some("0a1b2c3d".into());
    state.records.insert(deposed, record(2));
    state.outputs.insert("every".into(), StateOutput { value: every, sensitive: true });
    state
}

#[test]
fn an_exported_state_is_written_as_ever() {
    let text = export(&state());
    assert_eq!(text.trim_end(), GOLDEN_EXPORT.trim_end());
    assert_eq!(import(GOLDEN_EXPORT).unwrap(), state());
}

#[test]
fn a_snapshot_of_format_1_is_read_as_ever() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("snapshot"), GOLDEN_SNAPSHOT).unwrap();
    assert_eq!(read_snapshot(folder.path()).unwrap(), Some(state()));
    // With its open intent; and written again it has the same bytes.
    let store = SledStore::restore(folder.path(), holder()).unwrap();
    assert_eq!(store.load().unwrap(), state());
    assert_eq!(store.intents().unwrap(), [intent(5, "fake_thing.a")]);
    store.finish().unwrap();
    let written = std::fs::read(folder.path().join("snapshot")).unwrap();
    assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(GOLDEN_SNAPSHOT));
}

#[test]
fn what_is_newer_is_refused_and_left_alone() {
    let newer = |found| matches!(found, Err(StoreError::Newer { found: 2, known: 1, .. }));
    assert!(newer(import(&GOLDEN_EXPORT.replace("\"format\": 1", "\"format\": 2"))));
    assert!(newer(import("{\"format\": 2, \"something\": [\"quite\", \"else\"]}")));
    let folder = tempfile::tempdir().unwrap();
    let text = String::from_utf8(GOLDEN_SNAPSHOT.to_vec()).unwrap().replacen("snapshot 1 ", "snapshot 2 ", 1);
    std::fs::write(folder.path().join("snapshot"), &text).unwrap();
    assert!(newer(read_snapshot(folder.path()).map(|s| s.unwrap_or_default())));
    assert!(newer(read(folder.path()).map(|s| s.unwrap_or_default())));
    std::fs::remove_file(folder.path().join("snapshot")).unwrap();

    let store = SledStore::open(folder.path(), holder()).unwrap();
    store.begin(&[intent(1, "fake_thing.a")]).unwrap();
    drop(store);
    let db = sled::open(folder.path().join("state")).unwrap();
    let meta = String::from_utf8(db.get("m").unwrap().unwrap().to_vec()).unwrap();
    db.insert("m", meta.replace("\"format\":1", "\"format\":2,\"more\":true").as_str()).unwrap();
    drop(db);
    let opened = SledStore::open(folder.path(), holder()).map(|_| State::default());
    assert!(newer(opened));
    assert!(newer(read(folder.path()).map(|s| s.unwrap_or_default())));
}

#[test]
fn what_is_no_exported_state_is_refused() {
    for text in ["", "{}", "[]", "{\"format\":1}", "{\"format\":\"1\"}", &GOLDEN_EXPORT[..GOLDEN_EXPORT.len() - 3]] {
        assert!(matches!(import(text), Err(StoreError::NotAState { .. })), "{text}");
    }
    let doubled = GOLDEN_EXPORT.replace("\"outputs\"", "\"other\"");
    assert!(matches!(import(&doubled), Err(StoreError::NotAState { .. })));
}

#[test]
fn any_value_comes_back_as_it_went() {
    let folder = tempfile::tempdir().unwrap();
    let store = SledStore::open(folder.path(), holder()).unwrap();
    let memory = MemoryStore::new();
    for seed in 0..300 {
        let mut seeded = Seeded::new(seed);
        let values = Value::object([("v", seeded.value(4))]);
        let wanted = cplan_store::Record { values: values.clone(), ..record(0) };
        let at = key(&format!("fake_thing.a[{seed}]"));
        let transaction = Transaction { put: vec![(at.clone(), wanted.clone())], ..Transaction::default() };
        store.commit(&transaction).unwrap();
        memory.commit(&transaction).unwrap();
        assert_eq!(store.load().unwrap().records[&at], wanted, "seed {seed}");
    }
    let (state, twin) = (store.load().unwrap(), memory.load().unwrap());
    assert_eq!((&state.records, state.serial), (&twin.records, twin.serial));
    assert_eq!(import(&export(&state)).unwrap(), state);
    assert_eq!(read(folder.path()).unwrap().unwrap(), state);
    drop(store);
    assert_eq!(SledStore::open(folder.path(), holder()).unwrap().load().unwrap(), state);
}

#[test]
fn exact_numbers_stay_exact() {
    for text in ["0", "-1", "9223372036854775807", "-9223372036854775808", "0.1", "1e-9", "12345.678", "1e30"] {
        let value = Value::number(Number::parse(text).unwrap());
        let mut state = State { lineage: LINEAGE.into(), ..State::default() };
        state.outputs.insert("n".into(), StateOutput { value: value.clone(), sensitive: false });
        assert_eq!(import(&export(&state)).unwrap().outputs["n"].value, value, "{text}");
    }
}

#[test]
fn deep_values_come_back_too() {
    let deep = (0..300).fold(Value::string("core"), |inner, _| Value::tuple([inner]));
    let wanted = cplan_store::Record { values: Value::object([("v", deep)]), ..record(0) };
    let folder = tempfile::tempdir().unwrap();
    let store = SledStore::open(folder.path(), holder()).unwrap();
    store.commit(&Transaction { put: vec![(key("fake_thing.a"), wanted.clone())], ..Transaction::default() }).unwrap();
    drop(store);
    let state = SledStore::open(folder.path(), holder()).unwrap().load().unwrap();
    assert_eq!(state.records[&key("fake_thing.a")], wanted);
}

#[test]
fn ephemeral_becomes_null_and_unknown_is_refused() {
    let secret = Value::list(Type::String, [Value::string("a").mark(Marks::EPHEMERAL), Value::string("b")]);
    let kept = Value::list(Type::String, [Value::null(Type::String), Value::string("b")]);
    assert_eq!(storable(&secret), Some(kept));
    assert_eq!(storable(&Value::tuple([Value::unknown(Type::Bool)])), None);
}
