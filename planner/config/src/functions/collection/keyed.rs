//! Maps and objects: their keys and values, merged, turned round, made of two lists.

use std::collections::BTreeMap;
use std::sync::Arc;

use cplan_model::{Kind, Marks, Members, Type, Value};

use super::{
    Context, Failure, Function, Outcome, Returns, Table, any, element_type, fixed, items, outline, param, refusal,
    rule, tuple_types,
};

pub(super) fn table() -> Table {
    let lists = || Type::map(Type::list(Type::String));
    vec![
        ("keys", Function::new([any("inputMap").marked().unknown().typed()], Returns::By(keys_returns), keys)),
        ("values", Function::new([any("mapping").marked()], Returns::By(values_returns), values)),
        ("merge", Function::new([], Returns::By(merge_returns), merge).variadic(any("maps").null().marked().untyped())),
        ("transpose", Function::new([param("values", lists())], fixed(lists()), transpose)),
        (
            "zipmap",
            Function::new(
                [param("keys", Type::list(Type::String)).marked(), any("values").marked()],
                Returns::By(zipmap_returns),
                zipmap,
            ),
        ),
    ]
}

fn keys_returns(a: &[Value]) -> Result<Type, Failure> {
    match outline(&a[0]) {
        Type::Map(_) => Ok(Type::list(Type::String)),
        Type::Object(_) if a[0].is_known() => Ok(Type::Dynamic),
        Type::Object(object) => Ok(Type::tuple(object.attributes.keys().map(|_| Type::String))),
        _ => Err(rule(0, "must have map or object type")),
    }
}

fn keys(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    let text = |name: &Arc<str>| Value::string(name.clone());
    Ok(match (a[0].kind(), outline(&a[0])) {
        (Kind::Map(_, all), _) => Value::list(Type::String, all.keys().map(text)),
        (Kind::Object(all), _) => Value::tuple(all.keys().map(text)),
        // The names are known even while the object is not.
        (_, Type::Object(object)) => Value::tuple(object.attributes.keys().map(text)),
        _ => Value::unknown(context.returns.clone()),
    }
    .mark(a[0].marks()))
}

fn values_returns(a: &[Value]) -> Result<Type, Failure> {
    match outline(&a[0]) {
        Type::Map(element) => Ok(Type::List(element)),
        Type::Object(_) if a[0].is_known() => Ok(Type::Dynamic),
        Type::Object(object) => Ok(Type::tuple(object.attributes.values().cloned())),
        _ => Err(refusal("values() requires a map as the first argument")),
    }
}

fn values(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let all = a[0].as_map().into_iter().flat_map(Members::values).cloned();
    Ok(match a[0].kind() {
        Kind::Map(element, _) => Value::list(element.clone(), all),
        _ => Value::tuple(all),
    }
    .mark(a[0].marks()))
}

fn merge_returns(a: &[Value]) -> Result<Type, Failure> {
    let known = a.iter().all(Value::is_known);
    let types: Vec<Type> = a.iter().map(if known { outline } else { Value::ty }).collect();
    for ty in &types {
        match ty {
            Type::Dynamic => return Ok(Type::Dynamic),
            Type::Map(_) | Type::Object(_) => {}
            other => return Err(not_mergeable(other)),
        }
    }
    match types.first() {
        None => return Ok(Type::object::<&str>([])),
        Some(first) if types.iter().all(|ty| ty == first) => return Ok(first.clone()),
        _ if known => return Ok(Type::Dynamic),
        _ => {}
    }
    let mut attributes: BTreeMap<Arc<str>, Type> = BTreeMap::new();
    for (value, ty) in a.iter().zip(types).filter(|(value, _)| !value.is_null()) {
        match (value.as_map(), ty) {
            (_, Type::Object(object)) => {
                attributes.extend(object.attributes.iter().map(|(name, ty)| (name.clone(), ty.clone())));
            }
            (Some(all), ty) => attributes.extend(all.keys().map(|name| (name.clone(), element_type(&ty)))),
            // The keys of an unknown map are not known either.
            (None, _) => return Ok(Type::Dynamic),
        }
    }
    Ok(Type::object(attributes))
}

fn not_mergeable(ty: &Type) -> Failure {
    refusal(format!("arguments must be maps or objects, got {:?}", ty.friendly()))
}

fn merge(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    let mut out: BTreeMap<Arc<str>, Value> = BTreeMap::new();
    let mut marks = Marks::NONE;
    for arg in a.iter().filter(|arg| !arg.is_null()) {
        marks = marks | arg.marks();
        let entries = arg.as_map().ok_or_else(|| not_mergeable(&arg.ty()))?;
        out.extend(entries.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    Ok(match &context.returns {
        Type::Map(element) => Value::new(Kind::Map(Type::clone(element), out.into())),
        _ => Value::new(Kind::Object(out.into())),
    }
    .mark(marks))
}

fn transpose(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    if !a[0].is_wholly_known() {
        return Ok(Value::unknown(context.returns.clone()));
    }
    let mut out: BTreeMap<Arc<str>, Vec<Value>> = BTreeMap::new();
    for (key, list) in a[0].as_map().into_iter().flatten() {
        if list.is_null() {
            return Err(refusal("input must not contain null list"));
        }
        for item in items(list) {
            let Some(name) = item.as_str() else {
                return Err(refusal("input list must not contain null string"));
            };
            out.entry(name.into()).or_default().push(Value::string(key.clone()));
        }
    }
    let lists = out.into_iter().map(|(name, keys)| (name, Value::list(Type::String, keys)));
    Ok(Value::map(Type::list(Type::String), lists))
}

fn zipmap_returns(a: &[Value]) -> Result<Type, Failure> {
    let ty = outline(&a[1]);
    let Some(types) = tuple_types(&ty) else {
        return match ty {
            Type::List(element) => Ok(Type::Map(element)),
            _ => Err(refusal("values argument must be a list or tuple value")),
        };
    };
    if !a[0].is_wholly_known() {
        return Ok(Type::Dynamic);
    }
    let keys = items(&a[0]);
    let length = a[1].as_slice().map_or(types.len(), <[Value]>::len);
    if keys.len() != length {
        return Err(uneven(keys.len(), length));
    }
    if a[1].is_known() {
        return Ok(Type::Dynamic);
    }
    let mut attributes: BTreeMap<Arc<str>, Type> = BTreeMap::new();
    for (i, (key, ty)) in keys.iter().zip(types).enumerate() {
        let name = key.as_str().ok_or_else(|| refusal(format!("keys list has null value at index {i}")))?;
        attributes.insert(name.into(), ty.clone());
    }
    Ok(Type::object(attributes))
}

fn uneven(keys: usize, values: usize) -> Failure {
    refusal(format!("number of keys ({keys}) does not match number of values ({values})"))
}

fn zipmap(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    let (keys, all) = (items(&a[0]), items(&a[1]));
    let marks = keys.iter().fold(a[0].marks() | a[1].marks(), |marks, key| marks | key.marks());
    if !a[0].is_wholly_known() {
        return Ok(Value::unknown(context.returns.clone()).mark(marks));
    }
    if keys.len() != all.len() {
        return Err(uneven(keys.len(), all.len()));
    }
    let mut out: BTreeMap<Arc<str>, Value> = BTreeMap::new();
    for (i, (key, value)) in keys.iter().zip(all).enumerate() {
        let name = key.as_str().ok_or_else(|| refusal(format!("keys list has null value at index {i}")))?;
        out.insert(name.into(), value.clone());
    }
    Ok(match &context.returns {
        Type::Map(element) => Value::map(Type::clone(element), out),
        _ => Value::object(out),
    }
    .mark(marks))
}
