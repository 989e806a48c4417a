//! What a plan promises about the values that come of it.

use cplan_model::{AttributeMode, Kind, Schema, Type, Value};

/// The configuration merged over the prior values: a computed attribute that is not configured keeps its prior value,
/// and is unknown where there is none.
pub fn propose(schema: &Schema, config: &Value, prior: Option<&Value>) -> Value {
    schema.attributes.iter().fold(config.clone(), |proposed, (name, attribute)| {
        let computed = matches!(attribute.mode, AttributeMode::Computed | AttributeMode::OptionalComputed);
        if !computed || config.get(name).is_some_and(|v| !v.is_null()) {
            return proposed;
        }
        let kept = prior.and_then(|prior| prior.get(name)).cloned();
        proposed.with(name, kept.unwrap_or_else(|| Value::unknown(attribute.ty.clone())))
    })
}

/// Whether `applied` keeps what `planned` promised: what was known is the same, what was unknown is now known, of its
/// type and within its limits. The error says where it does not.
pub fn fits(planned: &Value, applied: &Value, ty: &Type) -> Result<(), String> {
    if !applied.is_wholly_known() {
        return Err("a value is still unknown".to_owned());
    }
    if let Some(wrong) = misfit(applied, ty) {
        return Err(wrong);
    }
    kept(planned, applied, "").map_or(Ok(()), Err)
}

fn kept(planned: &Value, applied: &Value, at: &str) -> Option<String> {
    match (planned.kind(), applied.kind()) {
        (Kind::Unknown(unknown), _) => {
            let limits = &unknown.refinement;
            let length = applied.as_slice().map(<[_]>::len).or_else(|| applied.as_map().map(|m| m.len()));
            let outside = (limits.not_null && applied.is_null())
                || limits.prefix.as_ref().is_some_and(|p| applied.as_str().is_some_and(|s| !s.starts_with(&**p)))
                || limits.min_length.is_some_and(|min| length.is_some_and(|n| n < min))
                || limits.max_length.is_some_and(|max| length.is_some_and(|n| n > max));
            outside
                .then(|| format!("`{at}` is outside of what was planned"))
                .or_else(|| misfit_at(applied, &unknown.ty, at))
        }
        (Kind::Object(_) | Kind::Map(..), Kind::Object(_) | Kind::Map(..)) => {
            let (before, after) = (planned.as_map()?, applied.as_map()?);
            if !before.keys().eq(after.keys()) {
                return Some(format!("`{at}` has other entries"));
            }
            before.iter().find_map(|(name, value)| kept(value, after.get(name)?, &join(at, name)))
        }
        (Kind::List(..) | Kind::Tuple(_), Kind::List(..) | Kind::Tuple(_)) => {
            let (before, after) = (planned.as_slice()?, applied.as_slice()?);
            if before.len() != after.len() {
                return Some(format!("`{at}` has another length"));
            }
            before.iter().zip(after).find_map(|(b, a)| kept(b, a, &join(at, "*")))
        }
        (Kind::Null(_), Kind::Null(_)) => None,
        // The members of a set have no place of their own: a set with an unknown in it can only be judged by type.
        (Kind::Set(..), Kind::Set(..)) if !planned.is_wholly_known() => None,
        (before, after) => (before != after).then(|| format!("`{at}` was planned as {planned:?} and is {applied:?}")),
    }
}

/// Where a value, unknowns possible, is not of a type.
pub(super) fn misfit(value: &Value, ty: &Type) -> Option<String> {
    misfit_at(value, ty, "")
}

fn misfit_at(value: &Value, ty: &Type, at: &str) -> Option<String> {
    let wrong = || Some(format!("`{at}` is {}, not {}", value.ty().friendly(), ty.friendly()));
    match (ty, value.kind()) {
        (Type::Dynamic, _) | (_, Kind::Null(_) | Kind::Unknown(_)) => None,
        (Type::Bool, Kind::Bool(_)) | (Type::Number, Kind::Number(_)) | (Type::String, Kind::String(_)) => None,
        (Type::List(t), Kind::List(_, items)) | (Type::Set(t), Kind::Set(_, items)) => {
            items.iter().find_map(|item| misfit_at(item, t, &join(at, "*")))
        }
        (Type::Tuple(types), Kind::Tuple(items)) if types.len() == items.len() => {
            types.iter().zip(items.iter()).find_map(|(t, item)| misfit_at(item, t, &join(at, "*")))
        }
        (Type::Map(t), Kind::Map(_, items)) => {
            items.iter().find_map(|(name, item)| misfit_at(item, t, &join(at, name)))
        }
        (Type::Object(o), Kind::Object(items)) => {
            let missing = o.attributes.keys().find(|name| !items.contains_key(name));
            let extra = items.keys().find(|name| !o.attributes.contains_key(*name));
            if let Some(name) = missing.or(extra) {
                return Some(format!("`{}` is missing or not in the schema", join(at, name)));
            }
            items.iter().find_map(|(name, item)| misfit_at(item, o.attributes.get(name)?, &join(at, name)))
        }
        _ => wrong(),
    }
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(a: Value) -> Value {
        Value::object([("a", a)])
    }

    #[test]
    fn keeps_what_is_known_and_the_type_of_what_is_not() {
        let ty = Type::object([("a", Type::String)]);
        let unknown = object(Value::unknown(Type::String));
        assert_eq!(fits(&unknown, &object(Value::string("x")), &ty), Ok(()));
        assert_eq!(fits(&object(Value::string("x")), &object(Value::string("x")), &ty), Ok(()));
        assert!(fits(&object(Value::string("x")), &object(Value::string("y")), &ty).unwrap_err().contains("`a`"));
        assert!(fits(&unknown, &unknown, &ty).is_err());
        assert!(fits(&unknown, &object(Value::number(1)), &ty).is_err());
        assert!(fits(&unknown, &Value::object([("b", Value::string("x"))]), &ty).is_err());
    }

    #[test]
    fn refinements_are_promises() {
        let limits = cplan_model::Refinement { not_null: true, prefix: Some("ab".into()), ..Default::default() };
        let planned = object(Value::refined(Type::String, limits));
        let ty = Type::object([("a", Type::String)]);
        assert_eq!(fits(&planned, &object(Value::string("abc")), &ty), Ok(()));
        assert!(fits(&planned, &object(Value::string("b")), &ty).is_err());
        assert!(fits(&planned, &object(Value::null(Type::String)), &ty).is_err());
    }
}
