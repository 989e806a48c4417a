//! Values, and the masks that say which parts of them are unknown or sensitive.

use cplan_model::{Kind, Type, Value};
use serde_json::{Map, Value as Json, json};

use crate::render::value::SENSITIVE;

/// The JSON of a value: what is unknown is left out of objects and null elsewhere; what is sensitive is a remark in its
/// place unless `reveal`.
pub(crate) fn json(value: &Value, reveal: bool) -> Json {
    if value.marks().is_sensitive() && !reveal {
        return json!(SENSITIVE);
    }
    match value.kind() {
        Kind::Null(_) | Kind::Unknown(_) => Json::Null,
        Kind::Bool(b) => json!(b),
        Kind::Number(n) => n.as_i64().map_or_else(|| json!(n.as_f64()), |n| json!(n)),
        Kind::String(s) => json!(&**s),
        Kind::List(_, items) | Kind::Set(_, items) | Kind::Tuple(items) => {
            items.iter().map(|v| json(v, reveal)).collect()
        }
        Kind::Map(_, items) | Kind::Object(items) => Json::Object(
            items.iter().filter(|(_, v)| v.is_known()).map(|(k, v)| (k.to_string(), json(v, reveal))).collect(),
        ),
    }
}

/// Where `is` holds, in Terraform's shape: `true` for a whole value, otherwise the parts that hold it.
fn mask(value: &Value, is: &dyn Fn(&Value) -> bool) -> Json {
    if is(value) {
        return json!(true);
    }
    match value.kind() {
        Kind::List(_, items) | Kind::Set(_, items) | Kind::Tuple(items) => items.iter().map(|v| mask(v, is)).collect(),
        Kind::Map(_, items) | Kind::Object(items) => {
            let parts = items.iter().map(|(k, v)| (k.to_string(), mask(v, is)));
            Json::Object(parts.filter(|(_, m)| *m != json!(false)).collect::<Map<_, _>>())
        }
        _ => json!(false),
    }
}

/// Where a value is unknown.
pub(crate) fn unknown(value: &Value) -> Json {
    mask(value, &|v| !v.is_known())
}

/// Where a value is sensitive.
pub(crate) fn sensitive(value: &Value) -> Json {
    mask(value, &|v| v.marks().is_sensitive())
}

/// A type in Terraform's notation: `"string"`, `["list","string"]`.
pub(crate) fn type_json(ty: &Type) -> Json {
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

#[cfg(test)]
mod tests {
    use super::*;
    use cplan_model::Marks;

    #[test]
    fn values_and_masks_have_terraforms_shapes() {
        let value = Value::object([
            ("id", Value::unknown(Type::String)),
            ("l", Value::tuple([Value::number(1), Value::unknown(Type::Number)])),
            ("pw", Value::string("hunter2").mark(Marks::SENSITIVE)),
        ]);
        assert_eq!(json(&value, false).to_string(), r#"{"l":[1,null],"pw":"(sensitive value)"}"#);
        assert_eq!(json(&value, true).to_string(), r#"{"l":[1,null],"pw":"hunter2"}"#);
        assert_eq!(unknown(&value).to_string(), r#"{"id":true,"l":[false,true]}"#);
        assert_eq!(sensitive(&value).to_string(), r#"{"l":[false,false],"pw":true}"#);
        assert_eq!(
            type_json(&Type::list(Type::object([("a", Type::Bool)]))).to_string(),
            r#"["list",["object",{"a":"bool"}]]"#
        );
    }
}
