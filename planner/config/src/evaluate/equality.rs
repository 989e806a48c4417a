//! The language's `==`, as cty decides it: marks do not count, an unknown leaves it open unless its limits rule the other
//! value out.

use cplan_model::{Kind, Type, Unknown, Value};

use super::range::Range;

/// Whether two values are equal; `None` where it depends on what is unknown.
pub(crate) fn equal(a: &Value, b: &Value) -> Option<bool> {
    if let Some(verdict) = shallow(a, b) {
        return verdict;
    }
    let (x, y) = (a.ty(), b.ty());
    if !type_is_known(a) || !type_is_known(b) {
        return if conforms(&x, &y) || conforms(&y, &x) { None } else { Some(false) };
    }
    if x != y {
        return Some(false);
    }
    contents(a, b)
}

/// Of values of the same type.
fn inner(a: &Value, b: &Value) -> Option<bool> {
    shallow(a, b).unwrap_or_else(|| contents(a, b))
}

/// The verdict that nulls and unknowns give.
fn shallow(a: &Value, b: &Value) -> Option<Option<bool>> {
    match (a.kind(), b.kind()) {
        (Kind::Unknown(x), Kind::Unknown(y)) if x.ty != Type::Dynamic || y.ty != Type::Dynamic => Some(None),
        (Kind::Unknown(_), Kind::Unknown(_)) => Some(None),
        (Kind::Unknown(u), _) => Some(with_unknown(u, b)),
        (_, Kind::Unknown(u)) => Some(with_unknown(u, a)),
        (Kind::Null(_), Kind::Null(_)) => Some(Some(true)),
        (Kind::Null(_), _) | (_, Kind::Null(_)) => Some(Some(false)),
        _ => None,
    }
}

fn with_unknown(unknown: &Unknown, known: &Value) -> Option<bool> {
    if known.is_null() {
        return if unknown.refinement.not_null { Some(false) } else { None };
    }
    if excludes(unknown, known) || unknown.ty.is_fully_known() && unknown.ty != known.ty() {
        return Some(false);
    }
    None
}

/// Whether an unknown value cannot turn out to be this one, which is not null.
fn excludes(unknown: &Unknown, known: &Value) -> bool {
    if !conforms(&known.ty(), &unknown.ty) {
        return true;
    }
    let refinement = &unknown.refinement;
    let length = match known.kind() {
        Kind::Set(_, items) if items.len() > 1 && !known.is_wholly_known() => None,
        Kind::List(_, items) | Kind::Set(_, items) => Some(items.len()),
        Kind::Map(_, items) => Some(items.len()),
        _ => None,
    };
    match (known.as_str(), known.as_number(), length) {
        (Some(text), ..) => refinement.prefix.as_deref().is_some_and(|prefix| !text.starts_with(prefix)),
        (_, Some(number), _) => !Range::of(refinement).may_hold(number),
        (.., Some(n)) => {
            refinement.min_length.is_some_and(|min| n < min) || refinement.max_length.is_some_and(|max| n > max)
        }
        _ => false,
    }
}

/// Whether no value of an unknown type stands in it.
fn type_is_known(value: &Value) -> bool {
    match value.kind() {
        Kind::Unknown(u) => u.ty != Type::Dynamic,
        _ => value.children().all(type_is_known),
    }
}

/// Whether a type is an instance of another, in which `any` stands for every type.
fn conforms(ty: &Type, pattern: &Type) -> bool {
    match (ty, pattern) {
        (_, Type::Dynamic) => true,
        (Type::List(a), Type::List(b)) | (Type::Set(a), Type::Set(b)) | (Type::Map(a), Type::Map(b)) => conforms(a, b),
        (Type::Tuple(a), Type::Tuple(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| conforms(a, b)),
        (Type::Object(a), Type::Object(b)) => {
            a.attributes.keys().eq(b.attributes.keys())
                && a.attributes.values().zip(b.attributes.values()).all(|(a, b)| conforms(a, b))
        }
        (a, b) => a == b,
    }
}

fn contents(a: &Value, b: &Value) -> Option<bool> {
    match (a.kind(), b.kind()) {
        (Kind::Number(x), Kind::Number(y)) => Some(x.equals(y)),
        (Kind::Set(_, x), Kind::Set(_, y)) => {
            if x.iter().chain(y.iter()).any(|item| !item.is_known()) {
                return None;
            }
            Some(x == y)
        }
        (Kind::List(_, x), Kind::List(_, y)) | (Kind::Tuple(x), Kind::Tuple(y)) => {
            if x.len() != y.len() {
                return Some(false);
            }
            // In order: what comes after an unknown pair does not decide.
            let undecided = x.iter().zip(y.iter()).map(|(a, b)| inner(a, b)).find(|verdict| *verdict != Some(true));
            undecided.unwrap_or(Some(true))
        }
        (Kind::Map(_, x), Kind::Map(_, y)) | (Kind::Object(x), Kind::Object(y)) => {
            if !x.keys().eq(y.keys()) {
                return Some(false);
            }
            let verdicts: Vec<_> = x.values().zip(y.values()).map(|(a, b)| inner(a, b)).collect();
            if verdicts.contains(&Some(false)) {
                return Some(false);
            }
            (!verdicts.contains(&None)).then_some(true)
        }
        (Kind::Bool(x), Kind::Bool(y)) => Some(x == y),
        (Kind::String(x), Kind::String(y)) => Some(x == y),
        // Of the same type, so only null and unknown are left, which were judged before.
        _ => Some(false),
    }
}
