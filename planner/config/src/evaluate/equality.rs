//! The language's `==`: marks and the types of nulls do not count, an unknown leaves it open.

use cplan_model::{Kind, Type, Value};

/// Whether two values are equal; `None` where it depends on what is unknown.
pub(crate) fn equal(a: &Value, b: &Value) -> Option<bool> {
    match (a.kind(), b.kind()) {
        (Kind::Null(_), Kind::Null(_)) => Some(true),
        (Kind::Null(_), Kind::Unknown(u)) | (Kind::Unknown(u), Kind::Null(_)) => {
            if u.refinement.not_null {
                Some(false)
            } else {
                None
            }
        }
        (Kind::Null(_), _) | (_, Kind::Null(_)) => Some(false),
        (Kind::Unknown(u), _) if prefix_differs(u.refinement.prefix.as_deref(), b) => Some(false),
        (_, Kind::Unknown(u)) if prefix_differs(u.refinement.prefix.as_deref(), a) => Some(false),
        (Kind::Unknown(_), _) | (_, Kind::Unknown(_)) => {
            let (x, y) = (a.ty(), b.ty());
            if x.is_fully_known() && y.is_fully_known() && x != y { Some(false) } else { None }
        }
        (Kind::Set(t, x), Kind::Set(u, y)) => {
            if t != u && *t != Type::Dynamic && *u != Type::Dynamic {
                return Some(false);
            }
            if !a.is_wholly_known() || !b.is_wholly_known() {
                return None;
            }
            Some(x == y)
        }
        (Kind::List(t, x), Kind::List(u, y)) => {
            if t != u && !x.is_empty() && !y.is_empty() {
                return Some(false);
            }
            all(x.len() == y.len(), x.iter().zip(y.iter()))
        }
        (Kind::Tuple(x), Kind::Tuple(y)) => all(x.len() == y.len(), x.iter().zip(y.iter())),
        (Kind::Map(_, x), Kind::Map(_, y)) | (Kind::Object(x), Kind::Object(y)) => {
            all(x.len() == y.len() && x.keys().eq(y.keys()), x.values().zip(y.values()))
        }
        (x, y) => Some(x == y),
    }
}

fn prefix_differs(prefix: Option<&str>, other: &Value) -> bool {
    matches!((prefix, other.as_str()), (Some(prefix), Some(text)) if !text.starts_with(prefix))
}

fn all<'a>(same_shape: bool, pairs: impl Iterator<Item = (&'a Value, &'a Value)>) -> Option<bool> {
    if !same_shape {
        return Some(false);
    }
    let mut open = false;
    for (a, b) in pairs {
        match equal(a, b) {
            Some(false) => return Some(false),
            Some(true) => {}
            None => open = true,
        }
    }
    (!open).then_some(true)
}
