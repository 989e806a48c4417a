//! Values as cty writes them to JSON by their type; where the type says `any`, the value comes with its own.

use std::sync::Arc;

use cplan_model::{Kind, Marks, Number, Type, Value};
use serde_json::{Map, Value as Json, json};

use crate::format::FormatError;

/// The JSON of a value of a type.
pub(super) fn encode(value: &Value, ty: &Type) -> Result<Json, FormatError> {
    Ok(match (value.kind(), ty) {
        (Kind::Null(_), _) => Json::Null,
        (_, Type::Dynamic) => {
            let own = value.ty();
            json!({"value": encode(value, &own)?, "type": type_json(&own)})
        }
        (Kind::Unknown(_), _) => return Err("a stored value is unknown".into()),
        (Kind::Bool(b), _) => json!(b),
        (Kind::Number(n), _) => {
            Json::Number(serde_json::from_str(&n.to_string()).map_err(|_| format!("JSON has no number for {n}"))?)
        }
        (Kind::String(s), _) => json!(&**s),
        (Kind::Tuple(items), Type::Tuple(types)) if items.len() == types.len() => {
            Json::Array(items.iter().zip(types.iter()).map(|(v, t)| encode(v, t)).collect::<Result<_, _>>()?)
        }
        (Kind::List(own, items) | Kind::Set(own, items), ty) => {
            let inner = match ty {
                Type::List(t) | Type::Set(t) => t,
                _ => own,
            };
            Json::Array(items.iter().map(|v| encode(v, inner)).collect::<Result<_, _>>()?)
        }
        (Kind::Tuple(items), _) => Json::Array(items.iter().map(|v| encode(v, &v.ty())).collect::<Result<_, _>>()?),
        (Kind::Map(own, items), ty) => {
            let inner = if let Type::Map(t) = ty { t } else { own };
            object(items.iter().map(|(k, v)| Ok((k, encode(v, inner)?))))?
        }
        (Kind::Object(items), Type::Object(o)) => {
            object(items.iter().map(|(k, v)| Ok((k, encode(v, o.attributes.get(k).unwrap_or(&v.ty()))?))))?
        }
        (Kind::Object(items), _) => object(items.iter().map(|(k, v)| Ok((k, encode(v, &v.ty())?))))?,
    })
}

fn object<'a>(entries: impl Iterator<Item = Result<(&'a Arc<str>, Json), FormatError>>) -> Result<Json, FormatError> {
    let entries = entries.map(|entry| entry.map(|(name, value)| (name.to_string(), value)));
    Ok(Json::Object(entries.collect::<Result<Map<_, _>, _>>()?))
}

/// The value of a type from its JSON.
pub(super) fn decode(json: &Json, ty: &Type) -> Result<Value, FormatError> {
    let wrong = || FormatError::from(format!("a value is not a {}", ty.friendly()));
    let all = |items: &[Json], t: &Type| items.iter().map(|item| decode(item, t)).collect::<Result<Vec<_>, _>>();
    Ok(match (ty, json) {
        (_, Json::Null) => Value::null(ty.clone()),
        (Type::Dynamic, Json::Object(members)) => {
            let (Some(value), Some(own)) = (members.get("value"), members.get("type")) else { return Err(wrong()) };
            decode(value, &parse_type(own)?)?
        }
        (Type::Bool, Json::Bool(b)) => Value::bool(*b),
        (Type::Number, Json::Number(n)) => Value::number(Number::parse(&n.to_string()).map_err(|_| wrong())?),
        (Type::String, Json::String(s)) => Value::string(s.as_str()),
        (Type::List(t), Json::Array(items)) => Value::list((**t).clone(), all(items, t)?),
        (Type::Set(t), Json::Array(items)) => Value::set((**t).clone(), all(items, t)?),
        (Type::Tuple(ts), Json::Array(items)) if ts.len() == items.len() => {
            Value::tuple(ts.iter().zip(items).map(|(t, item)| decode(item, t)).collect::<Result<Vec<_>, _>>()?)
        }
        (Type::Map(t), Json::Object(items)) => {
            let entries = items.iter().map(|(k, item)| Ok::<_, FormatError>((k.as_str(), decode(item, t)?)));
            Value::map((**t).clone(), entries.collect::<Result<Vec<_>, _>>()?)
        }
        (Type::Object(o), Json::Object(items)) => {
            let entries = o.attributes.iter().map(|(name, t)| {
                Ok::<_, FormatError>((name.clone(), decode(items.get(&**name).unwrap_or(&Json::Null), t)?))
            });
            Value::object(entries.collect::<Result<Vec<_>, _>>()?)
        }
        _ => return Err(wrong()),
    })
}

/// A type in Terraform's notation: `"string"`, `["list","string"]`, `["object",{"a":"bool"}]`.
pub fn type_json(ty: &Type) -> Json {
    match ty {
        Type::Dynamic => json!("dynamic"),
        Type::Bool => json!("bool"),
        Type::Number => json!("number"),
        Type::String => json!("string"),
        Type::List(t) => json!(["list", type_json(t)]),
        Type::Set(t) => json!(["set", type_json(t)]),
        Type::Map(t) => json!(["map", type_json(t)]),
        Type::Tuple(ts) => json!(["tuple", ts.iter().map(type_json).collect::<Vec<_>>()]),
        Type::Object(o) => {
            let members: Map<_, _> = o.attributes.iter().map(|(k, t)| (k.to_string(), type_json(t))).collect();
            json!(["object", members])
        }
    }
}

/// The type in what [`type_json`] wrote.
pub(super) fn parse_type(json: &Json) -> Result<Type, FormatError> {
    let wrong = || FormatError::from(format!("{json} is not a type"));
    Ok(match json {
        Json::String(name) => match name.as_str() {
            "dynamic" => Type::Dynamic,
            "bool" => Type::Bool,
            "number" => Type::Number,
            "string" => Type::String,
            _ => return Err(wrong()),
        },
        Json::Array(parts) => match (parts.first().and_then(Json::as_str), parts.get(1)) {
            (Some("list"), Some(inner)) => Type::list(parse_type(inner)?),
            (Some("set"), Some(inner)) => Type::set(parse_type(inner)?),
            (Some("map"), Some(inner)) => Type::map(parse_type(inner)?),
            (Some("tuple"), Some(Json::Array(inner))) => {
                Type::tuple(inner.iter().map(parse_type).collect::<Result<Vec<_>, _>>()?)
            }
            (Some("object"), Some(Json::Object(inner))) => {
                let members = inner.iter().map(|(k, t)| Ok::<_, FormatError>((k.as_str(), parse_type(t)?)));
                Type::object(members.collect::<Result<Vec<_>, _>>()?)
            }
            _ => return Err(wrong()),
        },
        _ => return Err(wrong()),
    })
}

/// The paths of what is sensitive, outermost only, in Terraform's notation.
pub(super) fn sensitive_paths(value: &Value) -> Result<Vec<Json>, FormatError> {
    let mut found = Vec::new();
    walk(value, &mut Vec::new(), &mut found)?;
    Ok(found)
}

fn walk(value: &Value, at: &mut Vec<Json>, found: &mut Vec<Json>) -> Result<(), FormatError> {
    if value.marks().is_sensitive() {
        found.push(Json::Array(at.clone()));
        return Ok(());
    }
    let index = |value: Json, ty: &str| json!({"type": "index", "value": {"value": value, "type": ty}});
    let children: Vec<(Json, &Value)> = match value.kind() {
        Kind::Object(items) => items.iter().map(|(k, v)| (json!({"type": "get_attr", "value": &**k}), v)).collect(),
        Kind::Map(_, items) => items.iter().map(|(k, v)| (index(json!(&**k), "string"), v)).collect(),
        Kind::List(_, items) | Kind::Tuple(items) => {
            items.iter().enumerate().map(|(n, v)| (index(json!(n), "number"), v)).collect()
        }
        _ => Vec::new(),
    };
    for (step, child) in children {
        at.push(step);
        walk(child, at, found)?;
        at.pop();
    }
    Ok(())
}

/// The value with what these paths name marked as sensitive; what is not there is passed over.
pub(super) fn mark(mut value: Value, paths: &[Json]) -> Result<Value, FormatError> {
    for path in paths {
        let steps = path.as_array().ok_or_else(|| format!("{path} is not a path"))?;
        value = mark_at(&value, steps);
    }
    Ok(value)
}

fn mark_at(value: &Value, steps: &[Json]) -> Value {
    let Some((step, rest)) = steps.split_first() else { return value.clone().mark(Marks::SENSITIVE) };
    let named = match &step["type"] {
        Json::String(kind) if kind == "get_attr" => &step["value"],
        _ => &step["value"]["value"],
    };
    let text = named.as_str();
    let number = named.as_u64().and_then(|n| usize::try_from(n).ok());
    let here = |n: usize, item: &Value| if Some(n) == number { mark_at(item, rest) } else { item.clone() };
    let there = |k: &Arc<str>, item: &Value| if Some(&**k) == text { mark_at(item, rest) } else { item.clone() };
    let marked = match value.kind() {
        Kind::Object(items) => Value::object(items.iter().map(|(k, v)| (k.clone(), there(k, v)))),
        Kind::Map(t, items) => Value::map(t.clone(), items.iter().map(|(k, v)| (k.clone(), there(k, v)))),
        Kind::List(t, items) => Value::list(t.clone(), items.iter().enumerate().map(|(n, v)| here(n, v))),
        Kind::Tuple(items) => Value::tuple(items.iter().enumerate().map(|(n, v)| here(n, v))),
        _ => return value.clone(),
    };
    marked.mark(value.marks())
}
