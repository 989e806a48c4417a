//! All combinations of the elements of several sets or lists.

use cplan_model::{Kind, Marks, Refinement, Type, Value, convert, unify};

use super::super::{Context, Failure, Outcome};

/// More elements than this are refused instead of filling the memory.
const MOST: usize = 1_000_000;

/// A list of tuples where all arguments have an order, otherwise a set.
pub(super) fn returns(a: &[Value]) -> Result<Type, Failure> {
    if a.len() < 2 {
        return Err(Failure::Rule(None, "at least two arguments are required".into()));
    }
    let mut ordered = true;
    let mut types = Vec::new();
    for (i, value) in a.iter().enumerate() {
        types.push(match value.ty() {
            Type::Set(element) => {
                ordered = false;
                Type::clone(&element)
            }
            Type::List(element) => Type::clone(&element),
            Type::Tuple(elements) if elements.is_empty() => Type::Dynamic,
            Type::Tuple(elements) => match unify(&elements) {
                Some(ty) => ty,
                None => return Err(Failure::Rule(Some(i), "all elements must be of the same type".into())),
            },
            _ => return Err(Failure::Rule(Some(i), "a set or a list is required".into())),
        });
    }
    let row = Type::tuple(types);
    Ok(if ordered { Type::list(row) } else { Type::set(row) })
}

pub(super) fn product(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    let marks = a.iter().fold(Marks::NONE, |marks, value| marks | value.marks());
    let (Type::List(row) | Type::Set(row)) = &context.returns else { return Ok(Value::unknown(Type::Dynamic)) };
    let Type::Tuple(types) = &**row else { return Ok(Value::unknown(Type::Dynamic)) };
    let Some(sizes) = a.iter().map(length).collect::<Option<Vec<usize>>>() else {
        return Ok(open(context, a).mark(marks));
    };
    let empty = sizes.contains(&0);
    if !empty && sizes.iter().try_fold(1usize, |n, size| n.checked_mul(*size)).is_none_or(|n| n > MOST) {
        return Err(Failure::Rule(None, "the product has more than a million elements".into()));
    }
    // Without a row from the start where one of them is empty: those before it might have more rows than memory holds.
    let mut rows: Vec<Vec<Value>> = if empty { vec![] } else { vec![vec![]] };
    for (i, (value, ty)) in a.iter().zip(types.iter()).enumerate() {
        let column: Result<Vec<Value>, Failure> = (value.as_slice().unwrap_or_default().iter())
            .map(|item| convert(item, ty).map_err(|error| Failure::Argument(i, error.message)))
            .collect();
        let column = column?;
        rows = rows
            .iter()
            .flat_map(|row| column.iter().map(move |x| [row.as_slice(), std::slice::from_ref(x)].concat()))
            .collect();
    }
    let rows = rows.into_iter().map(Value::tuple);
    let row = Type::clone(row);
    Ok(if matches!(context.returns, Type::List(_)) { Value::list(row, rows) } else { Value::set(row, rows) }
        .mark(marks))
}

/// The number of elements, if it is known: an unknown element of a set may turn out to be another one.
fn length(value: &Value) -> Option<usize> {
    match value.kind() {
        Kind::Set(_, items) if items.len() > 1 && !value.is_wholly_known() => None,
        _ => value.as_slice().map(<[Value]>::len),
    }
}

/// Unknown, with the most and the fewest elements that it can have where that is not too many to be of use.
fn open(context: &Context<'_>, a: &[Value]) -> Value {
    let mut most = Some(1usize);
    for value in a {
        let longest = match (value.kind(), value.ty()) {
            (_, Type::Tuple(types)) => Some(types.len()),
            (Kind::Unknown(u), _) => u.refinement.max_length,
            _ => value.as_slice().map(<[Value]>::len),
        };
        most = most.zip(longest).and_then(|(n, longest)| n.checked_mul(longest)).filter(|n| *n <= 2048);
    }
    let Some(most) = most else { return Value::unknown(context.returns.clone()) };
    let least = usize::from(most > 0);
    let limits = Refinement { min_length: Some(least), max_length: Some(most), ..Refinement::default() };
    Value::refined(context.returns.clone(), limits)
}
