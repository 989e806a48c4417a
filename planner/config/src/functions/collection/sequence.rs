//! Lists from lists: joined, cut, turned, without what is twice or empty.

use cplan_model::{Kind, Marks, Type, Value, convert, unify};

use super::super::number::{NOT_WHOLE, of};
use super::{
    Context, Failure, Function, Outcome, Returns, Table, any, count, element_type, fixed, items, num, outline, param,
    refusal, rule, tuple_types,
};

pub(super) fn table() -> Table {
    let strings = || Type::list(Type::String);
    let list = || param("list", Type::list(Type::Dynamic));
    vec![
        ("concat", Function::new([], Returns::By(concat_returns), concat).variadic(any("seqs").marked())),
        ("distinct", Function::new([list()], Returns::SameAs(0), distinct)),
        ("flatten", Function::new([any("list").marked()], Returns::By(flatten_returns), flatten)),
        (
            "chunklist",
            Function::new(
                [list().marked(), num("size").marked()],
                Returns::By(|a| Ok(Type::list(a[0].ty()))),
                chunklist,
            ),
        ),
        ("compact", Function::new([param("list", strings())], fixed(strings()), compact)),
        ("reverse", Function::new([any("list").marked()], Returns::By(reverse_returns), reverse)),
        (
            "slice",
            Function::new(
                [any("list").marked(), num("start_index"), num("end_index")],
                Returns::By(slice_returns),
                slice,
            ),
        ),
    ]
}

fn concat_returns(a: &[Value]) -> Result<Type, Failure> {
    let known = a.iter().all(Value::is_known);
    let types: Vec<Type> = a.iter().map(if known { outline } else { Value::ty }).collect();
    if types.is_empty() {
        return Err(refusal("at least one argument is required"));
    }
    if types.iter().all(|ty| matches!(ty, Type::List(_)))
        && let Some(shared) = unify(&types)
    {
        return Ok(shared);
    }
    let mut elements = Vec::new();
    for (i, (value, ty)) in a.iter().zip(&types).enumerate() {
        match ty {
            Type::Tuple(types) => elements.extend(types.iter().cloned()),
            Type::List(element) => match value.as_slice() {
                Some(_) if known => {}
                Some(all) => elements.extend(all.iter().map(|_| Type::clone(element))),
                None => return Ok(Type::Dynamic),
            },
            other => {
                return Err(rule(i, format!("all arguments must be lists or tuples; got {}", other.friendly())));
            }
        }
    }
    Ok(if known { Type::Dynamic } else { Type::tuple(elements) })
}

fn concat(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    let marks = a.iter().fold(Marks::NONE, |marks, value| marks | value.marks());
    let Type::List(element) = &context.returns else {
        return Ok(Value::tuple(a.iter().flat_map(items).cloned()).mark(marks));
    };
    let mut all = Vec::new();
    for (i, list) in a.iter().enumerate() {
        let list = convert(list, &context.returns).map_err(|error| Failure::Argument(i, error.message))?;
        all.extend(items(&list).iter().cloned());
    }
    Ok(Value::list(Type::clone(element), all).mark(marks))
}

fn distinct(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    if !a[0].is_wholly_known() {
        return Ok(Value::unknown(context.returns.clone()));
    }
    let mut seen = std::collections::HashSet::new();
    let kept = items(&a[0]).iter().filter(|item| seen.insert(one_zero(item))).cloned();
    Ok(Value::list(element_type(&context.returns), kept))
}

/// The value with its two zeros, which are equal, made one.
fn one_zero(value: &Value) -> Value {
    match value.as_number() {
        Some(n) if n.is_zero() => Value::number(0),
        _ => value.map_children(one_zero),
    }
}

fn flatten_returns(a: &[Value]) -> Result<Type, Failure> {
    if !a[0].is_wholly_known() {
        return Ok(Type::Dynamic);
    }
    if a[0].as_slice().is_none() {
        return Err(refusal("can only flatten lists, sets and tuples"));
    }
    // The values are flattened once; their types are those of the result.
    Ok(Type::Dynamic)
}

fn flatten(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    if a[0].as_slice().is_none() {
        return Err(refusal("can only flatten lists, sets and tuples"));
    }
    let (mut out, mut marks) = (Vec::new(), Marks::NONE);
    let known = flat(&a[0], &mut out, &mut marks);
    Ok(if known { Value::tuple(out) } else { Value::unknown(Type::Dynamic) }.mark(marks))
}

/// False where something that may be a list is unknown.
fn flat(value: &Value, out: &mut Vec<Value>, marks: &mut Marks) -> bool {
    *marks = *marks | value.marks();
    if count(value).is_none() {
        return false;
    }
    let mut known = true;
    for item in items(value) {
        match item.kind() {
            Kind::List(..) | Kind::Set(..) | Kind::Tuple(_) => known &= flat(item, out, marks),
            Kind::Unknown(u) if matches!(u.ty, Type::Dynamic | Type::List(_) | Type::Set(_) | Type::Tuple(_)) => {
                *marks = *marks | item.marks();
                known = false;
            }
            _ => out.push(item.clone()),
        }
    }
    known
}

fn chunklist(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    let size = of(&a[1]).as_i64().ok_or_else(|| refusal(format!("invalid size: {NOT_WHOLE}")))?;
    let size = usize::try_from(size).map_err(|_| refusal("the size argument must be positive"))?;
    let all = items(&a[0]);
    let chunks = all.chunks(if size == 0 { all.len().max(1) } else { size });
    let list = element_type(&context.returns);
    let element = element_type(&list);
    let chunks = chunks.map(|chunk| Value::list(element.clone(), chunk.iter().cloned()));
    Ok(Value::list(list, chunks).mark(a[0].marks() | a[1].marks()))
}

fn compact(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    if !a[0].is_wholly_known() {
        return Ok(Value::unknown(Type::list(Type::String)));
    }
    let kept = items(&a[0]).iter().filter(|v| !v.is_null() && v.as_str() != Some("")).cloned();
    Ok(Value::list(Type::String, kept))
}

fn reverse_returns(a: &[Value]) -> Result<Type, Failure> {
    match outline(&a[0]) {
        Type::Tuple(_) if a[0].is_known() => Ok(Type::Dynamic),
        Type::Tuple(types) => Ok(Type::tuple(types.iter().rev().cloned())),
        Type::List(element) | Type::Set(element) => Ok(Type::List(element)),
        other => Err(rule(0, format!("can only reverse list or tuple values, not {}", other.friendly()))),
    }
}

fn reverse(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    let back = items(&a[0]).iter().rev().cloned();
    Ok(match &context.returns {
        Type::List(element) => Value::list(Type::clone(element), back),
        _ => Value::tuple(back),
    }
    .mark(a[0].marks()))
}

fn slice_returns(a: &[Value]) -> Result<Type, Failure> {
    let ty = outline(&a[0]);
    if matches!(ty, Type::Set(_)) {
        let why = "cannot slice a set, because its elements do not have indices; explicitly convert to a list if the \
                   ordering of the result is not important";
        return Err(rule(0, why));
    }
    if !matches!(ty, Type::List(_) | Type::Tuple(_)) {
        return Err(rule(0, "must be a list or tuple value"));
    }
    let bounds = bounds(a)?;
    Ok(match (tuple_types(&ty), bounds) {
        (None, _) => ty,
        (Some(_), Some(_)) if a[0].is_known() => Type::Dynamic,
        (Some(types), Some((start, end))) => Type::tuple(types[start..end].iter().cloned()),
        (Some(_), None) => Type::Dynamic,
    })
}

/// Where the slice begins and ends, if both are known.
fn bounds(a: &[Value]) -> Result<Option<(usize, usize)>, Failure> {
    let length = count(&a[0]);
    let bound = |at: usize, which: &str| {
        if !a[at].is_known() {
            return Ok(None);
        }
        let n = of(&a[at]).as_i64().ok_or_else(|| rule(at, format!("invalid {which} index: {NOT_WHOLE}")))?;
        let n = usize::try_from(n).map_err(|_| rule(at, format!("{which} index must not be less than zero")))?;
        if length.is_some_and(|length| n > length) {
            return Err(rule(at, format!("{which} index must not be greater than the length of the list")));
        }
        Ok(Some(n))
    };
    let (start, end) = (bound(1, "start")?, bound(2, "end")?);
    let Some((start, end)) = start.zip(end) else { return Ok(None) };
    if start > end { Err(rule(1, "start index must not be greater than end index")) } else { Ok(Some((start, end))) }
}

fn slice(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    let (start, end) = bounds(a)?.unwrap_or((0, 0));
    let part = items(&a[0])[start..end].iter().cloned();
    Ok(match &context.returns {
        Type::List(element) => Value::list(Type::clone(element), part),
        _ => Value::tuple(part),
    }
    .mark(a[0].marks()))
}
