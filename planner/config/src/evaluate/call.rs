//! Function calls: names, arguments, `...`; templates that functions render.

use std::sync::Arc;

use cplan_model::{Diagnostic, Kind, Span, Type, Value};
use hcl_edit::expr::FuncCall;

use super::{Evaluator, unknown};
use crate::functions::{Context, function, names};
use crate::{Scope, suggest};

mod apply;
mod attempt;

impl Evaluator<'_> {
    pub(super) fn call(&mut self, call: &FuncCall) -> Value {
        let here = self.here;
        let name = call.name.name.as_str();
        let before = self.diagnostics.len();
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
        let Some((args, spans)) = self.arguments(call) else { return unknown() };
        if self.diagnostics.len() > before {
            return unknown();
        }
        self.apply(name, function, &args, &spans)
    }

    /// Arguments with their places; those of a spread last one have its marks. `None` while it is not known.
    fn arguments(&mut self, call: &FuncCall) -> Option<(Vec<Value>, Vec<Span>)> {
        let (mut args, mut spans) = (Vec::new(), Vec::new());
        let count = call.args.len();
        for (i, arg) in call.args.iter().enumerate() {
            let (value, span) = (self.eval(arg), self.span(arg));
            if i + 1 < count || !call.args.expand_final() {
                args.push(value);
                spans.push(span);
                continue;
            }
            let marks = value.marks();
            let what = match value.kind() {
                Kind::List(_, items) | Kind::Set(_, items) | Kind::Tuple(items) => {
                    args.extend(items.iter().map(|item| item.clone().mark(marks)));
                    spans.extend(items.iter().map(|_| span));
                    continue;
                }
                Kind::Unknown(u) if matches!(u.ty, Type::Dynamic | Type::List(_) | Type::Set(_) | Type::Tuple(_)) => {
                    return None;
                }
                Kind::Null(Type::Dynamic | Type::List(_) | Type::Set(_) | Type::Tuple(_)) => {
                    "The expanding argument (indicated by ...) must not be null."
                }
                _ => "The expanding argument (indicated by ...) must be of a tuple, list, or set type.",
            };
            self.diagnostics.push(
                Diagnostic::error("invalid-expansion", "Invalid expanding argument value", what)
                    .remedy("Give a list before the `...`.")
                    .at(span),
            );
        }
        Some((args, spans))
    }
}

/// Renders a template's text with variables; names and errors are those of the template.
pub(crate) fn template_text(context: &Context<'_>, text: &str, variables: &Value) -> Result<Value, String> {
    let template = crate::parse::template(text)
        .map_err(|e| format!("line {}, column {}: {}", e.location().line(), e.location().column(), e.message()))?;
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
