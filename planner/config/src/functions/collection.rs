//! Functions of lists, tuples, maps and objects.

use std::collections::BTreeMap;
use std::sync::Arc;

use cplan_model::{Kind, Marks, Type, Value, convert, unify};

use super::number::whole;
use super::{Context, Failure, Function, Outcome, Returns, Table, any, fixed, num, param, str_of, text};
use crate::evaluate::equal;

pub(super) fn table() -> Table {
    let strings = || Type::list(Type::String);
    let bools = || Type::list(Type::Bool);
    let dynamic = || Type::list(Type::Dynamic);
    vec![
        ("element", Function::new([any("list").marked(), num("index")], Returns::Computed, element)),
        (
            "lookup",
            Function::new([any("inputMap").marked(), text("key")], Returns::Computed, lookup)
                .variadic(any("default").null().unknown().marked()),
        ),
        ("keys", Function::new([any("inputMap").marked().unknown()], Returns::Computed, keys)),
        ("values", Function::new([any("mapping").marked()], Returns::Computed, values)),
        ("merge", Function::new([], Returns::Computed, merge).variadic(any("maps").null().marked())),
        ("concat", Function::new([], Returns::Computed, concat).variadic(any("seqs").marked())),
        ("contains", Function::new([any("list"), any("value")], fixed(Type::Bool), contains)),
        ("distinct", Function::new([param("list", dynamic())], Returns::SameAs(0), distinct)),
        ("flatten", Function::new([any("list").marked()], Returns::Computed, flatten)),
        ("chunklist", Function::new([param("list", dynamic()), num("size")], Returns::Computed, chunklist)),
        ("coalesce", Function::new([], Returns::Computed, coalesce).variadic(any("vals").null().unknown())),
        ("coalescelist", Function::new([], Returns::Computed, coalescelist).variadic(any("vals").null())),
        ("compact", Function::new([param("list", strings())], fixed(strings()), compact)),
        ("reverse", Function::new([any("list").marked()], Returns::Computed, reverse)),
        (
            "slice",
            Function::new([any("list").marked(), num("start_index"), num("end_index")], Returns::Computed, slice),
        ),
        ("transpose", Function::new([param("values", Type::map(strings()))], fixed(Type::map(strings())), transpose)),
        ("zipmap", Function::new([param("keys", strings()), any("values").marked()], Returns::Computed, zipmap)),
        ("alltrue", Function::new([param("list", bools())], fixed(Type::Bool), |_, a| fold(&a[0], true))),
        ("anytrue", Function::new([param("list", bools())], fixed(Type::Bool), |_, a| fold(&a[0], false))),
        (
            "matchkeys",
            Function::new(
                [param("values", dynamic()), param("keys", dynamic()), param("searchset", dynamic())],
                Returns::SameAs(0),
                matchkeys,
            ),
        ),
    ]
}

fn friendly(value: &Value) -> String {
    value.ty().friendly()
}

fn element(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let items = match a[0].kind() {
        Kind::List(_, items) | Kind::Tuple(items) => items,
        Kind::Set(..) => {
            return Err(Failure::Argument(
                0,
                "cannot read elements from set of ".to_owned() + &friendly(&a[0]).replace("set of ", ""),
            ));
        }
        _ => return Err(Failure::Argument(0, format!("cannot read elements from {}", friendly(&a[0])))),
    };
    let at = whole(&a[1])?;
    if at < 0 {
        return Err(Failure::Call("cannot use element function with a negative index".into()));
    }
    if items.is_empty() {
        return Err(Failure::Call("cannot use element function with an empty list".into()));
    }
    let at = usize::try_from(at).unwrap_or(0) % items.len();
    Ok(items[at].clone().mark(a[0].marks() | a[1].marks()))
}

fn lookup(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    if a.len() > 3 {
        return Err(format!("lookup() takes two or three arguments, got {}", a.len()).into());
    }
    let marks = a[0].marks();
    let Some(items) = a[0].as_map() else {
        return Err(Failure::Argument(0, "lookup() requires a map as the first argument".into()));
    };
    let key = str_of(&a[1]);
    let default = a.get(2);
    if let Some(found) = items.get(key) {
        return Ok(found.clone().mark(marks));
    }
    match default {
        Some(default) => {
            let default = default.clone().mark(marks);
            match a[0].kind() {
                Kind::Map(t, _) if *t != Type::Dynamic => convert(&default, t).map_err(|_| {
                    Failure::Argument(2, "the default value must have the same type as the map elements".into())
                }),
                _ => Ok(default),
            }
        }
        None if matches!(a[0].kind(), Kind::Object(_)) => {
            Err(Failure::Argument(0, format!("the given object has no attribute {key:?}")))
        }
        None if marks.is_sensitive() => Err("the given key is not present in the sensitive map".into()),
        None => Err(format!("lookup failed to find key {key:?}").into()),
    }
}

fn keys(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let marks = a[0].marks();
    let names = |names: Vec<&Arc<str>>| names.into_iter().map(|k| Value::string(k.clone())).collect::<Vec<_>>();
    Ok(match a[0].kind() {
        Kind::Map(_, items) => Value::list(Type::String, names(items.keys().collect())),
        Kind::Object(items) => Value::tuple(names(items.keys().collect())),
        Kind::Unknown(u) => match &u.ty {
            Type::Object(o) => Value::tuple(names(o.attributes.keys().collect())),
            Type::Map(_) => Value::unknown(Type::list(Type::String)),
            Type::Dynamic => Value::unknown(Type::Dynamic),
            _ => return Err(Failure::Argument(0, "must have map or object type".into())),
        },
        _ => return Err(Failure::Argument(0, "must have map or object type".into())),
    }
    .mark(marks))
}

fn values(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let marks = a[0].marks();
    Ok(match a[0].kind() {
        Kind::Map(t, items) => Value::list(t.clone(), items.values().cloned()),
        Kind::Object(items) => Value::tuple(items.values().cloned()),
        _ => return Err("values() requires a map as the first argument".into()),
    }
    .mark(marks))
}

fn merge(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let mut out: BTreeMap<Arc<str>, Value> = BTreeMap::new();
    let mut marks = Marks::NONE;
    let mut map_type: Option<Type> = None;
    let mut maps_only = true;
    for arg in a {
        marks = marks | arg.marks();
        match arg.kind() {
            Kind::Null(_) => continue,
            Kind::Map(t, _) => {
                maps_only &= map_type.as_ref().is_none_or(|u| u == t);
                map_type = Some(t.clone());
            }
            Kind::Object(_) => maps_only = false,
            _ => return Err(format!("arguments must be maps or objects, got {:?}", friendly(arg)).into()),
        }
        out.extend(arg.as_map().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())));
    }
    Ok(match map_type {
        Some(t) if maps_only => Value::new(Kind::Map(t, Arc::new(out))),
        _ => Value::object(out),
    }
    .mark(marks))
}

fn concat(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    if a.is_empty() {
        return Err("at least one argument is required".into());
    }
    let marks = a.iter().fold(Marks::NONE, |m, v| m | v.marks());
    let mut lists = Vec::new();
    for (i, arg) in a.iter().enumerate() {
        match arg.kind() {
            Kind::List(t, _) => lists.push(t.clone()),
            Kind::Tuple(_) => {}
            Kind::Set(..) => match convert(arg, &Type::list(Type::Dynamic)) {
                Ok(_) => {}
                Err(error) => return Err(Failure::Argument(i, error.message)),
            },
            _ => {
                return Err(Failure::Argument(
                    i,
                    "all arguments must be lists or tuples; got ".to_owned() + &friendly(arg),
                ));
            }
        }
    }
    let items: Vec<Value> = a.iter().flat_map(|v| v.as_slice().unwrap_or_default().to_vec()).collect();
    if lists.len() == a.len()
        && let Some(ty) = unify(&lists)
        && let Ok(items) = items.iter().map(|v| convert(v, &ty)).collect::<Result<Vec<_>, _>>()
    {
        return Ok(Value::list(ty, items).mark(marks));
    }
    Ok(Value::tuple(items).mark(marks))
}

fn contains(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let Some(items) = a[0].as_slice() else {
        return Err("argument must be list, tuple, or set".into());
    };
    let mut open = false;
    for item in items {
        match equal(item, &a[1]) {
            Some(true) => return Ok(Value::bool(true)),
            Some(false) => {}
            None => open = true,
        }
    }
    Ok(if open { crate::evaluate::not_null(Type::Bool) } else { Value::bool(false) })
}

/// The element type of a list that was converted already.
fn element_type(value: &Value) -> Type {
    match value.kind() {
        Kind::List(t, _) | Kind::Set(t, _) => t.clone(),
        _ => Type::Dynamic,
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_slice().unwrap_or_default()
}

fn distinct(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    if !a[0].is_wholly_known() {
        return Ok(Value::unknown(a[0].ty()));
    }
    let mut seen = std::collections::HashSet::new();
    let kept = items(&a[0]).iter().filter(|v| seen.insert((*v).clone())).cloned();
    Ok(Value::list(element_type(&a[0]), kept))
}

fn flatten(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    if a[0].as_slice().is_none() {
        return Err(Failure::Argument(0, "can only flatten lists, sets and tuples".into()));
    }
    let (mut out, mut marks) = (Vec::new(), Marks::NONE);
    Ok(if flat(&a[0], &mut out, &mut marks) { Value::tuple(out) } else { Value::unknown(Type::Dynamic) }.mark(marks))
}

/// False where something that may be a list is unknown.
fn flat(value: &Value, out: &mut Vec<Value>, marks: &mut Marks) -> bool {
    *marks = *marks | value.marks();
    let mut known = true;
    for item in items(value) {
        match item.kind() {
            Kind::List(..) | Kind::Set(..) | Kind::Tuple(_) => known &= flat(item, out, marks),
            Kind::Unknown(u) if matches!(u.ty, Type::Dynamic | Type::List(_) | Type::Set(_) | Type::Tuple(_)) => {
                known = false;
            }
            _ => out.push(item.clone()),
        }
    }
    known
}

fn chunklist(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let size = whole(&a[1])?;
    if size < 0 {
        return Err("the size argument must be positive".into());
    }
    let all = items(&a[0]);
    let size = if size == 0 { all.len().max(1) } else { usize::try_from(size).unwrap_or(usize::MAX) };
    let ty = element_type(&a[0]);
    Ok(Value::list(Type::list(ty.clone()), all.chunks(size).map(|c| Value::list(ty.clone(), c.to_vec()))))
}

fn coalesce(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let types: Vec<Type> = a.iter().map(Value::ty).collect();
    let Some(ty) = unify(&types) else {
        return Err("all arguments must have the same type".into());
    };
    for arg in a {
        let arg = convert(arg, &ty).map_err(|e| Failure::Call(e.message))?;
        if !arg.is_known() {
            return Ok(Value::unknown(ty));
        }
        if !arg.is_null() && arg.as_str() != Some("") {
            return Ok(arg);
        }
    }
    Err("no non-null, non-empty-string arguments".into())
}

fn coalescelist(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    if a.is_empty() {
        return Err("at least one argument is required".into());
    }
    for (i, arg) in a.iter().enumerate() {
        match arg.kind() {
            Kind::Null(_) => {}
            Kind::List(_, items) | Kind::Set(_, items) | Kind::Tuple(items) => {
                if !items.is_empty() {
                    return Ok(arg.clone());
                }
            }
            _ => return Err(Failure::Argument(i, "coalescelist arguments must be lists or tuples".into())),
        }
    }
    Err("no non-null arguments".into())
}

fn compact(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    if !a[0].is_wholly_known() {
        return Ok(Value::unknown(Type::list(Type::String)));
    }
    let kept = items(&a[0]).iter().filter(|v| !v.is_null() && v.as_str() != Some("")).cloned();
    Ok(Value::list(Type::String, kept))
}

fn reverse(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let marks = a[0].marks();
    let back = |items: &[Value]| items.iter().rev().cloned().collect::<Vec<_>>();
    Ok(match a[0].kind() {
        Kind::List(t, items) | Kind::Set(t, items) => Value::list(t.clone(), back(items)),
        Kind::Tuple(items) => Value::tuple(back(items)),
        _ => {
            return Err(Failure::Argument(
                0,
                format!("can only reverse list or tuple values, not {}", friendly(&a[0])),
            ));
        }
    }
    .mark(marks))
}

fn slice(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let Some(all) = a[0].as_slice().filter(|_| !matches!(a[0].kind(), Kind::Set(..))) else {
        let why = if a[0].as_slice().is_some() {
            "cannot slice a set, because its elements do not have indices; explicitly convert to a list if the ordering of the result is not important"
        } else {
            "must be a list or tuple value"
        };
        return Err(Failure::Argument(0, why.into()));
    };
    let (start, end) = (whole(&a[1])?, whole(&a[2])?);
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    if start < 0 {
        return Err(Failure::Argument(1, "start index must not be less than zero".into()));
    }
    if start > total {
        return Err(Failure::Argument(1, "start index must not be greater than the length of the list".into()));
    }
    if end > total {
        return Err(Failure::Argument(2, "end index must not be greater than the length of the list".into()));
    }
    if start > end {
        return Err(Failure::Argument(1, "start index must not be greater than end index".into()));
    }
    let at = |n: i64| usize::try_from(n).unwrap_or(0);
    let part = all[at(start)..at(end)].to_vec();
    Ok(match a[0].kind() {
        Kind::List(t, _) => Value::list(t.clone(), part),
        _ => Value::tuple(part),
    }
    .mark(a[0].marks()))
}

fn transpose(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    if !a[0].is_wholly_known() {
        return Ok(Value::unknown(a[0].ty()));
    }
    let mut out: BTreeMap<Arc<str>, Vec<Value>> = BTreeMap::new();
    for (key, list) in a[0].as_map().into_iter().flatten() {
        for item in items(list) {
            let Some(name) = item.as_str() else {
                return Err(Failure::Argument(0, "input must not contain null string".into()));
            };
            out.entry(name.into()).or_default().push(Value::string(key.clone()));
        }
    }
    let ty = Type::list(Type::String);
    Ok(Value::map(ty, out.into_iter().map(|(k, v)| (k, Value::list(Type::String, v)))))
}

fn zipmap(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let names = items(&a[0]);
    let Some(all) = a[1].as_slice() else {
        return Err(Failure::Argument(1, "values argument must be a list or tuple value".into()));
    };
    if names.len() != all.len() {
        return Err(format!("number of keys ({}) does not match number of values ({})", names.len(), all.len()).into());
    }
    let mut out: BTreeMap<Arc<str>, Value> = BTreeMap::new();
    for (name, value) in names.iter().zip(all) {
        if !name.is_known() {
            return Ok(Value::unknown(Type::Dynamic));
        }
        let Some(name) = name.as_str() else { return Err(Failure::Argument(0, "keys must not be null".into())) };
        out.insert(name.into(), value.clone());
    }
    Ok(match a[1].kind() {
        Kind::Tuple(_) => Value::object(out),
        _ => Value::map(element_type(&a[1]), out),
    }
    .mark(a[1].marks()))
}

fn fold(list: &Value, all: bool) -> Outcome {
    let mut open = false;
    for item in items(list) {
        match item.as_bool() {
            Some(b) if b != all => return Ok(Value::bool(!all)),
            Some(_) => {}
            None if item.is_null() => {
                if all {
                    return Ok(Value::bool(false));
                }
            }
            None => open = true,
        }
    }
    Ok(if open { crate::evaluate::not_null(Type::Bool) } else { Value::bool(all) })
}

fn matchkeys(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let (values, keys, search) = (items(&a[0]), items(&a[1]), items(&a[2]));
    if values.len() != keys.len() {
        return Err("length of keys and values should be equal".into());
    }
    let kept: Vec<Value> = (values.iter().zip(keys))
        .filter(|(_, key)| search.iter().any(|s| equal(s, key) == Some(true)))
        .map(|(value, _)| value.clone())
        .collect();
    Ok(Value::list(element_type(&a[0]), kept))
}
