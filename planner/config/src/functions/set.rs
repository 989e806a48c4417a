//! Functions of sets.

use cplan_model::{Kind, Type, Value, convert, unify};

use super::{Context, Failure, Function, Outcome, Returns, Table, any, param};

pub(super) fn table() -> Table {
    let set = || param("sets", Type::set(Type::Dynamic));
    vec![
        ("setunion", Function::new([set()], Returns::Computed, union).variadic(set())),
        ("setintersection", Function::new([set()], Returns::Computed, intersection).variadic(set())),
        ("setsubtract", Function::new([set(), set()], Returns::Computed, subtract)),
        ("setproduct", Function::new([], Returns::Computed, product).variadic(any("sets"))),
    ]
}

/// The elements of each set.
type Sets = Vec<Vec<Value>>;

/// All sets with the one element type that they share; `None` where something is unknown.
fn shared(a: &[Value]) -> Result<(Type, Option<Sets>), Failure> {
    let types: Vec<Type> = (a.iter())
        .filter_map(|v| match v.kind() {
            Kind::Set(t, items) if !(items.is_empty() && *t == Type::Dynamic) => Some(t.clone()),
            _ => None,
        })
        .collect();
    let ty = if types.is_empty() { Some(Type::Dynamic) } else { unify(&types) };
    let Some(ty) = ty else {
        return Err(Failure::Call("given sets must all have compatible element types".into()));
    };
    if a.iter().any(|v| !v.is_wholly_known()) {
        return Ok((ty, None));
    }
    let sets: Result<Sets, _> =
        a.iter().map(|v| v.as_slice().unwrap_or_default().iter().map(|x| convert(x, &ty)).collect()).collect();
    let sets = sets.map_err(|e| Failure::Call(e.message))?;
    Ok((ty, Some(sets)))
}

fn union(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    Ok(match shared(a)? {
        (ty, Some(sets)) => Value::set(ty, sets.into_iter().flatten()),
        (ty, None) => Value::unknown(Type::set(ty)),
    })
}

fn intersection(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    Ok(match shared(a)? {
        (ty, Some(sets)) => {
            let (first, rest) = sets.split_first().map_or((&[][..], &[][..]), |(f, r)| (f.as_slice(), r));
            Value::set(ty, first.iter().filter(|x| rest.iter().all(|s| s.contains(x))).cloned().collect::<Vec<_>>())
        }
        (ty, None) => Value::unknown(Type::set(ty)),
    })
}

fn subtract(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    Ok(match shared(a)? {
        (ty, Some(sets)) => {
            Value::set(ty, sets[0].iter().filter(|x| !sets[1].contains(x)).cloned().collect::<Vec<_>>())
        }
        (ty, None) => Value::unknown(Type::set(ty)),
    })
}

fn product(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    if a.len() < 2 {
        return Err("at least two arguments are required".into());
    }
    let mut all_sets = true;
    let mut columns: Vec<(Type, Vec<Value>)> = Vec::new();
    for (i, arg) in a.iter().enumerate() {
        let Some(items) = arg.as_slice() else {
            return Err(Failure::Argument(i, "a set or a list is required".into()));
        };
        all_sets &= matches!(arg.kind(), Kind::Set(..));
        let types: Vec<Type> = items.iter().map(Value::ty).collect();
        let ty = match arg.kind() {
            Kind::Set(t, _) | Kind::List(t, _) => Some(t.clone()),
            _ if types.is_empty() => Some(Type::Dynamic),
            _ => unify(&types),
        };
        let Some(ty) = ty else {
            return Err(Failure::Argument(i, "all elements must be of the same type".into()));
        };
        let items: Result<Vec<_>, _> = items.iter().map(|x| convert(x, &ty)).collect();
        columns.push((ty, items.map_err(|e| Failure::Argument(i, e.message))?));
    }
    let mut rows: Vec<Vec<Value>> = vec![vec![]];
    for (_, items) in &columns {
        let size = rows.len().saturating_mul(items.len());
        if size > 1_000_000 {
            return Err("the product has more than a million elements".into());
        }
        rows = rows
            .iter()
            .flat_map(|row| items.iter().map(move |x| [row.as_slice(), std::slice::from_ref(x)].concat()))
            .collect();
    }
    let ty = Type::tuple(columns.into_iter().map(|(ty, _)| ty));
    let rows = rows.into_iter().map(Value::tuple);
    Ok(if all_sets { Value::set(ty, rows) } else { Value::list(ty, rows) })
}
