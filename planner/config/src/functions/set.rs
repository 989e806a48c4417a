//! Functions of sets.

use cplan_model::{Type, Value, convert, unify};

use super::{Context, Failure, Function, Outcome, Returns, Table, any, param};

mod product;

pub(super) fn table() -> Table {
    let set = |name| param(name, Type::set(Type::Dynamic)).untyped();
    let several = |call| Function::new([set("first_set")], Returns::By(shared), call).variadic(set("other_sets"));
    vec![
        ("setunion", several(union)),
        (
            "setintersection",
            several(|context, a| {
                open_or(context, a, |items, rest| {
                    items.retain(|item| rest.contains(item));
                })
            }),
        ),
        (
            "setsubtract",
            Function::new([set("a"), set("b")], Returns::By(shared), |context, a| {
                open_or(context, a, |items, rest| items.retain(|item| !rest.contains(item)))
            }),
        ),
        (
            "setproduct",
            Function::new([], Returns::By(product::returns), product::product)
                .variadic(any("sets").marked().unknown().typed()),
        ),
    ]
}

/// The set of the one element type that the sets share; one that is empty and of no type is of any.
fn shared(a: &[Value]) -> Result<Type, Failure> {
    let mut types = Vec::new();
    for value in a {
        let element = match value.ty() {
            Type::Set(element) => Type::clone(&element),
            _ => Type::Dynamic,
        };
        let nothing = value.as_slice().is_some_and(<[Value]>::is_empty);
        if !(nothing && element == Type::Dynamic) {
            types.push(element);
        }
    }
    if types.is_empty() {
        return Ok(Type::set(Type::Dynamic));
    }
    match unify(&types) {
        Some(element) => Ok(Type::set(element)),
        None => Err(Failure::Rule(None, "given sets must all have compatible element types".into())),
    }
}

/// The elements of each set, all of the shared type.
fn elements(context: &Context<'_>, a: &[Value]) -> Result<Vec<Vec<Value>>, Failure> {
    let each = |(i, value): (usize, &Value)| {
        let set = convert(value, &context.returns).map_err(|error| Failure::Argument(i, error.message))?;
        Ok(set.as_slice().unwrap_or_default().to_vec())
    };
    a.iter().enumerate().map(each).collect()
}

fn element(context: &Context<'_>) -> Type {
    match &context.returns {
        Type::Set(element) => Type::clone(element),
        _ => Type::Dynamic,
    }
}

/// Unknown elements are elements all the same.
fn union(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    let all = elements(context, a)?;
    Ok(Value::set(element(context), all.into_iter().flatten()))
}

/// What remains of the first set after each of the others; open while an element is unknown, because it may turn out to
/// be any other.
fn open_or(context: &mut Context<'_>, a: &[Value], keep: fn(&mut Vec<Value>, &[Value])) -> Outcome {
    let mut all = elements(context, a)?.into_iter();
    if a.iter().any(|value| !value.is_wholly_known()) {
        return Ok(Value::unknown(context.returns.clone()));
    }
    let mut items = all.next().unwrap_or_default();
    for rest in all {
        keep(&mut items, &rest);
    }
    Ok(Value::set(element(context), items))
}
