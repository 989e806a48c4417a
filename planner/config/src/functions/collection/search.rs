//! What is in a collection, where, and how much.

use cplan_model::{Kind, Refinement, Type, Value, convert, unify};

use super::super::graphemes;
use super::{
    Context, Failure, Function, Outcome, Returns, Table, any, count, element_type, fixed, items, outline, param,
    refusal,
};
use crate::evaluate::equal;

pub(super) fn table() -> Table {
    let bools = || param("list", Type::list(Type::Bool));
    let lists = |name| param(name, Type::list(Type::Dynamic));
    vec![
        ("length", Function::new([any("value").marked().unknown()], Returns::By(length_returns), length)),
        ("index", Function::new([any("list"), any("value")], fixed(Type::Number), index)),
        ("contains", Function::new([any("list"), any("value")], fixed(Type::Bool), contains)),
        ("alltrue", Function::new([bools()], fixed(Type::Bool), |_, a| Ok(alltrue(items(&a[0]))))),
        ("anytrue", Function::new([bools()], fixed(Type::Bool), |_, a| Ok(anytrue(items(&a[0]))))),
        (
            "matchkeys",
            Function::new(
                [lists("values"), lists("keys"), lists("searchset")],
                Returns::By(matchkeys_returns),
                matchkeys,
            ),
        ),
    ]
}

fn length_returns(a: &[Value]) -> Result<Type, Failure> {
    match outline(&a[0]) {
        Type::Bool | Type::Number => Err(refusal("argument must be a string, a collection type, or a structural type")),
        _ => Ok(Type::Number),
    }
}

fn length(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let known = a[0].as_str().map(|text| graphemes(text).count()).or_else(|| count(&a[0]));
    let value = known.map_or_else(|| open_length(&a[0]), Value::number);
    Ok(value.mark(a[0].marks()))
}

/// The length of what is not known yet, as near as its limits tell.
fn open_length(value: &Value) -> Value {
    let bound = |n: usize| Some(cplan_model::Bound { at: n.into(), inclusive: true });
    let (least, most) = match value.kind() {
        Kind::Set(_, items) => (1, Some(items.len())),
        Kind::Unknown(u) if u.ty == Type::String => {
            (u.refinement.prefix.as_deref().map_or(0, |prefix| graphemes(prefix).count()), None)
        }
        Kind::Unknown(u) if u.ty == Type::Dynamic => return Value::unknown(Type::Number),
        Kind::Unknown(u) => (u.refinement.min_length.unwrap_or(0), u.refinement.max_length),
        _ => return Value::unknown(Type::Number),
    };
    let refinement =
        Refinement { not_null: true, min: bound(least), max: most.and_then(bound), ..Refinement::default() };
    Value::refined(Type::Number, refinement)
}

fn index(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    if !matches!(a[0].kind(), Kind::List(..) | Kind::Tuple(_)) {
        return Err(refusal("argument must be a list or tuple"));
    }
    if items(&a[0]).is_empty() {
        return Err(refusal("cannot search an empty list"));
    }
    for (i, item) in items(&a[0]).iter().enumerate() {
        match equal(item, &a[1]) {
            Some(true) => return Ok(Value::number(i)),
            Some(false) => {}
            None => return Ok(Value::unknown(Type::Number)),
        }
    }
    Err(refusal("item not found"))
}

fn contains(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let Some(all) = a[0].as_slice() else { return Err(refusal("argument must be list, tuple, or set")) };
    let mut open = false;
    for item in all {
        match equal(&a[1], item) {
            Some(true) => return Ok(Value::bool(true)),
            Some(false) => {}
            None => open = true,
        }
    }
    Ok(if open { Value::unknown(Type::Bool) } else { Value::bool(false) })
}

/// An unknown one leaves it open, whatever follows.
fn alltrue(all: &[Value]) -> Value {
    for item in all {
        match item.as_bool() {
            Some(true) => {}
            None if !item.is_known() => return Value::unknown(Type::Bool),
            _ => return Value::bool(false),
        }
    }
    Value::bool(true)
}

/// A true one decides it, even behind an unknown one.
fn anytrue(all: &[Value]) -> Value {
    match all.iter().any(|item| item.as_bool() == Some(true)) {
        false if all.iter().any(|item| !item.is_known()) => Value::unknown(Type::Bool),
        found => Value::bool(found),
    }
}

fn matchkeys_returns(a: &[Value]) -> Result<Type, Failure> {
    match unify(&[a[1].ty(), a[2].ty()]) {
        Some(_) => Ok(a[0].ty()),
        None => Err(refusal("keys and searchset must be of the same type")),
    }
}

fn matchkeys(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    let returns = &context.returns;
    if items(&a[0]).len() != items(&a[1]).len() {
        return Err(refusal("length of keys and values should be equal"));
    }
    let shared = unify(&[a[1].ty(), a[2].ty()]).unwrap_or(Type::Dynamic);
    let of_shared = |value: &Value| convert(value, &shared).map_err(|error| Failure::Call(error.message));
    let (keys, wanted) = (of_shared(&a[1])?, of_shared(&a[2])?);
    let list = |kept: Vec<Value>| Ok(Value::list(element_type(returns), kept));
    if items(&wanted).is_empty() {
        return list(vec![]);
    }
    if !a[0].is_wholly_known() || !keys.is_wholly_known() {
        return Ok(Value::unknown(returns.clone()));
    }
    let mut kept = Vec::new();
    for (value, key) in items(&a[0]).iter().zip(items(&keys)) {
        for one in items(&wanted) {
            match equal(key, one) {
                Some(true) => {
                    kept.push(value.clone());
                    break;
                }
                Some(false) => {}
                None => return Ok(Value::unknown(returns.clone())),
            }
        }
    }
    list(kept)
}
