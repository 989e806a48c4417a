//! The type that several types share.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::possible;
use crate::Type;

/// The type that all given types convert to, if there is one.
pub fn unify(types: &[Type]) -> Option<Type> {
    let known: Vec<&Type> = types.iter().filter(|t| **t != Type::Dynamic).collect();
    let first = *known.first().or_else(|| types.first().map(|_| &&Type::Dynamic))?;
    if known.iter().all(|t| *t == first) {
        return Some(first.clone());
    }
    if known.iter().all(|t| matches!(t, Type::Object(_))) {
        return objects(&known);
    }
    if known.iter().all(|t| matches!(t, Type::Tuple(_))) {
        return tuples(&known);
    }
    if known.iter().any(|t| matches!(t, Type::Object(_))) && known.iter().all(|t| is_mapping(t)) {
        return elements(&known).map(Type::map);
    }
    if known.iter().any(|t| matches!(t, Type::Tuple(_)))
        && known.iter().all(|t| matches!(t, Type::Tuple(_) | Type::List(_) | Type::Set(_)))
    {
        let set = known.iter().all(|t| matches!(t, Type::Tuple(_) | Type::Set(_)));
        let element = elements(&known)?;
        return Some(if set { Type::set(element) } else { Type::list(element) });
    }
    let same_shape = |f: fn(&Type) -> bool| known.iter().all(|t| f(t));
    if same_shape(|t| matches!(t, Type::List(_))) {
        return elements(&known).map(Type::list);
    }
    if same_shape(|t| matches!(t, Type::Set(_))) {
        return elements(&known).map(Type::set);
    }
    if same_shape(|t| matches!(t, Type::Map(_))) {
        return elements(&known).map(Type::map);
    }
    if known.iter().any(|t| matches!(t, Type::String)) && known.iter().all(|t| t.is_primitive()) {
        return Some(Type::String);
    }
    known.iter().find(|to| !to.is_primitive() && known.iter().all(|from| possible(from, to))).map(|t| (*t).clone())
}

fn is_mapping(ty: &Type) -> bool {
    matches!(ty, Type::Object(_) | Type::Map(_))
}

/// The shared type of all elements of all given collections.
fn elements(types: &[&Type]) -> Option<Type> {
    let mut all = Vec::new();
    for ty in types {
        match ty {
            Type::List(t) | Type::Set(t) | Type::Map(t) => all.push(Type::clone(t)),
            Type::Tuple(ts) => all.extend(ts.iter().cloned()),
            Type::Object(o) => all.extend(o.attributes.values().cloned()),
            _ => return None,
        }
    }
    if all.is_empty() { Some(Type::Dynamic) } else { unify(&all) }
}

/// Objects of the same attribute names attribute by attribute, others as maps.
fn objects(types: &[&Type]) -> Option<Type> {
    let attributes: Vec<_> =
        types.iter().filter_map(|t| if let Type::Object(o) = t { Some(&o.attributes) } else { None }).collect();
    let first = attributes.first()?;
    if attributes.iter().any(|a| !a.keys().eq(first.keys())) {
        return elements(types).map(Type::map);
    }
    let mut out: BTreeMap<Arc<str>, Type> = BTreeMap::new();
    for name in first.keys() {
        let each: Vec<_> = attributes.iter().filter_map(|a| a.get(name).cloned()).collect();
        out.insert(name.clone(), unify(&each)?);
    }
    Some(Type::object(out))
}

/// Tuples of the same length position by position, others as lists.
fn tuples(types: &[&Type]) -> Option<Type> {
    let items: Vec<_> = types.iter().filter_map(|t| if let Type::Tuple(ts) = t { Some(ts) } else { None }).collect();
    let first = items.first()?;
    if items.iter().any(|ts| ts.len() != first.len()) {
        return elements(types).map(Type::list);
    }
    let each: Option<Vec<_>> =
        (0..first.len()).map(|i| unify(&items.iter().map(|ts| ts[i].clone()).collect::<Vec<_>>())).collect();
    each.map(Type::tuple)
}
