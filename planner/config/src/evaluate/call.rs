//! Function calls: names, arguments, `...`.

use cplan_model::{Diagnostic, Kind, Span, Type, Value};
use hcl_edit::expr::{Expression, FuncCall};

use super::render::not_a_reference;
use super::{Evaluator, unknown};
use crate::functions::{Failure, Function, full_name, function, names, provided};
use crate::suggest;

use self::apply::{fitting, wrong_count};

mod apply;
mod attempt;

impl Evaluator<'_> {
    pub(super) fn call(&mut self, call: &FuncCall) -> Value {
        let name = call.name.name.as_str();
        if self.constant {
            let span = self.span(&call.name.name);
            return self.fail(crate::constant::no_calls().at(span));
        }
        let namespace: Vec<&str> = call.name.namespace.iter().map(|n| n.as_str()).collect();
        if let ["provider", local] = namespace[..]
            && self.scope.provider_source(local) == Some(BUILT_IN)
        {
            return match (provided(name), full_name(name)) {
                (Some(function), Some(name)) => self.call_of(call, name, function),
                _ => self.not_provided(local, name),
            };
        }
        let ours = namespace.is_empty() || namespace == ["core"] && (function(name).is_some() || is_lazy(name));
        if !ours {
            return self.not_offered(&namespace, name);
        }
        match name {
            "try" => return self.try_call(call),
            "can" => return self.can_call(call),
            _ => {}
        }
        let console = self.scope.is_console();
        if console && name == "type" {
            return self.misplaced_type(call);
        }
        let Some(function) = function(name).filter(|_| !(console && name == "plantimestamp")) else {
            let span = self.span(&call.name.name);
            let (near, remedy) = match suggest(name, names()) {
                Some(near) => (format!(" Did you mean {near:?}?"), format!("Write `{near}`.")),
                None => (String::new(), "Use one of the built-in functions.".into()),
            };
            let what = format!("There is no function named {name:?}.{near}");
            return self
                .fail(Diagnostic::error("unknown-function", "Call to unknown function", what).remedy(remedy).at(span));
        };
        self.call_of(call, name, function)
    }

    /// The call of a function that was found.
    fn call_of(&mut self, call: &FuncCall, name: &str, function: &'static Function) -> Value {
        let before = self.diagnostics.told();
        let Some(args) = self.arguments(call) else { return unknown() };
        if let Some(wrong) = wrong_count(name, function, args.len()) {
            let here = self.here;
            return self.fail(wrong.at(here));
        }
        // An argument is held to its parameter even where a part of it is wrong already.
        let (mut ready, mut spans) = (Vec::with_capacity(args.len()), Vec::with_capacity(args.len()));
        for arg in args {
            let (value, span) = self.argument(arg);
            spans.push(span);
            if self.fatal {
                return unknown();
            }
            match fitting(function, ready.len(), &value) {
                Ok(value) => ready.push(value),
                Err(failure) => {
                    self.refuse(name, function, failure, &spans);
                    ready.push(value);
                }
            }
        }
        if self.diagnostics.told() > before {
            return unknown();
        }
        if let Some(failure) = self.template_refused(name, call) {
            return self.refuse(name, function, failure, &spans);
        }
        self.apply(name, function, ready, &spans)
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
        let remedy = match namespace {
            ["provider", "terraform"] if provided(name).is_some() => {
                format!("Add `terraform = {{ source = {BUILT_IN:?} }}` to `required_providers`.")
            }
            _ => "Of all providers only the built-in one has functions; use one without a namespace.".into(),
        };
        let here = self.here;
        self.fail(Diagnostic::error("unknown-function", "Unknown provider function", what).remedy(remedy).at(here))
    }

    /// A function that the built-in provider does not have.
    fn not_provided(&mut self, local: &str, name: &str) -> Value {
        let what = format!("The function {name:?} is not available from the provider {local:?}.");
        let here = self.here;
        self.fail(
            Diagnostic::error("unknown-function", "Unknown provider function", what)
                .remedy("It has encode_expr, encode_tfvars and decode_tfvars.")
                .at(here),
        )
    }

    /// The console's `type()`, where it is not the whole expression or not given one value.
    fn misplaced_type(&mut self, call: &FuncCall) -> Value {
        let (summary, what) = match call.args.len() {
            0 => (
                "Not enough function arguments",
                "Function \"type\" expects 1 argument(s). Missing value for \"value\".",
            ),
            1 if !call.args.expand_final() => (
                "Invalid use of type function",
                "The console-only \"type\" function cannot be used as part of an expression.",
            ),
            _ => ("Too many function arguments", "Function \"type\" expects only 1 argument(s)."),
        };
        let span = self.span(&call.name.name);
        self.fail(
            Diagnostic::error("misplaced-type", summary, what)
                .remedy("Write `type(VALUE)`, and nothing around it.")
                .at(span),
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
        let why = (name == "templatestring").then(|| not_a_reference(call))??;
        Some(Failure::Rule(Some(0), why.into()))
    }

    /// The arguments one by one, of which a spread last one is many. `None` while it is not known how many, or where
    /// it is wrong.
    fn arguments<'e>(&mut self, call: &'e FuncCall) -> Option<Vec<Argument<'e>>> {
        let mut written: Vec<&Expression> = call.args.iter().collect();
        let last = if call.args.expand_final() { written.pop() } else { None };
        let mut args: Vec<Argument<'e>> = written.into_iter().map(Argument::Written).collect();
        let Some(last) = last else { return Some(args) };
        let before = self.diagnostics.told();
        let (value, span) = (self.eval(last), self.span(last));
        if self.diagnostics.told() > before {
            return None;
        }
        let marks = value.marks();
        let what = match value.kind() {
            Kind::List(_, items) | Kind::Set(_, items) | Kind::Tuple(items) => {
                args.extend(items.iter().map(|item| Argument::Spread(item.clone().mark(marks), span)));
                return Some(args);
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
        None
    }

    fn argument(&mut self, arg: Argument<'_>) -> (Value, Span) {
        match arg {
            Argument::Written(expr) => (self.eval(expr), self.span(expr)),
            Argument::Spread(value, span) => (value, span),
        }
    }
}

/// The source of the provider that is built in, which has functions.
const BUILT_IN: &str = "terraform.io/builtin/terraform";

/// One argument of a call.
enum Argument<'e> {
    Written(&'e Expression),
    /// An element of the one before `...`, with the marks and the place of that.
    Spread(Value, Span),
}

/// Whether the evaluator calls it itself, because its arguments may fail.
fn is_lazy(name: &str) -> bool {
    matches!(name, "try" | "can")
}
