//! Values as JSON and as plain Rust structs.

use cplan_model::{Kind, Number, Type, Value};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::ProviderError;

/// The JSON of a value; marks are dropped, unknowns become null.
pub fn to_json(value: &Value) -> Json {
    match value.kind() {
        Kind::Null(_) | Kind::Unknown(_) => Json::Null,
        Kind::Bool(b) => Json::Bool(*b),
        Kind::Number(n) => match n.as_i64() {
            Some(n) => n.into(),
            None => n.as_f64().into(),
        },
        Kind::String(s) => Json::String(s.to_string()),
        Kind::List(_, items) | Kind::Set(_, items) | Kind::Tuple(items) => items.iter().map(to_json).collect(),
        Kind::Map(_, items) | Kind::Object(items) => {
            Json::Object(items.iter().map(|(k, v)| (k.to_string(), to_json(v))).collect())
        }
    }
}

/// The value of a type from its JSON; what does not fit the type is an error that says where.
pub fn from_json(json: &Json, ty: &Type) -> Result<Value, ProviderError> {
    let wrong = || ProviderError::failed(format!("the JSON {json} is not a {}", ty.friendly()));
    Ok(match (ty, json) {
        (_, Json::Null) => Value::null(ty.clone()),
        (Type::Bool, Json::Bool(b)) => Value::bool(*b),
        (Type::Number, Json::Number(n)) => Value::number(Number::parse(&n.to_string()).map_err(|_| wrong())?),
        (Type::String, Json::String(s)) => Value::string(s.as_str()),
        (Type::List(t), Json::Array(items)) => {
            Value::list((**t).clone(), items.iter().map(|i| from_json(i, t)).collect::<Result<Vec<_>, _>>()?)
        }
        (Type::Set(t), Json::Array(items)) => {
            Value::set((**t).clone(), items.iter().map(|i| from_json(i, t)).collect::<Result<Vec<_>, _>>()?)
        }
        (Type::Tuple(ts), Json::Array(items)) if ts.len() == items.len() => {
            Value::tuple(ts.iter().zip(items).map(|(t, i)| from_json(i, t)).collect::<Result<Vec<_>, _>>()?)
        }
        (Type::Map(t), Json::Object(items)) => Value::map(
            (**t).clone(),
            items.iter().map(|(k, i)| Ok((k.as_str(), from_json(i, t)?))).collect::<Result<Vec<_>, ProviderError>>()?,
        ),
        (Type::Object(o), Json::Object(items)) => Value::object(
            o.attributes
                .iter()
                .map(|(k, t)| Ok((k.clone(), from_json(items.get(&**k).unwrap_or(&Json::Null), t)?)))
                .collect::<Result<Vec<_>, ProviderError>>()?,
        ),
        (Type::Dynamic, json) => dynamic(json)?,
        _ => return Err(wrong()),
    })
}

fn dynamic(json: &Json) -> Result<Value, ProviderError> {
    Ok(match json {
        Json::Null => Value::null(Type::Dynamic),
        Json::Bool(_) => from_json(json, &Type::Bool)?,
        Json::Number(_) => from_json(json, &Type::Number)?,
        Json::String(_) => from_json(json, &Type::String)?,
        Json::Array(items) => Value::tuple(items.iter().map(dynamic).collect::<Result<Vec<_>, _>>()?),
        Json::Object(items) => Value::object(
            items.iter().map(|(k, v)| Ok((k.as_str(), dynamic(v)?))).collect::<Result<Vec<_>, ProviderError>>()?,
        ),
    })
}

/// A plain struct from a value (`#[derive(Deserialize)]`, field names as attributes, `Option` for what may be null
/// or unknown).
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, ProviderError> {
    serde_json::from_value(to_json(value)).map_err(|e| ProviderError::failed("the values do not fit").source(e))
}

/// A value of a type from a plain struct.
pub fn to_value<T: Serialize>(plain: &T, ty: &Type) -> Result<Value, ProviderError> {
    let json = serde_json::to_value(plain)
        .map_err(|e| ProviderError::failed("the values cannot be written as JSON").source(e))?;
    from_json(&json, ty)
}
