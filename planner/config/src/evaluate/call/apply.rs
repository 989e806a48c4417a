//! A call with its arguments: conversion to the parameters, the type of the result, unknowns, marks, refusals.

use cplan_model::{Diagnostic, Kind, Marks, Refinement, Span, Type, Value, convert};

use super::super::{Evaluator, unknown};
use crate::functions::{Context, Failure, Function, Parameter, Returns};

impl Evaluator<'_> {
    /// The result of the function for arguments that fit its parameters, and that stand at `spans`.
    pub(super) fn apply(&mut self, name: &str, function: &Function, args: Vec<Value>, spans: &[Span]) -> Value {
        let secret = args.iter().any(|a| a.marks_deep().is_sensitive());
        match self.invoke(function, args) {
            Ok(value) => value,
            Err(failure) if secret => self.refuse(name, function, failure.hushed(), spans),
            Err(failure) => self.refuse(name, function, failure, spans),
        }
    }

    /// Calls with converted arguments, as far as what is known of them allows.
    fn invoke(&mut self, function: &Function, mut ready: Vec<Value>) -> Result<Value, Failure> {
        let (mut marks, mut untyped, mut open) = (Marks::NONE, false, false);
        for (i, value) in ready.iter_mut().enumerate() {
            let Some(parameter) = parameter(function, i) else { continue };
            if !parameter.marked {
                marks = marks | value.marks_deep();
                *value = value.unmarked_deep();
            }
            if value.is_null() && !parameter.null && !untyped {
                return Err(Failure::Rule(Some(i), "argument must not be null".into()));
            }
            untyped |= !parameter.untyped && has_no_type(value);
            open |= !parameter.unknown && !value.is_known();
        }
        if untyped {
            return Ok(unknown().mark(marks | lost(function, &ready)));
        }
        let returns = match &function.returns {
            Returns::Fixed(ty) => ty.clone(),
            Returns::Computed => Type::Dynamic,
            // What is known tells its own type, and may be large.
            Returns::SameAs(i) => (ready.get(*i))
                .filter(|value| !matches!(value.kind(), Kind::Tuple(_) | Kind::Object(_)))
                .map_or(Type::Dynamic, Value::ty),
            Returns::By(decide) => decide(&ready)?,
        };
        if open {
            return Ok(refined(function, Value::unknown(returns)).mark(marks | lost(function, &ready)));
        }
        let mut context = Context {
            dir: self.scope.module_dir(),
            scope: self.scope,
            source: self.source,
            depth: self.depth,
            returns,
        };
        (function.call)(&mut context, &ready).map(|value| refined(function, value).mark(marks))
    }

    pub(super) fn refuse(&mut self, name: &str, function: &Function, failure: Failure, spans: &[Span]) -> Value {
        let here = self.here;
        let (at, why) = match failure {
            Failure::Argument(i, why) | Failure::Rule(Some(i), why) => (Some(i), why),
            Failure::Call(why) | Failure::Rule(None, why) => (None, why),
        };
        let why = why.trim_end_matches('.');
        let named = at.and_then(|i| Some((i, parameter(function, i)?.name)));
        self.fail(match named {
            Some((i, parameter)) => Diagnostic::error(
                "function-argument",
                "Invalid function argument",
                format!("Invalid value for {parameter:?} parameter: {why}."),
            )
            .remedy(usage(name, function))
            .at(spans.get(i).copied().unwrap_or(here)),
            None => Diagnostic::error(
                "function-call",
                "Error in function call",
                format!("Call to function {name:?} failed: {why}."),
            )
            .remedy(usage(name, function))
            .at(here),
        })
    }
}

impl Failure {
    /// Without the reason where it may show what the arguments are.
    fn hushed(self) -> Failure {
        let why = || "why is not shown, because an argument is sensitive".into();
        match self {
            Failure::Argument(i, _) => Failure::Argument(i, why()),
            Failure::Call(_) => Failure::Call(why()),
            rule @ Failure::Rule(..) => rule,
        }
    }
}

fn parameter(function: &Function, i: usize) -> Option<&Parameter> {
    function.params.get(i).or(function.variadic.as_ref())
}

fn has_no_type(value: &Value) -> bool {
    match value.kind() {
        Kind::Null(ty) => *ty == Type::Dynamic,
        Kind::Unknown(u) => u.ty == Type::Dynamic,
        _ => false,
    }
}

/// The marks of the arguments that the function would have carried on itself.
fn lost(function: &Function, ready: &[Value]) -> Marks {
    (ready.iter().enumerate())
        .filter(|(i, _)| parameter(function, *i).is_some_and(|p| p.marked))
        .fold(Marks::NONE, |marks, (_, value)| marks | value.marks())
}

/// An unknown result is never null where the function gives none.
fn refined(function: &Function, value: Value) -> Value {
    match value.kind() {
        Kind::Unknown(u) if !function.nullable && !u.refinement.not_null && u.ty != Type::Dynamic => {
            let refinement = Refinement { not_null: true, ..u.refinement.clone() };
            Value::refined(u.ty.clone(), refinement).mark(value.marks())
        }
        _ => value,
    }
}

/// The argument at a position as its parameter wants it.
pub(super) fn fitting(function: &Function, i: usize, arg: &Value) -> Result<Value, Failure> {
    let Some(parameter) = parameter(function, i) else { return Ok(arg.clone()) };
    convert(arg, &parameter.ty).map_err(|error| Failure::Rule(Some(i), error.message))
}

/// What is wrong where there are too few or too many arguments.
pub(super) fn wrong_count(name: &str, function: &Function, count: usize) -> Option<Diagnostic> {
    let wanted = function.params.len();
    let (summary, what) = if let Some(missing) = function.params.get(count) {
        let qualifier = if function.variadic.is_some() { "at least " } else { "" };
        let missing = missing.name;
        let what = format!("Function {name:?} expects {qualifier}{wanted} argument(s). Missing value for {missing:?}.");
        ("Not enough function arguments", what)
    } else if count > wanted && function.variadic.is_none() {
        ("Too many function arguments", format!("Function {name:?} expects only {wanted} argument(s)."))
    } else {
        return None;
    };
    Some(Diagnostic::error("function-arguments", summary, what).remedy(usage(name, function)))
}

fn usage(name: &str, function: &Function) -> String {
    let mut params: Vec<String> = function.params.iter().map(|p| p.name.to_owned()).collect();
    params.extend(function.variadic.as_ref().map(|p| format!("{}...", p.name)));
    format!("Call it as {name}({}).", params.join(", "))
}
