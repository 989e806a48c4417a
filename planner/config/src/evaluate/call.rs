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
        let name = call.name.name.as_str();
        let before = self.diagnostics.len();
        let namespace: Vec<&str> = call.name.namespace.iter().map(|n| n.as_str()).collect();
        let ours = namespace.is_empty() || namespace == ["core"] && (function(name).is_some() || is_lazy(name));
        if !ours {
            return self.not_offered(&namespace, name);
        }
        match name {
            "try" => return self.try_call(call),
            "can" => return self.can_call(call),
            _ => {}
        }
        let Some(function) = function(name) else {
            let span = self.span(&call.name.name);
            let (near, remedy) = match suggest(name, names()) {
                Some(near) => (format!(" Did you mean {near:?}?"), format!("Write `{near}`.")),
                None => (String::new(), "Use one of the built-in functions.".into()),
            };
            let what = format!("There is no function named {name:?}.{near}");
            return self
                .fail(Diagnostic::error("unknown-function", "Call to unknown function", what).remedy(remedy).at(span));
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

    /// A function of a namespace: of a provider, of which none is known, or of no one.
    fn not_offered(&mut self, namespace: &[&str], name: &str) -> Value {
        let what = match namespace {
            ["provider"] => "The function call must include the provider name after the \"provider::\" prefix.".into(),
            ["provider", provider, ..] => format!(
                "There is no function named \"{}::{name}\". Ensure that provider name {provider:?} is declared in this \
                 module's required_providers block, and that this provider offers a function named {name:?}.",
                namespace.join("::")
            ),
            [first, ..] => format!(
                "The function namespace {first:?} is not valid. Provider function calls must use the \"provider::\" \
                 namespace prefix."
            ),
            [] => format!("There is no function named {name:?}."),
        };
        let here = self.here;
        self.fail(
            Diagnostic::error("unknown-function", "Unknown provider function", what)
                .remedy("Providers offer no functions here; use a built-in one.")
                .at(here),
        )
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

/// Whether the evaluator calls it itself, because its arguments may fail.
fn is_lazy(name: &str) -> bool {
    matches!(name, "try" | "can")
}
