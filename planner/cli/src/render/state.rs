//! The state as a person reads it.

use std::fmt::Write as _;

use cplan_engine::Registry;
use cplan_model::{Schema, Value};
use cplan_store::{Record, RecordKey, State, Status};

use super::change::block_header;
use super::outputs::outputs;
use super::sensitive::{marked, schema_of};
use super::value::block;

/// All objects and outputs.
pub(crate) fn state(state: &State, registry: &Registry) -> String {
    if state.records.is_empty() && state.outputs.is_empty() {
        return "The state is empty. No objects are managed here.\n".to_owned();
    }
    let mut out = String::new();
    for (key, one) in &state.records {
        let _ = writeln!(out, "{}", record(key, one, schema_of(registry, &key.address)));
    }
    if !state.outputs.is_empty() {
        let _ = write!(out, "Outputs:\n\n{}", outputs(state.outputs.iter().map(|(n, o)| (n.as_str(), o))));
    }
    out
}

/// One object.
pub(crate) fn record(key: &RecordKey, record: &Record, schema: Option<&Schema>) -> String {
    let remark = match (record.status, &key.deposed) {
        (_, Some(deposed)) => format!(" (deposed object {deposed}, to be destroyed)"),
        (Status::Ready, _) => String::new(),
        (Status::Tainted, _) => " (tainted)".to_owned(),
        (Status::OutcomeUnknown, _) => " (outcome unknown)".to_owned(),
    };
    let mut out = format!("# {}:{remark}\n{} {{\n", key.address, block_header(&key.address));
    let values = marked(schema, &record.values);
    let is_block = |name: &str| schema.is_some_and(|s| s.blocks.contains_key(name));
    let Some(members) = values.as_map() else { return out + "}\n" };
    let set = || members.iter().filter(|(_, v)| !v.is_null());
    let longest = set().filter(|(k, _)| !is_block(k)).map(|(k, _)| k.chars().count()).max().unwrap_or(0);
    for (name, value) in set().filter(|(k, _)| !is_block(k)) {
        let _ = writeln!(out, "    {name:<longest$} = {}", block(value, 4, "", false));
    }
    for (name, value) in set().filter(|(k, _)| is_block(k)) {
        let one = [value.clone()];
        for item in value.as_slice().unwrap_or(&one) {
            let _ = writeln!(out, "\n    {name} {}", block(item, 4, "", false));
        }
    }
    out + "}\n"
}

/// The addresses, one per line; one that has left-over objects beside its own stands there once.
pub(crate) fn list(state: &State) -> String {
    let mut lines: Vec<String> = state.records.keys().map(|key| format!("{}\n", key.address)).collect();
    lines.dedup();
    lines.concat()
}

/// A value that was asked for by name.
pub(crate) fn raw(value: &Value) -> Option<String> {
    match value.kind() {
        cplan_model::Kind::String(s) => Some(s.to_string()),
        cplan_model::Kind::Number(n) => Some(n.to_string()),
        cplan_model::Kind::Bool(b) => Some(b.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cplan_model::{Attribute, Identity, Nesting, Type};

    fn sample() -> Record {
        Record {
            provider: "lab".into(),
            schema_version: 0,
            values: Value::object([
                ("name", Value::string("edge")),
                ("token", Value::string("hunter2")),
                ("interface", Value::tuple([Value::object([("address", Value::string("10.0.0.2"))])])),
            ]),
            private: Vec::new(),
            identity: Identity { id: "i".into(), lab: "l".into(), name: "n".into() },
            dependencies: Vec::new(),
            container: None,
            host: None,
            status: Status::Tainted,
            create_before_destroy: false,
            boot_id: None,
            last_run: None,
        }
    }

    #[test]
    fn an_object_reads_like_its_block_and_keeps_its_secret() {
        let schema = Schema::new("", [("token", Attribute::optional(Type::String, "").sensitive())]).block(
            "interface",
            Nesting::List,
            0,
            None,
            Schema::default(),
        );
        let key = RecordKey::from("lab_machine.edge".parse::<cplan_model::InstanceAddr>().unwrap());
        assert_eq!(
            record(&key, &sample(), Some(&schema)),
            r#"# lab_machine.edge: (tainted)
resource "lab_machine" "edge" {
    name  = "edge"
    token = (sensitive value)

    interface {
        address = "10.0.0.2"
    }
}
"#
        );
    }
}
