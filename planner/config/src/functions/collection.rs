//! Functions of lists, tuples, sets, maps and objects.

use cplan_model::{Kind, Type, Value};

use super::{Context, Failure, Function, Outcome, Returns, Table, any, fixed, num, param, str_of, text};

mod keyed;
mod pick;
mod search;
mod sequence;

pub(super) fn table() -> Table {
    [keyed::table(), pick::table(), search::table(), sequence::table()].into_iter().flatten().collect()
}

/// A refusal of one argument that tells nothing of what it holds.
fn rule(at: usize, why: impl Into<String>) -> Failure {
    Failure::Rule(Some(at), why.into())
}

/// A refusal of the call that tells nothing of what the arguments hold.
fn refusal(why: impl Into<String>) -> Failure {
    Failure::Rule(None, why.into())
}

/// The elements of a known list, set or tuple.
fn items(value: &Value) -> &[Value] {
    value.as_slice().unwrap_or_default()
}

/// How many elements there are; `None` where that is not known yet, as of a set with unknown elements.
fn count(value: &Value) -> Option<usize> {
    match value.kind() {
        Kind::Set(_, items) if items.len() > 1 && !value.is_wholly_known() => None,
        Kind::List(_, items) | Kind::Set(_, items) | Kind::Tuple(items) => Some(items.len()),
        Kind::Map(_, items) | Kind::Object(items) => Some(items.len()),
        Kind::Unknown(u) => match &u.ty {
            Type::Tuple(types) => Some(types.len()),
            Type::Object(object) => Some(object.attributes.len()),
            _ => None,
        },
        _ => None,
    }
}

/// The type as far as it costs nothing: a known tuple or object is described by what it holds, which can be much, and its
/// type is of no use where the value is there; such a one has no elements here.
fn outline(value: &Value) -> Type {
    match value.kind() {
        Kind::Tuple(_) => Type::tuple([]),
        Kind::Object(_) => Type::object::<&str>([]),
        _ => value.ty(),
    }
}

/// The types of the elements of a tuple, which are known even while its value is not.
fn tuple_types(ty: &Type) -> Option<&[Type]> {
    if let Type::Tuple(types) = ty { Some(types) } else { None }
}

/// The type of the elements of a list, set or map.
fn element_type(ty: &Type) -> Type {
    match ty {
        Type::List(t) | Type::Set(t) | Type::Map(t) => Type::clone(t),
        _ => Type::Dynamic,
    }
}
