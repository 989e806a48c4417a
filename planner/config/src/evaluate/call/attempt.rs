//! `try` and `can`.

use cplan_model::{Diagnostic, Diagnostics, Type, Value};
use hcl_edit::expr::{Expression, FuncCall};

use super::super::{Evaluator, unknown};
use super::Argument;

impl Evaluator<'_> {
    pub(super) fn try_call(&mut self, call: &FuncCall) -> Value {
        let here = self.here;
        let Some(args) = self.arguments(call) else { return unknown() };
        let none = args.is_empty();
        let mut failed = Diagnostics::new();
        for arg in args {
            let (value, diagnostics) = self.attempt_argument(arg);
            if self.fatal {
                self.diagnostics.extend(diagnostics);
                return unknown();
            }
            if diagnostics.has_errors() {
                failed.extend(diagnostics);
                continue;
            }
            // What is unknown may still fail once it is known.
            if !value.is_wholly_known() {
                return unknown().mark(value.marks());
            }
            return value;
        }
        if none {
            return self.fail(
                Diagnostic::error(
                    "function-call",
                    "Error in function call",
                    "Call to function \"try\" failed: at least one argument is required.",
                )
                .remedy("Give it the expressions to try.")
                .at(here),
            );
        }
        let what = "Call to function \"try\" failed: no expression succeeded.";
        let diagnostic = Diagnostic::error("function-call", "Error in function call", what)
            .remedy("Add a last argument that cannot fail.")
            .at(here);
        let each = failed.into_iter().map(|why| (why.primary.map_or(here, |label| label.span), why.what));
        self.fail(each.fold(diagnostic, |diagnostic, (span, why)| diagnostic.label(span, why)))
    }

    pub(super) fn can_call(&mut self, call: &FuncCall) -> Value {
        let here = self.here;
        let Some(mut args) = self.arguments(call) else { return unknown() };
        let none = args.is_empty();
        let Some(arg) = args.pop().filter(|_| args.is_empty()) else {
            let (summary, what) = if none {
                (
                    "Not enough function arguments",
                    "Function \"can\" expects 1 argument(s). Missing value for \"expression\".",
                )
            } else {
                ("Too many function arguments", "Function \"can\" expects only 1 argument(s).")
            };
            return self.fail(
                Diagnostic::error("function-arguments", summary, what)
                    .remedy("Give it the expression to try.")
                    .at(here),
            );
        };
        let (value, diagnostics) = self.attempt_argument(arg);
        if self.fatal {
            self.diagnostics.extend(diagnostics);
            return unknown();
        }
        if diagnostics.has_errors() {
            return Value::bool(false);
        }
        if value.is_wholly_known() { Value::bool(true) } else { Value::unknown(Type::Bool) }
    }

    fn attempt_argument(&mut self, arg: Argument<'_>) -> (Value, Diagnostics) {
        match arg {
            Argument::Written(expr) => self.attempt(expr),
            Argument::Spread(value, _) => (value, Diagnostics::new()),
        }
    }

    /// Evaluates without keeping the diagnostics.
    pub(in super::super) fn attempt(&mut self, expr: &Expression) -> (Value, Diagnostics) {
        let outer = std::mem::take(&mut self.diagnostics);
        let value = self.eval(expr);
        (value, std::mem::replace(&mut self.diagnostics, outer))
    }
}
