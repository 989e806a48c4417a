//! Values of variables: conversion, defaults of optional attributes, null, marks.

use std::collections::BTreeMap;

use cplan_model::{Diagnostic, Diagnostics, Kind, Marks, Span, Value, convert};

use crate::{TypeDefaults, Variable};

mod collect;
mod file;

pub use collect::{VariableFlag, Variables, collect_variables, variable_origins};

/// A given value as the variable takes it: null by its rule, optional defaults, converted, marked.
/// On an error the value is unknown.
pub fn prepare_variable(variable: &Variable, name: &str, value: Value, place: Option<Span>) -> (Value, Diagnostics) {
    let mark = |v: Value| if variable.sensitive { v.mark(Marks::SENSITIVE) } else { v };
    let wrong = |summary: &str, what: String, remedy: String| {
        let mut diagnostic = Diagnostic::error("invalid-variable", summary, what).remedy(remedy);
        diagnostic = match place {
            Some(place) => diagnostic.at(place).label(variable.span, format!("variable `{name}` is declared here")),
            None => diagnostic.at(variable.span),
        };
        (mark(Value::unknown(variable.ty.clone())), Diagnostics::from(diagnostic))
    };
    let value = if value.is_null() && !variable.nullable {
        match &variable.default {
            Some(default) => default.clone().mark(value.marks()),
            None => {
                return wrong(
                    "Required variable not set",
                    format!(
                        "The given value is not suitable for `var.{name}`: required variable may not be set to null."
                    ),
                    "Give it a value other than null.".into(),
                );
            }
        }
    } else {
        value
    };
    let value = with_defaults(&value, &variable.defaults);
    match convert(&value, &variable.ty) {
        Ok(value) => (mark(value), Diagnostics::new()),
        Err(error) => {
            let path = crate::path_text(&error.path);
            let clause = if path.is_empty() {
                error.message.clone()
            } else {
                format!("{}: {}", path.trim_start_matches('.'), error.message)
            };
            wrong(
                "Invalid value for input variable",
                format!("The given value is not suitable for `var.{name}`: {clause}."),
                format!("Give it a value of type `{}`.", variable.ty),
            )
        }
    }
}

/// Puts the defaults of optional attributes where an object lacks them or has null.
pub(crate) fn with_defaults(value: &Value, defaults: &TypeDefaults) -> Value {
    if defaults.values.is_empty() && defaults.children.is_empty() {
        return value.clone();
    }
    let element = defaults.children.get("");
    let marks = value.marks();
    match value.kind() {
        Kind::Object(items) | Kind::Map(_, items) if element.is_none() => {
            let mut items: BTreeMap<_, _> = items.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
            for (name, default) in &defaults.values {
                if items.get(name).is_none_or(Value::is_null) {
                    items.insert(name.clone(), default.clone());
                }
            }
            for (name, inner) in &defaults.children {
                if let Some(item) = items.get_mut(name) {
                    *item = with_defaults(item, inner);
                }
            }
            Value::new(Kind::Object(items.into())).mark(marks)
        }
        // Elements that gain attributes may differ in type until they are converted.
        Kind::Object(items) | Kind::Map(_, items) => Value::object(
            items.iter().map(|(k, v)| (k.clone(), element.map_or_else(|| v.clone(), |d| with_defaults(v, d)))),
        )
        .mark(marks),
        Kind::Tuple(items) | Kind::List(_, items) | Kind::Set(_, items) => {
            let by_position = |i: usize| defaults.children.get(&*i.to_string());
            let items = items.iter().enumerate();
            Value::tuple(items.map(|(i, v)| match element.or_else(|| by_position(i)) {
                Some(inner) => with_defaults(v, inner),
                None => v.clone(),
            }))
            .mark(marks)
        }
        _ => value.clone(),
    }
}
