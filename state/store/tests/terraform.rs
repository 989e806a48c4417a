//! The state in Terraform's format.

use std::collections::BTreeMap;

use cplan_model::{Identity, InstanceAddr, Marks, Number, ResourceAddr, Type, Value};
use cplan_store::{
    RecordKey, State, StateOutput, Status, Types, export_terraform, import_terraform, terraform_version,
};

use crate::samples::{key, record};

/// `terraform_data`, and a thing whose schema is that of the samples.
struct Known;

impl Types for Known {
    fn of(&self, _: &str, resource: &ResourceAddr) -> Option<Type> {
        match &*resource.ty {
            "terraform_data" => Some(Type::object([
                ("id", Type::String),
                ("input", Type::Dynamic),
                ("output", Type::Dynamic),
                ("triggers_replace", Type::Dynamic),
            ])),
            "fake_thing" => Some(record(0).values.ty()),
            _ => None,
        }
    }

    fn identity(&self, state: &State, address: &InstanceAddr, id: Option<&str>) -> Identity {
        let (id, lab) = (id.unwrap_or("none").to_owned(), state.lineage.get(..8).unwrap_or_default().to_owned());
        Identity { id, lab, name: address.resource.name.to_string() }
    }
}

/// What terraform 1.11.4 wrote.
const THEIRS: &str = r#"{
  "version": 4, "terraform_version": "1.11.4", "serial": 3, "lineage": "a8d80a61-047e-fcc4-bd3b-1710b15a2a74",
  "outputs": {"l": {"value": ["a"], "type": ["list", "string"], "sensitive": true}},
  "resources": [
    {"module": "module.n[\"x\"]", "mode": "managed", "type": "terraform_data", "name": "a",
     "provider": "provider[\"terraform.io/builtin/terraform\"]",
     "instances": [
       {"index_key": "x", "status": "tainted", "schema_version": 0,
        "attributes": {"id": "32e2", "triggers_replace": null, "output": null, "input": {
          "value": {"s": "pw", "big": 123456789012345678901234567890, "t": [1, "a"], "u": null},
          "type": ["object", {"s": "string", "big": "number", "t": ["tuple", ["number", "string"]], "u": "dynamic"}]}},
        "sensitive_attributes": [[{"type": "get_attr", "value": "input"}, {"type": "get_attr", "value": "s"}]],
        "private": "eyJhIjoxfQ==", "dependencies": ["terraform_data.b"], "create_before_destroy": true},
       {"index_key": 0, "deposed": "0a1b2c3d", "schema_version": 0, "sensitive_attributes": null,
        "attributes": {"id": "44", "triggers_replace": null, "output": null, "input": null}}
     ]},
    {"mode": "data", "type": "local_file", "name": "f", "provider": "provider[\"x/y/local\"]", "instances": [{"attributes": {}}]}
  ],
  "check_results": null
}"#;

#[test]
fn a_state_of_terraform_is_read() {
    assert_eq!(terraform_version(THEIRS), Some(4));
    let state = import_terraform(THEIRS, &Known).unwrap();
    assert_eq!((state.serial, state.records.len()), (3, 2));
    assert_eq!(state.outputs["l"].value, Value::list(Type::String, [Value::string("a")]));
    let one = &state.records[&key("module.n[\"x\"].terraform_data.a[\"x\"]")];
    assert_eq!(
        (one.status, one.create_before_destroy, one.private.as_slice()),
        (Status::Tainted, true, &b"{\"a\":1}"[..])
    );
    assert_eq!((one.identity.id.as_str(), one.identity.lab.as_str()), ("32e2", "a8d80a61"));
    assert_eq!(one.dependencies[0].to_string(), "terraform_data.b");
    let big = Number::parse("123456789012345678901234567890").unwrap();
    let input = Value::object([
        ("s", Value::string("pw").mark(Marks::SENSITIVE)),
        ("big", Value::number(big)),
        ("t", Value::tuple([Value::number(1), Value::string("a")])),
        ("u", Value::null(Type::Dynamic)),
    ]);
    assert_eq!(one.values.get("input"), Some(&input));
    let deposed = RecordKey { deposed: Some("0a1b2c3d".into()), ..key("module.n[\"x\"].terraform_data.a[0]") };
    assert!(state.records.contains_key(&deposed));

    let again = import_terraform(&export_terraform(&state, &Known, "0.1.0").unwrap(), &Known).unwrap();
    assert_eq!(again, state);
}

#[test]
fn a_state_of_ours_comes_back_whole() {
    let mut state = State { lineage: "l".into(), serial: 9, ..State::default() };
    for (n, text) in
        ["fake_thing.a[0]", "fake_thing.a[1]", "fake_thing.a[\"k\"]", "module.m[0].fake_thing.a"].iter().enumerate()
    {
        state.records.insert(key(text), record(i64::try_from(n).unwrap()));
    }
    for (text, provider) in [("fake_thing.c", "fake.west"), ("fake_thing.d", "module.m.module.n.fake.west")] {
        let provider = provider.to_owned();
        state.records.insert(key(text), cplan_store::Record { provider, ..record(7) });
    }
    state.records.insert(key("fake_thing.b"), cplan_store::Record { status: Status::OutcomeUnknown, ..record(7) });
    state.outputs = BTreeMap::from([("o".to_owned(), StateOutput { value: Value::number(1), sensitive: false })]);
    state.checks = crate::conditions::checks("no");
    let text = export_terraform(&state, &Known, "0.1.0").unwrap();
    assert_eq!(text.matches("\"name\": \"a\"").count(), 2, "{text}");
    assert_eq!(import_terraform(&text, &Known).unwrap(), state);
}

#[test]
fn what_is_not_such_a_state_is_refused() {
    let wrong = [
        "{",
        "[]",
        "{}",
        r#"{"version":4}"#,
        r#"{"version":3,"serial":1,"lineage":"l"}"#,
        r#"{"version":4,"serial":1,"lineage":"l","outputs":{"o":{"value":1,"type":"strange"}}}"#,
        r#"{"version":4,"serial":1,"lineage":"l","resources":[{"mode":"managed","type":"aws_x","name":"a","provider":"provider[\"a/b/aws\"]","instances":[{"attributes":{}}]}]}"#,
        r#"{"version":4,"serial":1,"lineage":"l","resources":[{"mode":"managed","type":"terraform_data","name":"a","provider":"?","instances":[]}]}"#,
    ];
    for text in wrong {
        assert!(import_terraform(text, &Known).is_err(), "{text}");
    }
    assert_eq!(terraform_version("{\"format\":1}"), None);
    let twice = THEIRS.replace("\"index_key\": 0, \"deposed\": \"0a1b2c3d\"", "\"index_key\": \"x\"");
    assert!(import_terraform(&twice, &Known).is_err());
}
