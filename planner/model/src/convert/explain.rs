//! Why types do not fit, in Terraform's words.

use std::sync::Arc;

use crate::Type;

/// One clause: what is wrong with `from` where `to` is wanted.
pub(super) fn mismatch(from: &Type, to: &Type) -> String {
    match (from, to) {
        (Type::Object(a), Type::Object(b)) => {
            let missing: Vec<_> = (b.attributes.keys())
                .filter(|name| !a.attributes.contains_key(*name) && !b.optional.contains(*name))
                .collect();
            if !missing.is_empty() {
                return missing_attributes(&missing);
            }
            for (name, ty) in &b.attributes {
                if let Some(have) = a.attributes.get(name).filter(|have| !super::possible(have, ty)) {
                    return format!("attribute {}: {}", quoted(name), mismatch(have, ty));
                }
            }
            "incorrect object attributes".into()
        }
        (Type::Tuple(_), Type::List(to)) if **to == Type::Dynamic => "all list elements must have the same type".into(),
        (Type::Tuple(_), Type::Set(to)) if **to == Type::Dynamic => "all set elements must have the same type".into(),
        (Type::Object(_), Type::Map(to)) if **to == Type::Dynamic => "all map elements must have the same type".into(),
        (Type::Tuple(items), Type::List(to) | Type::Set(to)) => {
            match items.iter().enumerate().find(|(_, from)| !super::possible(from, to)) {
                Some((i, from)) => format!("element {i}: {}", mismatch(from, to)),
                None => format!("all elements must be {}", constraint(to)),
            }
        }
        (Type::Object(o), Type::Map(to)) => match o.attributes.iter().find(|(_, from)| !super::possible(from, to)) {
            Some((name, from)) => format!("element {}: {}", quoted(name), mismatch(from, to)),
            None => format!("all elements must be {}", constraint(to)),
        },
        (Type::List(a) | Type::Set(a), Type::List(b)) => format!("incorrect list element type: {}", mismatch(a, b)),
        (Type::List(a) | Type::Set(a), Type::Set(b)) => format!("incorrect set element type: {}", mismatch(a, b)),
        (Type::Map(a), Type::Map(b)) => format!("incorrect map element type: {}", mismatch(a, b)),
        _ => format!("{} required", constraint(to)),
    }
}

/// The name of a type as a constraint: "list of any single type".
pub(super) fn constraint(ty: &Type) -> String {
    let of = |element: &Type| match element {
        Type::Dynamic => "any single type".to_owned(),
        element => constraint(element),
    };
    match ty {
        Type::Dynamic => "any type".into(),
        Type::List(t) => format!("list of {}", of(t)),
        Type::Set(t) => format!("set of {}", of(t)),
        Type::Map(t) => format!("map of {}", of(t)),
        other => other.friendly(),
    }
}

pub(super) fn missing_attributes(names: &[&Arc<str>]) -> String {
    match names {
        [one] => format!("attribute {} is required", quoted(one)),
        [a, b] => format!("attributes {} and {} are required", quoted(a), quoted(b)),
        [init @ .., last] => {
            let init: Vec<_> = init.iter().map(|n| quoted(n)).collect();
            format!("attributes {}, and {} are required", init.join(", "), quoted(last))
        }
        [] => "object required".into(),
    }
}

pub(super) fn quoted(name: &str) -> String {
    format!("{name:?}")
}
