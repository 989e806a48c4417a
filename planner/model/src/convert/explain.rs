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
            format!("{} required", to.friendly())
        }
        (Type::Tuple(a), Type::Tuple(b)) if a.len() != b.len() => {
            let few = if a.len() < b.len() { "few" } else { "many" };
            format!("tuple required: too {few} elements, {} needed", b.len())
        }
        (Type::List(a) | Type::Set(a), Type::List(b) | Type::Set(b)) | (Type::Map(a), Type::Map(b))
            if !super::possible(a, b) =>
        {
            format!("incorrect {} element type: {}", word(from), mismatch(a, b))
        }
        (_, Type::List(_) | Type::Set(_) | Type::Map(_)) if !matches!(from, Type::Object(_)) || !is_map(to) => {
            format!("{} required", to.friendly())
        }
        _ => format!("{} required", to.friendly()),
    }
}

fn is_map(ty: &Type) -> bool {
    matches!(ty, Type::Map(_))
}

fn word(ty: &Type) -> &'static str {
    match ty {
        Type::List(_) => "list",
        Type::Set(_) => "set",
        _ => "map",
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
