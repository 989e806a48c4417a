//! `condition ? a : b`.

use cplan_model::{Diagnostic, Kind, Refinement, Type, Value, convert, unify};
use hcl_edit::expr::Conditional;

use self::difference::difference;
use super::Evaluator;
use super::range::Range;

mod difference;

impl Evaluator<'_> {
    pub(super) fn conditional(&mut self, conditional: &Conditional) -> Value {
        // Both are evaluated for their types; errors count of the chosen one only.
        let (yes, wrong_yes) = self.attempt(&conditional.true_expr);
        let (no, wrong_no) = self.attempt(&conditional.false_expr);
        if self.fatal {
            self.diagnostics.extend(wrong_yes);
            self.diagnostics.extend(wrong_no);
            return super::unknown();
        }
        let here = self.here;
        let Some(ty) = shared_type(&yes, &no) else {
            return self.fail(
                Diagnostic::error(
                    "inconsistent-conditional",
                    "Inconsistent conditional result types",
                    format!(
                        "The true and false result expressions must have consistent types. {}.",
                        difference(&yes.ty(), &no.ty())
                    ),
                )
                .remedy("Convert both results to one type, for instance with tostring() or tomap().")
                .at(here),
            );
        };
        let condition = self.eval(&conditional.cond_expr);
        let span = self.span(&conditional.cond_expr);
        let marks = condition.marks() | yes.marks() | no.marks();
        if condition.is_null() {
            self.diagnostics.push(
                Diagnostic::error(
                    "null-condition",
                    "Null condition",
                    "The condition value is null. Conditions must either be true or false.",
                )
                .remedy("Give the condition a value, for instance with coalesce().")
                .at(span),
            );
            return Value::unknown(ty);
        }
        if !condition.is_known() {
            return either(&yes, &no, ty).mark(marks);
        }
        let Some(chosen) = convert(&condition, &Type::Bool).ok().and_then(|c| c.as_bool()) else {
            self.diagnostics.push(
                Diagnostic::error(
                    "incorrect-condition",
                    "Incorrect condition type",
                    "The condition expression must be of type bool.",
                )
                .remedy("Compare the value with something, so that the condition is true or false.")
                .at(span),
            );
            return Value::unknown(ty);
        };
        let (word, chosen, wrong) = if chosen { ("true", yes, wrong_yes) } else { ("false", no, wrong_no) };
        if wrong.has_errors() {
            self.diagnostics.extend(wrong);
            return Value::unknown(ty);
        }
        self.diagnostics.extend(wrong);
        match convert(&chosen, &ty) {
            Ok(value) => value.mark(marks),
            Err(error) => {
                self.diagnostics.push(
                    Diagnostic::error(
                        "inconsistent-conditional",
                        "Inconsistent conditional result types",
                        format!("The {word} result value has the wrong type: {}.", error.message),
                    )
                    .remedy("Convert both results to one type.")
                    .at(here),
                );
                Value::unknown(ty)
            }
        }
    }
}

/// The type of both results, if they share one.
fn shared_type(yes: &Value, no: &Value) -> Option<Type> {
    let untyped_null = |v: &Value| matches!(v.kind(), Kind::Null(Type::Dynamic)) && v.marks().is_empty();
    let (a, b) = (yes.ty(), no.ty());
    if untyped_null(yes) {
        return Some(b);
    }
    if untyped_null(no) || a == b {
        return Some(a);
    }
    if a == Type::Dynamic || b == Type::Dynamic {
        return Some(Type::Dynamic);
    }
    unify(&[a, b])
}

/// What is known of a result where the condition is not known.
fn either(yes: &Value, no: &Value, ty: Type) -> Value {
    if yes.is_null() && no.is_null() {
        return Value::null(ty);
    }
    let not_null = never_null(yes) && never_null(no);
    let (a, b) = (yes.ty(), no.ty());
    let refinement = if a == Type::Number && b == Type::Number && !yes.is_null() && !no.is_null() {
        Range::of_value(yes).with(Range::of_value(no))
    } else if a == b && matches!(a, Type::List(_) | Type::Set(_) | Type::Map(_)) {
        let ((low, high), (other_low, other_high)) = (lengths(yes), lengths(no));
        Refinement {
            min_length: Some(low.min(other_low)),
            max_length: high.and_then(|a| other_high.map(|b| a.max(b))),
            ..Refinement::default()
        }
    } else {
        Refinement::default()
    };
    if ty == Type::Dynamic {
        return super::unknown();
    }
    Value::refined(ty, Refinement { not_null, ..refinement })
}

fn never_null(value: &Value) -> bool {
    match value.kind() {
        Kind::Unknown(u) => u.refinement.not_null,
        _ => !value.is_null(),
    }
}

/// How many elements a collection has at least and at most.
fn lengths(value: &Value) -> (usize, Option<usize>) {
    match value.kind() {
        Kind::Unknown(u) => (u.refinement.min_length.unwrap_or(0), u.refinement.max_length),
        Kind::Set(_, items) if items.len() > 1 && !value.is_wholly_known() => (1, Some(items.len())),
        Kind::Null(_) => (0, None),
        _ => {
            let n = value.children().count();
            (n, Some(n))
        }
    }
}
