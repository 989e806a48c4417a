//! JSON, both ways.

use cplan_model::{Number, Type, Value};

/// The value that a JSON text stands for: arrays are tuples, objects are objects.
pub(crate) fn from_json(text: &str) -> Result<Value, String> {
    let parsed: serde_json::Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
    Ok(value(&parsed))
}

fn value(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::null(Type::Dynamic),
        serde_json::Value::Bool(b) => Value::bool(*b),
        serde_json::Value::Number(n) => Value::number(Number::parse(&n.to_string()).unwrap_or_else(|_| 0.into())),
        serde_json::Value::String(s) => Value::string(s.as_str()),
        serde_json::Value::Array(items) => Value::tuple(items.iter().map(value)),
        serde_json::Value::Object(items) => Value::object(items.iter().map(|(k, v)| (k.as_str(), value(v)))),
    }
}
