//! The type that several types share, by cty's rules.

use std::collections::BTreeMap;
use std::sync::Arc;

use self::preference::preferred;
use super::possible;
use crate::Type;

mod preference;

/// The type that all given types convert to, if there is one: of lists the list of what their elements share, of objects
/// with the same attributes an object, of others a map, and so on; otherwise the most general of the given ones.
pub fn unify(types: &[Type]) -> Option<Type> {
    let first = types.first()?;
    if types.iter().all(|t| t == first) {
        return Some(first.clone());
    }
    let count = |f: fn(&Type) -> bool| types.iter().filter(|t| f(t)).count();
    let (lists, sets, maps) = (
        count(|t| matches!(t, Type::List(_))),
        count(|t| matches!(t, Type::Set(_))),
        count(|t| matches!(t, Type::Map(_))),
    );
    let (tuples, objects) = (count(|t| matches!(t, Type::Tuple(_))), count(|t| matches!(t, Type::Object(_))));
    let open = count(|t| *t == Type::Dynamic);
    // Which way it goes is told only once the open ones are known.
    let unless_open = |shared: Option<Type>| if open > 0 { Some(Type::Dynamic) } else { shared };
    let all = |n: usize| n + open == types.len();
    if maps > 0 && all(maps) {
        return unless_open(elements(types).map(Type::map));
    }
    if maps > 0
        && all(maps + objects)
        && let Some(shared) = with_structural_as_collections(types)
    {
        return Some(shared);
    }
    if lists > 0 && all(lists) {
        return unless_open(elements(types).map(Type::list));
    }
    if lists > 0
        && all(lists + tuples)
        && let Some(shared) = with_structural_as_collections(types)
    {
        return Some(shared);
    }
    if sets > 0 && all(sets) {
        return unless_open(elements(types).map(Type::set));
    }
    if objects > 0 && all(objects) {
        return if open > 0 { Some(Type::Dynamic) } else { of_objects(types) };
    }
    if tuples > 0 && all(tuples) {
        return if open > 0 { Some(Type::Dynamic) } else { of_tuples(types) };
    }
    if objects > 0 && tuples > 0 {
        return None;
    }
    preferred(types).into_iter().map(|i| &types[i]).find(|to| types.iter().all(|from| possible(from, to))).cloned()
}

/// The shared type of all elements of all given collections.
fn elements(types: &[Type]) -> Option<Type> {
    let mut all = Vec::new();
    for ty in types {
        match ty {
            Type::List(t) | Type::Set(t) | Type::Map(t) => all.push(Type::clone(t)),
            Type::Tuple(ts) => all.extend(ts.iter().cloned()),
            Type::Object(o) => all.extend(o.attributes.values().cloned()),
            _ => {}
        }
    }
    unify(&all)
}

/// Tuples among lists as lists, objects among maps as maps.
fn with_structural_as_collections(types: &[Type]) -> Option<Type> {
    let structural: Vec<Type> =
        types.iter().filter(|t| matches!(t, Type::Tuple(_) | Type::Object(_))).cloned().collect();
    let shared = elements(&structural)?;
    let types: Vec<Type> = (types.iter())
        .map(|t| match t {
            Type::Tuple(_) => Type::list(shared.clone()),
            Type::Object(_) => Type::map(shared.clone()),
            other => other.clone(),
        })
        .collect();
    unify(&types).filter(|t| matches!(t, Type::List(_) | Type::Map(_)))
}

/// Objects of the same attribute names attribute by attribute, others as maps.
fn of_objects(types: &[Type]) -> Option<Type> {
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
fn of_tuples(types: &[Type]) -> Option<Type> {
    let items: Vec<_> = types.iter().filter_map(|t| if let Type::Tuple(ts) = t { Some(ts) } else { None }).collect();
    let first = items.first()?;
    if items.iter().any(|ts| ts.len() != first.len()) {
        return elements(types).map(Type::list);
    }
    let each: Option<Vec<_>> =
        (0..first.len()).map(|i| unify(&items.iter().map(|ts| ts[i].clone()).collect::<Vec<_>>())).collect();
    each.map(Type::tuple)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixed_kinds_share_the_more_general_one() {
        let (n, s) = (Type::Number, Type::String);
        let tuple = |ts: &[Type]| Type::tuple(ts.iter().cloned());
        for (types, shared) in [
            (vec![n.clone(), s.clone(), Type::Bool], Some(s.clone())),
            (vec![n.clone(), Type::Bool], None),
            (vec![Type::set(n.clone()), Type::list(n.clone())], Some(Type::list(n.clone()))),
            (vec![Type::set(n.clone()), tuple(std::slice::from_ref(&n))], Some(Type::set(n.clone()))),
            (vec![Type::list(n.clone()), tuple(std::slice::from_ref(&s))], Some(Type::list(s.clone()))),
            (vec![tuple(std::slice::from_ref(&n)), tuple(&[n.clone(), s.clone()])], Some(Type::list(s.clone()))),
            (vec![tuple(std::slice::from_ref(&n)), Type::object([("a", n.clone())])], None),
            (vec![Type::Dynamic, n.clone()], Some(n.clone())),
            (vec![Type::Dynamic, Type::list(n.clone())], Some(Type::Dynamic)),
            (vec![tuple(&[]), tuple(std::slice::from_ref(&n))], Some(Type::list(n.clone()))),
        ] {
            assert_eq!(unify(&types), shared, "{types:?}");
        }
    }
}
