//! Names to values: local names first, then references; attributes and indexes of values.

use std::ops::Range;

use cplan_model::{Diagnostic, Kind, Type, Value, convert};
use hcl_edit::expr::{Expression, TraversalOperator};
use hcl_edit::{Decorated, Ident};

use super::Evaluator;
use crate::references::reference;
use crate::suggest;

impl Evaluator<'_> {
    /// A name with what follows it.
    pub(super) fn traversal(
        &mut self,
        whole: &Expression,
        name: &Ident,
        root: Option<Range<usize>>,
        operators: &[Decorated<TraversalOperator>],
    ) -> Value {
        if let Some((_, value)) = self.locals.iter().rev().find(|(local, _)| **local == *name.as_str()) {
            let value = value.clone();
            return self.operators(value, operators);
        }
        let span = root.map_or_else(|| self.span(whole), |r| cplan_model::Span::new(self.source, r.start, r.end));
        if self.template {
            let names: Vec<_> = self.locals.iter().map(|(n, _)| n.to_string()).collect();
            let near = suggest(name.as_str(), names.iter().map(String::as_str));
            return self.fail(
                Diagnostic::error(
                    "unknown-template-variable",
                    "Invalid function argument",
                    format!("vars map does not contain key {:?}.", name.as_str()),
                )
                .remedy(near.map_or("Add it to the template's variables.".into(), |n| format!("Did you mean `{n}`?")))
                .at(span),
            );
        }
        let (reference, taken) = match reference(name.as_str(), operators, self.source, self.span(whole)) {
            Ok(found) => found,
            Err(diagnostic) => {
                self.fatal = !self.constant;
                return self.fail(*diagnostic);
            }
        };
        match self.scope.lookup(&reference) {
            Ok(value) => self.operators(value, &operators[taken..]),
            Err(mut diagnostic) => {
                self.fatal = !self.constant;
                if diagnostic.primary.is_none() {
                    diagnostic = diagnostic.at(reference.span);
                }
                self.fail(diagnostic)
            }
        }
    }
}

type Found = Result<Value, Box<Diagnostic>>;

/// `value.name`
pub(crate) fn attribute(value: &Value, name: &str) -> Found {
    let marks = value.marks();
    let unsupported = |what: String, remedy: String| {
        Err(Box::new(Diagnostic::error("unsupported-attribute", "Unsupported attribute", what).remedy(remedy)))
    };
    let missing = |names: Vec<&str>| {
        let remedy = match suggest(name, names.iter().copied()) {
            _ if marks.is_sensitive() => "The object is sensitive, so what it has is not shown.".into(),
            Some(near) => format!("Did you mean `{near}`?"),
            None if names.is_empty() => "The object has no attributes.".into(),
            None => format!("It has {}.", list(&names)),
        };
        unsupported(format!("This object does not have an attribute named {name:?}."), remedy)
    };
    match value.kind() {
        Kind::Object(items) => match items.get(name) {
            Some(item) => Ok(item.clone().mark(marks)),
            None => missing(items.keys().map(|k| &**k).collect()),
        },
        Kind::Map(_, items) => match items.get(name) {
            Some(item) => Ok(item.clone().mark(marks)),
            None => Err(Box::new(
                Diagnostic::error(
                    "missing-map-element",
                    "Missing map element",
                    format!("This map does not have an element with the key {name:?}."),
                )
                .remedy(match suggest(name, items.keys().map(|k| &**k)) {
                    _ if marks.is_sensitive() => "The map is sensitive, so its keys are not shown.".into(),
                    Some(near) => format!("Did you mean {near:?}?"),
                    None => "Use lookup() with a default where the key may be absent.".into(),
                }),
            )),
        },
        Kind::Unknown(u) => match &u.ty {
            Type::Dynamic => Ok(super::unknown().mark(marks)),
            Type::Object(o) => match o.attributes.get(name) {
                Some(ty) => Ok(Value::unknown(ty.clone()).mark(marks)),
                None => missing(o.attributes.keys().map(|k| &**k).collect()),
            },
            Type::Map(t) => Ok(Value::unknown(Type::clone(t)).mark(marks)),
            ty => no_attributes(ty),
        },
        Kind::Null(_) => Err(Box::new(
            Diagnostic::error(
                "null-value",
                "Attempt to get attribute from null value",
                "This value is null, so it does not have any attributes.",
            )
            .remedy("Guard it with a condition or try()."),
        )),
        _ => no_attributes(&value.ty()),
    }
}

fn no_attributes(ty: &Type) -> Found {
    let what = match ty {
        Type::Tuple(_) => "This value does not have any attributes.".into(),
        Type::List(_) | Type::Set(_) => {
            return Err(Box::new(
                Diagnostic::error(
                    "unsupported-attribute",
                    "Unsupported attribute",
                    format!("Can't access attributes on a {} of objects without an index.", shape(ty)),
                )
                .remedy("Use an index such as [0], or [*] to get the attribute of every element."),
            ));
        }
        ty => format!("Can't access attributes on a primitive-typed value ({}).", ty.friendly()),
    };
    Err(Box::new(
        Diagnostic::error("unsupported-attribute", "Unsupported attribute", what)
            .remedy("Only objects and maps have attributes."),
    ))
}

fn shape(ty: &Type) -> &'static str {
    match ty {
        Type::Set(_) => "set",
        _ => "list",
    }
}

fn list(names: &[&str]) -> String {
    let shown: Vec<_> = names.iter().take(12).map(|n| format!("`{n}`")).collect();
    format!("{}{}", shown.join(", "), if names.len() > 12 { " and more" } else { "" })
}

/// `value[key]`
pub(crate) fn index(value: &Value, key: &Value) -> Found {
    // Which attribute of an object is meant tells nothing of its value, as Terraform sees it.
    let object = match value.kind() {
        Kind::Object(_) => true,
        Kind::Unknown(u) => matches!(u.ty, Type::Object(_)),
        _ => false,
    };
    let marks = if object { value.marks() } else { value.marks() | key.marks() };
    let invalid = |what: &str, remedy: &str| {
        Err(Box::new(Diagnostic::error("invalid-index", "Invalid index", what).remedy(remedy)))
    };
    if value.is_null() {
        return Err(Box::new(
            Diagnostic::error(
                "null-value",
                "Attempt to index null value",
                "This value is null, so it does not have any indices.",
            )
            .remedy("Guard it with a condition or try()."),
        ));
    }
    if key.is_null() {
        return invalid("Can't use a null value as an indexing key.", "Give the key a value.");
    }
    if matches!(key.kind(), Kind::Unknown(u) if u.ty == Type::Dynamic) {
        return Ok(super::unknown().mark(marks));
    }
    // What is there is found without the type of the whole, which is as large as the value: a thousand instances that
    // each index a thousand others would build a thousand such types.
    let found = match (value.kind(), key.kind()) {
        (Kind::List(_, items) | Kind::Tuple(items), Kind::Number(_)) => {
            key.as_u64().and_then(|n| usize::try_from(n).ok()).and_then(|n| items.get(n))
        }
        (Kind::Map(_, items) | Kind::Object(items), Kind::String(name)) => items.get(name),
        _ => None,
    };
    if let Some(item) = found {
        return Ok(item.clone().mark(marks));
    }
    let ty = value.ty();
    match &ty {
        Type::List(_) | Type::Tuple(_) => {
            let number = match convert(key, &Type::Number) {
                Ok(number) => number,
                Err(error) => {
                    return invalid(
                        &format!(
                            "The given key does not identify an element in this collection value: {}.",
                            error.message
                        ),
                        "Use a whole number as the index.",
                    );
                }
            };
            let Some(n) = number.as_number() else { return Ok(Value::unknown(element_type(&ty)).mark(marks)) };
            let position = n.as_i64().and_then(|n| usize::try_from(n).ok());
            let length = match (value.as_slice(), &ty) {
                (Some(items), _) => {
                    if let Some(item) = position.and_then(|n| items.get(n)) {
                        return Ok(item.clone().mark(marks));
                    }
                    items.len()
                }
                // Of an unknown tuple, length and types are known all the same.
                (None, Type::Tuple(types)) => {
                    if let Some(ty) = position.and_then(|n| types.get(n)) {
                        return Ok(Value::unknown(ty.clone()).mark(marks));
                    }
                    types.len()
                }
                (None, _) => return Ok(Value::unknown(element_type(&ty)).mark(marks)),
            };
            let why = if !n.is_integer() {
                "indexing a sequence requires a whole number, but the given index has a fractional part"
            } else if n.is_negative() {
                "a negative number is not a valid index for a sequence"
            } else if matches!(ty, Type::Tuple(_)) {
                ""
            } else if length == 0 {
                "the collection has no elements"
            } else {
                "the given index is greater than or equal to the length of the collection"
            };
            invalid(
                &format!(
                    "The given key does not identify an element in this collection value{}{why}.",
                    if why.is_empty() { "" } else { ": " }
                ),
                &match length {
                    0 => "Check length() before indexing.".to_owned(),
                    n => format!("Indexes go from 0 to {} here.", n - 1),
                },
            )
        }
        Type::Map(_) | Type::Object(_) => {
            let text = match convert(key, &Type::String) {
                Ok(text) => text,
                Err(error) => {
                    return invalid(
                        &format!(
                            "The given key does not identify an element in this collection value: {}.",
                            error.message
                        ),
                        "Use a string as the key.",
                    );
                }
            };
            let (Some(name), Some(items)) = (text.as_str(), value.as_map()) else {
                return Ok(Value::unknown(element_type(&ty)).mark(marks));
            };
            if let Some(item) = items.get(name) {
                return Ok(item.clone().mark(marks));
            }
            let by_number = matches!(ty, Type::Object(_)) && key.as_number().is_some();
            invalid(
                "The given key does not identify an element in this collection value.",
                &match suggest(name, items.keys().map(|k| &**k)) {
                    _ if (marks | key.marks()).is_sensitive() => {
                        "It is sensitive, so keys are not shown; use lookup() where one may be absent.".into()
                    }
                    _ if by_number => "An object is indexed by the names of its attributes, not by numbers.".into(),
                    Some(near) => format!("There is no {name:?}; did you mean {near:?}?"),
                    None => format!("There is no {name:?} in it; use lookup() where it may be absent."),
                },
            )
        }
        Type::Set(_) => invalid(
            "Elements of a set are identified only by their value and don't have any separate index or key to select with, so it's only possible to perform operations across all elements of the set.",
            "Convert it with tolist() where the order does not matter.",
        ),
        Type::Dynamic => Ok(super::unknown().mark(marks)),
        _ => invalid("This value does not have any indices.", "Only lists, tuples, maps and objects have indices."),
    }
}

/// The type of the elements of a collection, [`Type::Dynamic`] where each has its own.
fn element_type(ty: &Type) -> Type {
    match ty {
        Type::List(t) | Type::Set(t) | Type::Map(t) => Type::clone(t),
        _ => Type::Dynamic,
    }
}
