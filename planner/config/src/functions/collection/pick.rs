//! One of several: by index, by key, the first that is usable, the only one.

use cplan_model::{Kind, Type, Value, convert, unify};

use super::super::number::{NOT_WHOLE, of};
use super::{
    Context, Failure, Function, Outcome, Returns, Table, any, count, element_type, items, num, outline, refusal, rule,
    str_of, text, tuple_types,
};

pub(super) fn table() -> Table {
    vec![
        (
            "element",
            Function::new([any("list").marked(), num("index")], Returns::By(element_returns), element).nullable(),
        ),
        (
            "lookup",
            Function::new([any("inputMap").marked(), text("key").marked()], Returns::By(lookup_returns), lookup)
                .variadic(any("default").null().unknown().marked())
                .nullable(),
        ),
        ("one", Function::new([any("list")], Returns::By(one_returns), one).nullable()),
        ("coalesce", Function::new([], Returns::By(coalesce_returns), coalesce).variadic(any("vals").null().unknown())),
        (
            "coalescelist",
            Function::new([], Returns::By(coalescelist_returns), coalescelist).variadic(any("vals").null().unknown()),
        ),
    ]
}

const EMPTY: &str = "cannot use element function with an empty list";

fn element_returns(a: &[Value]) -> Result<Type, Failure> {
    let ty = outline(&a[0]);
    let (length, types) = match (a[0].kind(), &ty) {
        (_, Type::List(element)) => return Ok(Type::clone(element)),
        (Kind::Tuple(items), _) => (items.len(), None),
        (_, Type::Tuple(types)) => (types.len(), Some(types)),
        (_, other) => return Err(refusal(format!("cannot read elements from {}", other.friendly()))),
    };
    if !a[1].is_known() {
        return Ok(Type::Dynamic);
    }
    let index = index(a)?;
    if length == 0 {
        return Err(refusal(EMPTY));
    }
    let at = usize::try_from(index % i64::try_from(length).unwrap_or(i64::MAX));
    let at = at.map_err(|_| refusal("a tuple has no elements at negative indexes"))?;
    Ok(types.map_or(Type::Dynamic, |types| types[at].clone()))
}

fn index(a: &[Value]) -> Result<i64, Failure> {
    of(&a[1]).as_i64().ok_or_else(|| refusal(format!("invalid index: {NOT_WHOLE}")))
}

fn element(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    let index = index(a)?;
    let all = items(&a[0]);
    if all.is_empty() {
        return Err(refusal(EMPTY));
    }
    let at = index.rem_euclid(i64::try_from(all.len()).unwrap_or(i64::MAX));
    let found = all.get(usize::try_from(at).unwrap_or(0)).cloned();
    Ok(found.unwrap_or_else(|| Value::unknown(context.returns.clone())).mark(a[0].marks()))
}

fn lookup_returns(a: &[Value]) -> Result<Type, Failure> {
    if a.len() > 3 {
        return Err(refusal(format!("lookup() takes two or three arguments, got {}", a.len())));
    }
    match (outline(&a[0]), a.get(2)) {
        (Type::Object(object), default) => {
            let Some(key) = a[1].as_str() else { return Ok(Type::Dynamic) };
            if a[0].get(key).is_some() {
                return Ok(Type::Dynamic);
            }
            if let Some(ty) = object.attributes.get(key) {
                return Ok(ty.clone());
            }
            default.map(Value::ty).ok_or_else(|| {
                Failure::Argument(0, format!("the given object has no attribute {}", super::super::quoted(key)))
            })
        }
        (Type::Map(element), Some(default)) => match convert(default, &element) {
            Ok(_) => Ok(Type::clone(&element)),
            Err(_) => Err(rule(2, "the default value must have the same type as the map elements")),
        },
        (Type::Map(element), None) => Ok(Type::clone(&element)),
        _ => Err(rule(0, "lookup() requires a map as the first argument")),
    }
}

fn lookup(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    let marks = a[0].marks() | a[1].marks();
    let key = str_of(&a[1]);
    if let Some(found) = a[0].get(key) {
        return Ok(found.clone().mark(marks));
    }
    match a.get(2) {
        Some(default) => match convert(default, &context.returns) {
            Ok(default) => Ok(default.mark(marks)),
            Err(error) => Err(Failure::Call(error.message)),
        },
        None => Err(Failure::Call(format!("lookup failed to find key {}", super::super::quoted(key)))),
    }
}

const ONE: &str = "must be a list, set, or tuple value with either zero or one elements";

fn one_returns(a: &[Value]) -> Result<Type, Failure> {
    if matches!(a[0].kind(), Kind::Tuple(items) if items.len() < 2) {
        return Ok(Type::Dynamic);
    }
    let ty = a[0].ty();
    match tuple_types(&ty) {
        Some([]) => Ok(Type::Dynamic),
        Some([only]) => Ok(only.clone()),
        None if matches!(ty, Type::List(_) | Type::Set(_)) => Ok(element_type(&ty)),
        _ => Err(rule(0, ONE)),
    }
}

fn one(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    match (count(&a[0]), items(&a[0])) {
        (None, _) => Ok(Value::unknown(context.returns.clone())),
        (_, []) => Ok(Value::null(context.returns.clone())),
        (_, [only]) => Ok(only.clone()),
        _ => Err(rule(0, ONE)),
    }
}

fn coalesce_returns(a: &[Value]) -> Result<Type, Failure> {
    let types: Vec<Type> = a.iter().map(Value::ty).collect();
    unify(&types).ok_or_else(|| refusal("all arguments must have the same type"))
}

fn coalesce(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    let ty = &context.returns;
    for arg in a {
        // What does not fit the shared type is passed over, as by terraform.
        let Ok(arg) = convert(arg, ty) else { continue };
        if !arg.is_known() {
            return Ok(Value::unknown(ty.clone()));
        }
        let empty = arg.is_null() || *ty == Type::String && arg.as_str() == Some("");
        if !empty {
            return Ok(arg);
        }
    }
    Err(refusal("no non-null, non-empty-string arguments"))
}

fn coalescelist_returns(a: &[Value]) -> Result<Type, Failure> {
    if a.is_empty() {
        return Err(refusal("at least one argument is required"));
    }
    let mut lists = Vec::new();
    for arg in a {
        if !arg.is_known() {
            return Ok(Type::Dynamic);
        }
        match outline(arg) {
            ty @ Type::List(_) => lists.push(ty),
            Type::Tuple(_) => {}
            _ => return Err(refusal("coalescelist arguments must be lists or tuples")),
        }
    }
    let same = lists.len() == a.len() && lists.iter().all(|ty| *ty == lists[0]);
    Ok(if same { lists.swap_remove(0) } else { Type::Dynamic })
}

fn coalescelist(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    for arg in a {
        match arg.kind() {
            Kind::Unknown(_) => return Ok(Value::unknown(context.returns.clone())),
            Kind::Null(_) => {}
            _ if items(arg).is_empty() => {}
            _ => return Ok(arg.clone()),
        }
    }
    Err(refusal("no non-null arguments"))
}
