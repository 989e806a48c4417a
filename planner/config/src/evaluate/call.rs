//! Function calls: arguments, `...`, conversion to the parameters, unknowns and marks; `try`, `can` and templates.

use std::sync::Arc;

use cplan_model::{Diagnostic, Diagnostics, Kind, Marks, Span, Type, Value, convert};
use hcl_edit::expr::{Expression, FuncCall};

use super::{Evaluator, unknown};
use crate::functions::{Context, Failure, Function, Parameter, Returns, function, names};
use crate::{Scope, suggest};

impl Evaluator<'_> {
    pub(super) fn call(&mut self, call: &FuncCall) -> Value {
        let here = self.here;
        let name = call.name.name.as_str();
        if call.name.is_namespaced() {
            let namespace: Vec<_> = call.name.namespace.iter().map(|n| n.as_str()).collect();
            if namespace != ["core"] {
                return self.fail(
                    Diagnostic::error(
                        "unknown-function",
                        "Call to unknown function",
                        format!("There is no function named \"{}::{name}\".", namespace.join("::")),
                    )
                    .remedy("Providers offer no functions here; use a built-in one.")
                    .at(here),
                );
            }
        }
        match name {
            "try" => return self.try_call(call),
            "can" => return self.can_call(call),
            _ => {}
        }
        let found = function(name).filter(|_| !(self.template && name.starts_with("template")));
        let Some(function) = found else {
            let span = self.span(&call.name.name);
            return self.fail(
                Diagnostic::error(
                    "unknown-function",
                    "Call to unknown function",
                    format!("There is no function named {name:?}."),
                )
                .remedy(match suggest(name, names()) {
                    Some(near) => format!("Did you mean `{near}`?"),
                    None => "Use one of the built-in functions.".into(),
                })
                .at(span),
            );
        };
        let Some((args, spans, spread)) = self.arguments(call) else { return unknown() };
        if self.diagnostics.has_errors() {
            return unknown();
        }
        self.apply(name, function, &args, &spans, spread)
    }

    /// Arguments with their places; the marks of a spread last one count for the result.
    fn arguments(&mut self, call: &FuncCall) -> Option<(Vec<Value>, Vec<Span>, Marks)> {
        let (mut args, mut spans, mut spread) = (Vec::new(), Vec::new(), Marks::NONE);
        let count = call.args.len();
        for (i, arg) in call.args.iter().enumerate() {
            let (value, span) = (self.eval(arg), self.span(arg));
            if i + 1 < count || !call.args.expand_final() {
                args.push(value);
                spans.push(span);
                continue;
            }
            spread = value.marks();
            let what = match value.kind() {
                Kind::List(_, items) | Kind::Set(_, items) | Kind::Tuple(items) => {
                    args.extend(items.iter().cloned());
                    spans.extend(items.iter().map(|_| span));
                    continue;
                }
                Kind::Unknown(u) if matches!(u.ty, Type::Dynamic | Type::List(_) | Type::Set(_) | Type::Tuple(_)) => {
                    return None;
                }
                Kind::Null(_) => "The expanding argument (indicated by ...) must not be null.",
                _ => "The expanding argument (indicated by ...) must be of a tuple, list, or set type.",
            };
            self.diagnostics.push(
                Diagnostic::error("invalid-expansion", "Invalid expanding argument value", what)
                    .remedy("Give a list before the `...`.")
                    .at(span),
            );
        }
        Some((args, spans, spread))
    }

    fn apply(&mut self, name: &str, function: &Function, args: &[Value], spans: &[Span], spread: Marks) -> Value {
        let here = self.here;
        if let Some(what) = wrong_count(name, function, args.len()) {
            let summary = if args.len() < function.params.len() {
                "Not enough function arguments"
            } else {
                "Too many function arguments"
            };
            return self
                .fail(Diagnostic::error("function-arguments", summary, what).remedy(usage(name, function)).at(here));
        }
        let mut marks = spread;
        let mut ready = Vec::with_capacity(args.len());
        let mut open = false;
        for (i, arg) in args.iter().enumerate() {
            let Some(parameter) = function.params.get(i).or(function.variadic.as_ref()) else { continue };
            let value = match prepare(parameter, arg) {
                Ok(value) => value,
                Err(why) => {
                    return self.fail(
                        Diagnostic::error(
                            "function-argument",
                            "Invalid function argument",
                            format!("Invalid value for {:?} parameter: {why}.", parameter.name),
                        )
                        .remedy(usage(name, function))
                        .at(spans.get(i).copied().unwrap_or(here)),
                    );
                }
            };
            let value = if parameter.marked {
                value
            } else {
                marks = marks | value.marks_deep();
                value.unmarked_deep()
            };
            open |= !value.is_known() && !parameter.unknown;
            ready.push(value);
        }
        if open {
            let result = match &function.returns {
                Returns::Fixed(ty) => super::operators::not_null(ty.clone()),
                Returns::Computed => unknown(),
                Returns::SameAs(i) => match ready.get(*i).map(Value::ty) {
                    Some(ty @ (Type::List(_) | Type::Set(_) | Type::Map(_))) => super::operators::not_null(ty),
                    _ => unknown(),
                },
            };
            return result.mark(marks);
        }
        let mut context =
            Context { dir: self.scope.module_dir(), scope: self.scope, source: self.source, depth: self.depth };
        match (function.call)(&mut context, &ready) {
            Ok(value) => value.mark(marks),
            Err(failure) if args.iter().any(|a| a.marks_deep().is_sensitive()) => {
                self.failed(name, function, failure.hushed(), spans)
            }
            Err(failure) => self.failed(name, function, failure, spans),
        }
    }

    fn failed(&mut self, name: &str, function: &Function, failure: Failure, spans: &[Span]) -> Value {
        let here = self.here;
        match failure {
            Failure::Argument(i, why) => {
                let parameter = function.params.get(i).or(function.variadic.as_ref()).map_or("argument", |p| p.name);
                let why = why.trim_end_matches('.');
                self.fail(
                    Diagnostic::error(
                        "function-argument",
                        "Invalid function argument",
                        format!("Invalid value for {parameter:?} parameter: {why}."),
                    )
                    .remedy(usage(name, function))
                    .at(spans.get(i).copied().unwrap_or(here)),
                )
            }
            Failure::Call(why) => {
                let why = why.trim_end_matches('.');
                self.fail(
                    Diagnostic::error(
                        "function-call",
                        "Error in function call",
                        format!("Call to function {name:?} failed: {why}."),
                    )
                    .remedy(usage(name, function))
                    .at(here),
                )
            }
        }
    }

    fn try_call(&mut self, call: &FuncCall) -> Value {
        let here = self.here;
        let mut last = None;
        for arg in call.args.iter() {
            let (value, diagnostics) = self.attempt(arg);
            if diagnostics.has_errors() {
                last = diagnostics.into_iter().next();
                continue;
            }
            // What is unknown may still fail once it is known.
            if !value.is_wholly_known() {
                return unknown().mark(value.marks());
            }
            return value;
        }
        let what = match last {
            Some(last) => {
                format!("Call to function \"try\" failed: no expression succeeded: {}: {}", last.summary, last.what)
            }
            None => "Call to function \"try\" failed: at least one argument is required.".into(),
        };
        self.fail(
            Diagnostic::error("function-call", "Error in function call", what)
                .remedy("Add a last argument that cannot fail.")
                .at(here),
        )
    }

    fn can_call(&mut self, call: &FuncCall) -> Value {
        let here = self.here;
        let Some(arg) = call.args.get(0).filter(|_| call.args.len() == 1) else {
            return self.fail(
                Diagnostic::error(
                    "function-arguments",
                    "Not enough function arguments",
                    "Function \"can\" expects 1 argument(s).",
                )
                .remedy("Give it the expression to try.")
                .at(here),
            );
        };
        let (value, diagnostics) = self.attempt(arg);
        if diagnostics.has_errors() {
            return Value::bool(false);
        }
        if value.is_wholly_known() { Value::bool(true) } else { super::operators::not_null(Type::Bool) }
    }

    /// Evaluates without keeping the diagnostics.
    fn attempt(&mut self, expr: &Expression) -> (Value, Diagnostics) {
        let outer = std::mem::take(&mut self.diagnostics);
        let value = self.eval(expr);
        (value, std::mem::replace(&mut self.diagnostics, outer))
    }
}

impl Failure {
    /// Without the reason, which may show what the arguments are.
    fn hushed(self) -> Failure {
        match self {
            Failure::Argument(i, _) => {
                Failure::Argument(i, "why is not shown, because an argument is sensitive".into())
            }
            Failure::Call(_) => Failure::Call("why is not shown, because an argument is sensitive".into()),
        }
    }
}

/// The value as a parameter takes it.
fn prepare(parameter: &Parameter, arg: &Value) -> Result<Value, String> {
    if arg.is_null() && !parameter.null {
        return Err("argument must not be null".into());
    }
    convert(arg, &parameter.ty).map_err(|error| {
        let message = if parameter.ty.is_primitive() && error.message == format!("{} required", parameter.ty.friendly())
        {
            format!("{} required", parameter.ty.friendly())
        } else {
            error.message.clone()
        };
        if error.path.0.is_empty() { message } else { format!("{}: {message}", crate::path_text(&error.path)) }
    })
}

fn wrong_count(name: &str, function: &Function, count: usize) -> Option<String> {
    let wanted = function.params.len();
    let qualifier = if function.variadic.is_some() { "at least " } else { "" };
    if count < wanted {
        let missing = function.params[count].name;
        return Some(format!(
            "Function {name:?} expects {qualifier}{wanted} argument(s). Missing value for {missing:?}."
        ));
    }
    (count > wanted && function.variadic.is_none())
        .then(|| format!("Function {name:?} expects only {wanted} argument(s)."))
}

fn usage(name: &str, function: &Function) -> String {
    let mut params: Vec<String> = function.params.iter().map(|p| p.name.to_owned()).collect();
    params.extend(function.variadic.as_ref().map(|p| format!("{}...", p.name)));
    format!("Call it as {name}({}).", params.join(", "))
}

/// Renders a template's text with variables; names and errors are those of the template.
pub(crate) fn template_text(context: &Context<'_>, text: &str, variables: &Value) -> Result<Value, String> {
    let template: hcl_edit::template::Template = text.parse().map_err(|e: hcl_edit::parser::Error| {
        format!("line {}, column {}: {}", e.location().line(), e.location().column(), e.message())
    })?;
    let locals: Vec<(Arc<str>, Value)> =
        variables.as_map().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
    let scope: &dyn Scope = context.scope;
    let mut evaluator = Evaluator::new(scope, context.source, &locals);
    evaluator.template = true;
    evaluator.depth = context.depth + 32;
    if evaluator.depth >= super::MAX_DEPTH {
        return Err("templates render one another too deeply".into());
    }
    let value = evaluator.template(&template);
    match evaluator.diagnostics.into_iter().next() {
        Some(first) => Err(match first.primary {
            Some(label) => {
                let at = &text[..text.len().min(label.span.start as usize)];
                let line = at.matches('\n').count() + 1;
                let column = at.rsplit('\n').next().unwrap_or("").chars().count() + 1;
                format!("line {line}, column {column}: {}", first.what)
            }
            None => first.what,
        }),
        None => Ok(value),
    }
}
