//! Conversion between types, by cty's rules.

use std::sync::Arc;

use crate::{AttrPath, Kind, Members, Number, ObjectType, Refinement, Step, Type, Unknown, Value};

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
    let same = match (value.kind(), ty) {
        (_, Type::Dynamic)
        | (Kind::Bool(_), Type::Bool)
        | (Kind::Number(_), Type::Number)
        | (Kind::String(_), Type::String) => true,
        (Kind::List(from, _), Type::List(to)) | (Kind::Set(from, _), Type::Set(to)) => from == &**to,
        (Kind::Map(from, _), Type::Map(to)) => from == &**to,
        (Kind::Null(from), to) => from == to,
        (Kind::Unknown(u), to) => u.ty == *to,
        _ => false,
    };
    if same {
        return Ok(value.clone());
    }
    let path = AttrPath::default();
    let from = value.ty();
    if !possible(&from, ty) {
        return Err(fail(&path, explain::mismatch(&from, ty)));
    }
    walk(value, ty, &path)
}

fn fail(path: &AttrPath, message: impl Into<String>) -> ConvertError {
    ConvertError { path: path.clone(), message: message.into() }
}

/// Converts where the types allow it; what can still fail are the values.
fn walk(value: &Value, ty: &Type, path: &AttrPath) -> Result<Value, ConvertError> {
    if *ty == Type::Dynamic {
        return Ok(value.clone());
    }
    let mismatch = || fail(path, explain::mismatch(&value.ty(), ty));
    let converted = match (value.kind(), ty) {
        (Kind::Null(from), _) => {
            if !possible(from, ty) {
                return Err(mismatch());
            }
            Value::null(fill(from, &without_optional(ty)))
        }
        (Kind::Unknown(u), _) => {
            if !possible(&u.ty, ty) {
                return Err(mismatch());
            }
            unknown(u, ty)
        }
        (Kind::Bool(_), Type::Bool) | (Kind::Number(_), Type::Number) | (Kind::String(_), Type::String) => {
            return Ok(value.clone());
        }
        (Kind::Bool(b), Type::String) => Value::string(if *b { "true" } else { "false" }),
        (Kind::Number(n), Type::String) => Value::string(n.to_string()),
        (Kind::String(s), Type::Number) => {
            Value::number(Number::parse(s).map_err(|_| fail(path, "a number is required"))?)
        }
        (Kind::String(s), Type::Bool) => Value::bool(truth(s).map_err(|message| fail(path, message))?),
        (Kind::List(from, items), Type::List(to)) if from == &**to => {
            Value::new(Kind::List(from.clone(), items.clone()))
        }
        (Kind::Set(_, items), Type::List(to)) if items.len() > 1 && !value.is_wholly_known() => {
            // Elements may turn out to be the same one, so that not even the length is known.
            unknown(&Unknown { ty: value.ty(), refinement: Refinement::default() }, &Type::List(to.clone()))
        }
        (Kind::List(..) | Kind::Set(..) | Kind::Tuple(_), Type::List(to)) => {
            let (element, items) = elements(value, to, path, false)?;
            Value::list(element, items)
        }
        (Kind::List(..) | Kind::Set(..) | Kind::Tuple(_), Type::Set(to)) => {
            let (element, items) = elements(value, to, path, true)?;
            Value::set(element, items)
        }
        (Kind::Tuple(items), Type::Tuple(types)) if items.len() == types.len() => {
            let converted: Result<Vec<_>, _> = (items.iter().zip(types.iter()).enumerate())
                .map(|(i, (item, ty))| walk(item, ty, &path.then_index(i)))
                .collect();
            Value::tuple(converted?)
        }
        (Kind::Map(_, items) | Kind::Object(items), Type::Map(to)) => entries(value, items, to, path)?,
        (Kind::Map(_, items), Type::Object(to)) => object(items, to, path, true)?,
        (Kind::Object(items), Type::Object(to)) => object(items, to, path, false)?,
        _ => return Err(mismatch()),
    };
    Ok(converted.mark(value.marks()))
}

/// What is known of an unknown value stays known as far as the type allows.
fn unknown(from: &Unknown, ty: &Type) -> Value {
    let to = fill(&from.ty, &without_optional(ty));
    let mut refinement = Refinement { not_null: from.refinement.not_null, ..Refinement::default() };
    let mut lengths = |min: usize, max: usize| {
        refinement.min_length = Some(min);
        refinement.max_length = Some(max);
    };
    match (&from.ty, &to) {
        (Type::Object(o), Type::Map(_)) => lengths(o.attributes.len(), o.attributes.len()),
        (Type::Tuple(ts), Type::List(_)) => lengths(ts.len(), ts.len()),
        (Type::Tuple(ts), Type::Set(_)) => lengths(ts.len().min(1), ts.len()),
        (a, b) if a == b => refinement = from.refinement.clone(),
        (Type::List(_), Type::List(_)) | (Type::Set(_), Type::List(_)) | (Type::Map(_), Type::Map(_)) => {
            refinement.min_length = from.refinement.min_length;
            refinement.max_length = from.refinement.max_length;
        }
        (Type::List(_) | Type::Set(_), Type::Set(_)) => {
            // Elements may fall together, but never to none.
            refinement.min_length = from.refinement.min_length.map(|n| n.min(1));
            refinement.max_length = from.refinement.max_length;
        }
        _ => {}
    }
    Value::refined(to, refinement)
}

fn truth(text: &str) -> Result<bool, String> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        other => {
            let lower = other.to_lowercase();
            Err(match lower.as_str() {
                "true" | "false" => {
                    format!("a bool is required; to convert from string, use lowercase {}", explain::quoted(&lower))
                }
                _ => "a bool is required".into(),
            })
        }
    }
}

/// The one type that items take: where the target leaves it open, the one that they share.
fn shared<'v>(items: impl Iterator<Item = &'v Value>, what: &str, path: &AttrPath) -> Result<Type, ConvertError> {
    let types: Vec<Type> = items.map(Value::ty).collect();
    unify(&types).ok_or_else(|| fail(path, format!("all {what} elements must have the same type")))
}

/// Elements of a list or set.
fn elements(from: &Value, to: &Type, path: &AttrPath, set: bool) -> Result<(Type, Vec<Value>), ConvertError> {
    let items = from.as_slice().unwrap_or_default();
    let word = if set { "set" } else { "list" };
    let target = match from.kind() {
        Kind::Tuple(items) if *to == Type::Dynamic && !items.is_empty() => shared(items.iter(), word, path)?,
        Kind::List(element, _) | Kind::Set(element, _) if *to == Type::Dynamic => element.clone(),
        _ => to.clone(),
    };
    let convert_all = |items: &[Value], ty: &Type| -> Result<Vec<Value>, ConvertError> {
        items.iter().enumerate().map(|(i, item)| walk(item, ty, &path.then_index(i))).collect()
    };
    let converted = convert_all(items, &target)?;
    if target.is_fully_known() || converted.is_empty() {
        return Ok((without_optional(&target), converted));
    }
    let types: Vec<_> = converted.iter().map(Value::ty).collect();
    if types.iter().all(|t| *t == types[0]) {
        return Ok((types[0].clone(), converted));
    }
    if set {
        return Err(fail(path, "element types must all match for conversion to set"));
    }
    let shared = shared(converted.iter(), word, path)?;
    let converted = convert_all(&converted, &shared)?;
    let joined = joined(converted.iter().map(Value::ty))
        .ok_or_else(|| fail(path, "element types must all match for conversion to list"))?;
    let converted = if joined == shared { converted } else { convert_all(&converted, &joined)? };
    Ok((joined, converted))
}

/// The type of all elements of a collection whose type leaves something open: they may differ in what is open in one of
/// them, as it is in null and in an empty list, but in nothing else.
fn joined(types: impl IntoIterator<Item = Type>) -> Option<Type> {
    let mut types = types.into_iter();
    let first = types.next().unwrap_or(Type::Dynamic);
    types.try_fold(first, |all, ty| join(&all, &ty))
}

fn join(a: &Type, b: &Type) -> Option<Type> {
    Some(match (a, b) {
        (Type::Dynamic, other) | (other, Type::Dynamic) => other.clone(),
        (a, b) if a == b => a.clone(),
        (Type::List(a), Type::List(b)) => Type::list(join(a, b)?),
        (Type::Set(a), Type::Set(b)) => Type::set(join(a, b)?),
        (Type::Map(a), Type::Map(b)) => Type::map(join(a, b)?),
        (Type::Tuple(a), Type::Tuple(b)) if a.len() == b.len() => {
            Type::tuple(a.iter().zip(b.iter()).map(|(a, b)| join(a, b)).collect::<Option<Vec<_>>>()?)
        }
        (Type::Object(a), Type::Object(b)) if a.attributes.keys().eq(b.attributes.keys()) => {
            let each = a.attributes.iter().zip(b.attributes.values());
            Type::object(each.map(|((name, a), b)| Some((name.clone(), join(a, b)?))).collect::<Option<Vec<_>>>()?)
        }
        _ => return None,
    })
}

fn entries(from: &Value, items: &Members, to: &Type, path: &AttrPath) -> Result<Value, ConvertError> {
    let target = match from.kind() {
        Kind::Object(items) if *to == Type::Dynamic && !items.is_empty() => shared(items.values(), "map", path)?,
        Kind::Map(element, _) if *to == Type::Dynamic => element.clone(),
        _ => to.clone(),
    };
    let all = |items: &Members, ty: &Type| -> Result<Members, ConvertError> {
        items.iter().map(|(k, v)| Ok((k.clone(), walk(v, ty, &path.then(Step::Key(k.clone())))?))).collect()
    };
    let converted = all(items, &target)?;
    if target.is_fully_known() || converted.is_empty() {
        return Ok(Value::new(Kind::Map(without_optional(&target), converted)));
    }
    let shared = shared(converted.values(), "map", path)?;
    let converted = all(&converted, &shared)?;
    let joined = joined(converted.values().map(Value::ty))
        .ok_or_else(|| fail(path, "attribute types must all match for conversion to map"))?;
    let converted = if joined == shared { converted } else { all(&converted, &joined)? };
    Ok(Value::new(Kind::Map(joined, converted)))
}

fn object(items: &Members, to: &ObjectType, path: &AttrPath, from_map: bool) -> Result<Value, ConvertError> {
    let missing: Vec<_> =
        to.attributes.keys().filter(|name| !items.contains_key(name) && !to.optional.contains(*name)).collect();
    if !missing.is_empty() {
        let message = if from_map {
            format!("map has no element for required attribute {}", explain::quoted(missing[0]))
        } else {
            explain::missing_attributes(&missing)
        };
        return Err(fail(path, message));
    }
    let step = |name: &Arc<str>| if from_map { Step::Key(name.clone()) } else { Step::Attr(name.clone()) };
    let converted: Result<Vec<_>, ConvertError> = to
        .attributes
        .iter()
        .map(|(name, ty)| {
            let value = match items.get(name) {
                Some(item) => walk(item, ty, &path.then(step(name)))?,
                None => Value::null(without_optional(ty)),
            };
            Ok((name.clone(), value))
        })
        .collect();
    Ok(Value::object(converted?))
}

/// A type with what it leaves open taken from another, as far as their shapes are alike.
fn fill(from: &Type, to: &Type) -> Type {
    let element = |from: &Type| match from {
        Type::List(t) | Type::Set(t) | Type::Map(t) => Some(Type::clone(t)),
        Type::Tuple(ts) => unify(ts),
        Type::Object(o) => unify(&o.attributes.values().cloned().collect::<Vec<_>>()),
        _ => None,
    };
    let inner = |t: &Type| element(from).map_or_else(|| t.clone(), |from| fill(&from, t));
    match (from, to) {
        (Type::Dynamic, _) => to.clone(),
        (_, Type::Dynamic) => from.clone(),
        (_, Type::List(t)) => Type::list(inner(t)),
        (_, Type::Set(t)) => Type::set(inner(t)),
        (_, Type::Map(t)) => Type::map(inner(t)),
        (Type::Tuple(a), Type::Tuple(b)) if a.len() == b.len() => {
            Type::tuple(a.iter().zip(b.iter()).map(|(a, b)| fill(a, b)))
        }
        (Type::Object(a), Type::Object(b)) => Type::object(b.attributes.iter().map(|(name, ty)| {
            (name.clone(), a.attributes.get(name).map_or_else(|| ty.clone(), |from| fill(from, ty)))
        })),
        (Type::Map(a), Type::Object(b)) => {
            Type::object(b.attributes.iter().map(|(name, ty)| (name.clone(), fill(a, ty))))
        }
        _ => to.clone(),
    }
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
    let all = |items: &[Type], to: &Type| items.iter().all(|from| possible(from, to));
    match (from, to) {
        (Type::Dynamic, _) | (_, Type::Dynamic) => true,
        (a, b) if a == b => true,
        (Type::Bool | Type::Number | Type::String, Type::String) => true,
        (Type::String, Type::Number | Type::Bool) => true,
        (Type::List(a) | Type::Set(a), Type::List(b) | Type::Set(b)) => possible(a, b),
        (Type::Tuple(items), Type::List(b) | Type::Set(b)) if **b == Type::Dynamic => {
            items.is_empty()
                || unify(items).is_some_and(|shared| {
                    // Of what is not known yet, no one type can be told unless nothing is known of any.
                    (shared != Type::Dynamic || items.iter().all(|t| *t == Type::Dynamic)) && all(items, &shared)
                })
        }
        (Type::Tuple(items), Type::List(b) | Type::Set(b)) => all(items, b),
        (Type::Tuple(a), Type::Tuple(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| possible(a, b)),
        (Type::Map(a), Type::Map(b)) => possible(a, b),
        (Type::Object(a), Type::Map(b)) if **b == Type::Dynamic => {
            let types: Vec<Type> = a.attributes.values().cloned().collect();
            types.is_empty() || unify(&types).is_some_and(|shared| all(&types, &shared))
        }
        (Type::Object(a), Type::Map(b)) => a.attributes.values().all(|from| possible(from, b)),
        (Type::Map(a), Type::Object(b)) => {
            b.attributes.iter().all(|(name, to)| b.optional.contains(name) || possible(a, to))
        }
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
    fn what_is_open_in_one_element_makes_no_room_for_others() {
        let (null, text) = (Value::null(Type::Dynamic), Value::string("x"));
        let one = |n: i64| Value::tuple([Value::number(n)]);
        let map = |values: [&Value; 3]| {
            let object = Value::object(["a", "b", "c"].into_iter().zip(values.map(Value::clone)));
            convert(&object, &Type::map(Type::Dynamic)).map_err(|e| e.message)
        };
        let refused = "attribute types must all match for conversion to map";
        assert_eq!(map([&null, &text, &one(1)]).unwrap_err(), refused);
        assert_eq!(map([&null, &one(1), &Value::tuple([text.clone()])]).unwrap_err(), refused);
        assert_eq!(map([&null, &one(1), &one(2)]).unwrap().ty(), Type::map(one(1).ty()));
        let in_object = |v: &Value| Value::object([("a", v.clone())]);
        let list = |values: Vec<Value>| convert(&Value::tuple(values), &Type::list(Type::Dynamic)).is_ok();
        assert!(list(vec![in_object(&null), in_object(&one(1))]));
        assert!(!list(vec![in_object(&null), in_object(&one(1)), in_object(&text)]));
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
