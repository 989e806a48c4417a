//! Function calls: names, arguments, `...`.

use cplan_model::{Diagnostic, Kind, Span, Type, Value};
use hcl_edit::expr::FuncCall;

use super::render::not_a_reference;
use super::{Evaluator, unknown};
use crate::functions::{Failure, function, names};
use crate::suggest;

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
        let Some(function) = function(name) else {
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
        if let Some(failure) = self.template_refused(name, call) {
            return self.refuse(name, function, failure, &spans);
        }
        self.apply(name, function, &args, &spans)
    }

    /// What functions that render templates do not take, whatever its value.
    fn template_refused(&self, name: &str, call: &FuncCall) -> Option<Failure> {
        if !matches!(name, "templatefile" | "templatestring") {
            return None;
        }
        if self.template {
            let why = format!("cannot recursively call {name} from inside another template function");
            return Some(Failure::Rule(None, why));
        }
        let complete = call.args.len() == 2 || call.args.expand_final();
        let why = (name == "templatestring" && complete).then(|| not_a_reference(call))??;
        Some(Failure::Rule(Some(0), why.into()))
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
