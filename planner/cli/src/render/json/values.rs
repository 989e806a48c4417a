//! Values, and the masks that say which parts of them are unknown or sensitive.

use cplan_model::{Kind, Number, Type, Value};
pub(crate) use cplan_store::type_json;
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
        Kind::Number(n) => number(n),
        Kind::String(s) => json!(&**s),
        Kind::List(_, items) | Kind::Set(_, items) | Kind::Tuple(items) => {
            items.iter().map(|v| json(v, reveal)).collect()
        }
        Kind::Map(_, items) | Kind::Object(items) => Json::Object(
            items.iter().filter(|(_, v)| v.is_known()).map(|(k, v)| (k.to_string(), json(v, reveal))).collect(),
        ),
    }
}

/// With all its digits, but without the sign of a zero; what JSON has no number for is a text.
fn number(number: &Number) -> Json {
    let text = number.to_string();
    let text = if text == "-0" { "0" } else { &*text };
    text.parse::<serde_json::Number>().map_or_else(|_| json!(text), Json::Number)
}

/// Where a value is unknown: `true` for a whole value, otherwise the parts that hold something unknown.
pub(crate) fn unknown(value: &Value) -> Json {
    if !value.is_known() {
        return json!(true);
    }
    parts(value, unknown)
}

/// Where a value is sensitive: `true` for a whole value, otherwise the parts that hold something sensitive. Of an unknown
/// collection nobody can say, which is told by an empty one, as Terraform does.
pub(crate) fn sensitive(value: &Value) -> Json {
    if value.marks().is_sensitive() {
        return json!(true);
    }
    match value.kind() {
        Kind::Unknown(unknown) => match &unknown.ty {
            Type::List(_) | Type::Set(_) | Type::Tuple(_) => json!([]),
            Type::Map(_) | Type::Object(_) => json!({}),
            _ => json!(false),
        },
        _ => parts(value, sensitive),
    }
}

/// A mask over the children: every element of a sequence, of a mapping only those that are not simply `false`.
fn parts(value: &Value, mask: fn(&Value) -> Json) -> Json {
    match value.kind() {
        Kind::List(_, items) | Kind::Set(_, items) | Kind::Tuple(items) => items.iter().map(mask).collect(),
        Kind::Map(_, items) | Kind::Object(items) => {
            let parts = items.iter().map(|(k, v)| (k.to_string(), mask(v)));
            Json::Object(parts.filter(|(_, m)| *m != json!(false)).collect::<Map<_, _>>())
        }
        _ => json!(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cplan_model::Marks;

    #[test]
    fn numbers_keep_their_digits() {
        for text in ["12345678901234567890.123456789", "0.1", "-3", "100000000000000000000000000000000"] {
            assert_eq!(json(&Value::number(Number::parse(text).unwrap()), false).to_string(), text);
        }
    }

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
        let list = Value::unknown(Type::list(Type::String));
        assert_eq!((unknown(&list), sensitive(&list)), (json!(true), json!([])));
        assert_eq!(sensitive(&Value::unknown(Type::object([("a", Type::Bool)]))), json!({}));
        assert_eq!(
            type_json(&Type::list(Type::object([("a", Type::Bool)]))).to_string(),
            r#"["list",["object",{"a":"bool"}]]"#
        );
    }
}
