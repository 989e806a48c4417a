//! Conversion between types, by cty's rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{AttrPath, Kind, Number, ObjectType, Refinement, Step, Type, Value};

pub use self::unify::unify;

mod explain;
mod unify;

/// Why a value cannot become a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConvertError {
    /// Where in the value.
    pub path: AttrPath,
    /// In Terraform's words: "a number is required".
    pub message: String,
}

/// Converts a value to a type, with cty's rules (`"5"` to `5`, tuple to list, object to map, null and unknown kept,
/// marks kept).
pub fn convert(value: &Value, ty: &Type) -> Result<Value, ConvertError> {
    walk(value, ty, &AttrPath::default())
}

fn fail(path: &AttrPath, message: impl Into<String>) -> ConvertError {
    ConvertError { path: path.clone(), message: message.into() }
}

fn walk(value: &Value, ty: &Type, path: &AttrPath) -> Result<Value, ConvertError> {
    let marks = value.marks();
    if *ty == Type::Dynamic {
        return Ok(value.clone());
    }
    let mismatch = || fail(path, explain::mismatch(&value.ty(), ty));
    let converted = match (value.kind(), ty) {
        (Kind::Null(from), _) => {
            if !possible(from, ty) {
                return Err(mismatch());
            }
            Value::null(without_optional(ty))
        }
        (Kind::Unknown(u), _) => {
            if u.ty == *ty {
                return Ok(value.clone());
            }
            if !possible(&u.ty, ty) {
                return Err(mismatch());
            }
            let not_null = u.refinement.not_null;
            Value::refined(without_optional(ty), Refinement { not_null, ..Refinement::default() })
        }
        (Kind::Bool(_), Type::Bool) | (Kind::Number(_), Type::Number) | (Kind::String(_), Type::String) => {
            return Ok(value.clone());
        }
        (Kind::Bool(b), Type::String) => Value::string(if *b { "true" } else { "false" }),
        (Kind::Number(n), Type::String) => Value::string(n.to_string()),
        (Kind::String(s), Type::Number) => {
            Value::number(Number::parse(s).map_err(|_| fail(path, "a number is required"))?)
        }
        (Kind::String(s), Type::Bool) => match &**s {
            "true" | "1" => Value::bool(true),
            "false" | "0" => Value::bool(false),
            "True" | "TRUE" => {
                return Err(fail(path, "a bool is required; to convert from string, use lowercase \"true\""));
            }
            "False" | "FALSE" => {
                return Err(fail(path, "a bool is required; to convert from string, use lowercase \"false\""));
            }
            _ => return Err(fail(path, "a bool is required")),
        },
        (Kind::List(from, items), Type::List(to)) if from == &**to => {
            return Ok(Value::new(Kind::List(from.clone(), items.clone())).mark(marks));
        }
        (Kind::List(_, items) | Kind::Set(_, items) | Kind::Tuple(items), Type::List(to)) => {
            let (element, items) = elements(items, to, path, matches!(value.kind(), Kind::Set(..)))?;
            Value::list(element, items)
        }
        (Kind::List(_, items) | Kind::Set(_, items) | Kind::Tuple(items), Type::Set(to)) => {
            let (element, items) = elements(items, to, path, matches!(value.kind(), Kind::Set(..)))?;
            Value::set(element, items)
        }
        (Kind::Tuple(items), Type::Tuple(types)) if items.len() == types.len() => {
            let converted: Result<Vec<_>, _> = (items.iter().zip(types.iter()).enumerate())
                .map(|(i, (item, ty))| walk(item, ty, &path.then_index(i)))
                .collect();
            Value::tuple(converted?)
        }
        (Kind::Map(_, items) | Kind::Object(items), Type::Map(to)) => entries(items, to, path)?,
        (Kind::Map(_, items), Type::Object(to)) => object(items, to, path, true)?,
        (Kind::Object(items), Type::Object(to)) => object(items, to, path, false)?,
        _ => return Err(mismatch()),
    };
    Ok(converted.mark(marks))
}

/// Elements of a list or set; where the target's element type is `any`, all become the one type that they share.
fn elements(items: &[Value], to: &Type, path: &AttrPath, set: bool) -> Result<(Type, Vec<Value>), ConvertError> {
    let step = |i: usize, item: &Value| if set { path.then(Step::Element(item.clone())) } else { path.then_index(i) };
    let convert_all = |ty: &Type| -> Result<Vec<Value>, ConvertError> {
        items.iter().enumerate().map(|(i, item)| walk(item, ty, &step(i, item))).collect()
    };
    let converted = convert_all(to)?;
    if to.is_fully_known() {
        return Ok((without_optional(to), converted));
    }
    let types: Vec<_> = converted.iter().map(Value::ty).collect();
    if types.is_empty() {
        return Ok((without_optional(to), converted));
    }
    let shared = unify(&types).ok_or_else(|| fail(path, "all list elements must have the same type"))?;
    let converted: Result<Vec<_>, _> =
        converted.iter().enumerate().map(|(i, item)| walk(item, &shared, &step(i, item))).collect();
    Ok((shared, converted?))
}

fn entries(items: &BTreeMap<Arc<str>, Value>, to: &Type, path: &AttrPath) -> Result<Value, ConvertError> {
    let all = |items: &BTreeMap<Arc<str>, Value>, ty: &Type| -> Result<BTreeMap<Arc<str>, Value>, ConvertError> {
        items.iter().map(|(k, v)| Ok((k.clone(), walk(v, ty, &path.then(Step::Key(k.clone())))?))).collect()
    };
    let converted = all(items, to)?;
    if to.is_fully_known() || converted.is_empty() {
        return Ok(Value::new(Kind::Map(without_optional(to), Arc::new(converted))));
    }
    let types: Vec<_> = converted.values().map(Value::ty).collect();
    let shared = unify(&types).ok_or_else(|| fail(path, "all map elements must have the same type"))?;
    let converted = all(&converted, &shared)?;
    Ok(Value::new(Kind::Map(shared, Arc::new(converted))))
}

fn object(
    items: &BTreeMap<Arc<str>, Value>,
    to: &ObjectType,
    path: &AttrPath,
    from_map: bool,
) -> Result<Value, ConvertError> {
    let missing: Vec<_> =
        to.attributes.keys().filter(|name| !items.contains_key(*name) && !to.optional.contains(*name)).collect();
    if !missing.is_empty() {
        let message = if from_map {
            format!("map element {} is required", explain::quoted(missing[0]))
        } else {
            explain::missing_attributes(&missing)
        };
        return Err(fail(path, message));
    }
    let converted: Result<Vec<_>, ConvertError> = to
        .attributes
        .iter()
        .map(|(name, ty)| {
            let value = match items.get(name) {
                Some(item) => walk(item, ty, &path.then(Step::Attr(name.clone())))?,
                None => Value::null(without_optional(ty)),
            };
            Ok((name.clone(), value))
        })
        .collect();
    Ok(Value::object(converted?))
}

/// The type of converted values, which have all attributes.
fn without_optional(ty: &Type) -> Type {
    match ty {
        Type::List(t) => Type::list(without_optional(t)),
        Type::Set(t) => Type::set(without_optional(t)),
        Type::Map(t) => Type::map(without_optional(t)),
        Type::Tuple(ts) => Type::tuple(ts.iter().map(without_optional)),
        Type::Object(o) => Type::object(o.attributes.iter().map(|(k, t)| (k.clone(), without_optional(t)))),
        other => other.clone(),
    }
}

/// Whether some value of `from` can become `to`.
fn possible(from: &Type, to: &Type) -> bool {
    match (from, to) {
        (Type::Dynamic, _) | (_, Type::Dynamic) => true,
        (a, b) if a == b => true,
        (Type::Bool | Type::Number | Type::String, Type::String) => true,
        (Type::String, Type::Number | Type::Bool) => true,
        (Type::List(a) | Type::Set(a), Type::List(b) | Type::Set(b)) => possible(a, b),
        (Type::Tuple(items), Type::List(b) | Type::Set(b)) => items.iter().all(|a| possible(a, b)),
        (Type::Tuple(a), Type::Tuple(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| possible(a, b)),
        (Type::Map(a), Type::Map(b)) => possible(a, b),
        (Type::Object(a), Type::Map(b)) => a.attributes.values().all(|a| possible(a, b)),
        (Type::Map(a), Type::Object(b)) => b.attributes.values().all(|b| possible(a, b)),
        (Type::Object(a), Type::Object(b)) => b.attributes.iter().all(|(name, to)| match a.attributes.get(name) {
            Some(from) => possible(from, to),
            None => b.optional.contains(name),
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Marks;

    #[test]
    fn primitives_convert_both_ways() {
        assert_eq!(convert(&Value::string("5"), &Type::Number), Ok(Value::number(5)));
        assert_eq!(convert(&Value::number(5), &Type::String), Ok(Value::string("5")));
        assert_eq!(convert(&Value::bool(true), &Type::String), Ok(Value::string("true")));
        assert_eq!(convert(&Value::string("x"), &Type::Number).unwrap_err().message, "a number is required");
        assert_eq!(convert(&Value::bool(true), &Type::Number).unwrap_err().message, "number required");
    }

    #[test]
    fn collections_take_the_shared_type() {
        let mixed = Value::tuple([Value::number(1), Value::string("b")]);
        let list = convert(&mixed, &Type::list(Type::Dynamic)).unwrap();
        assert_eq!(list, Value::list(Type::String, [Value::string("1"), Value::string("b")]));
        let nested = Value::tuple([Value::string("1"), Value::tuple([])]);
        assert!(convert(&nested, &Type::list(Type::Dynamic)).is_err());
    }

    #[test]
    fn objects_lose_and_gain_attributes() {
        let ty = Type::object_with_optional([("a", Type::Number), ("b", Type::String)], ["b"]);
        let value = Value::object([("a", Value::string("1").mark(Marks::SENSITIVE)), ("c", Value::bool(true))]);
        let out = convert(&value, &ty).unwrap();
        assert!(out.get("a").unwrap().marks().is_sensitive());
        assert_eq!(out.get("b"), Some(&Value::null(Type::String)));
        assert_eq!(out.get("c"), None);
        let error = convert(&Value::object([("b", Value::string("x"))]), &ty).unwrap_err();
        assert_eq!(error.message, "attribute \"a\" is required");
    }

    #[test]
    fn unknowns_and_nulls_take_the_type() {
        assert_eq!(convert(&Value::unknown(Type::Dynamic), &Type::Number), Ok(Value::unknown(Type::Number)));
        assert_eq!(convert(&Value::null(Type::Dynamic), &Type::Bool), Ok(Value::null(Type::Bool)));
        assert!(convert(&Value::unknown(Type::Bool), &Type::Number).is_err());
    }
}
