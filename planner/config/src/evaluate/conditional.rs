//! `condition ? a : b`.

use cplan_model::{Diagnostic, Kind, Refinement, Type, Value, convert, unify};
use hcl_edit::expr::Conditional;

use super::{Evaluator, type_name};

impl Evaluator<'_> {
    pub(super) fn conditional(&mut self, conditional: &Conditional) -> Value {
        let condition = self.eval(&conditional.cond_expr);
        let yes = self.eval(&conditional.true_expr);
        let no = self.eval(&conditional.false_expr);
        let here = self.here;
        let Some(ty) = shared_type(&yes, &no) else {
            return self.fail(
                Diagnostic::error(
                    "inconsistent-conditional",
                    "Inconsistent conditional result types",
                    format!(
                        "The true and false result expressions must have consistent types. {}",
                        difference(&yes.ty(), &no.ty(), &yes, &no)
                    ),
                )
                .remedy("Convert both results to one type, for instance with tostring() or tomap().")
                .at(here),
            );
        };
        let span = self.span(&conditional.cond_expr);
        if condition.is_null() {
            return self.fail(
                Diagnostic::error(
                    "null-condition",
                    "Null condition",
                    "The condition value is null. Conditions must either be true or false.",
                )
                .remedy("Give the condition a value, for instance with coalesce().")
                .at(span),
            );
        }
        let condition = match convert(&condition, &Type::Bool) {
            Ok(condition) => condition,
            Err(_) => {
                return self.fail(
                    Diagnostic::error(
                        "incorrect-condition",
                        "Incorrect condition type",
                        "The condition expression must be of type bool.",
                    )
                    .remedy("Compare the value with something, so that the condition is true or false.")
                    .at(span),
                );
            }
        };
        let marks = condition.marks();
        let Some(chosen) = condition.as_bool() else {
            let not_null = never_null(&yes) && never_null(&no);
            let open = Value::refined(ty, Refinement { not_null, ..Refinement::default() });
            return open.mark(marks | yes.marks_deep() | no.marks_deep());
        };
        let chosen = if chosen { yes } else { no };
        match convert(&chosen, &ty) {
            Ok(value) => value.mark(marks),
            Err(error) => self.fail(
                Diagnostic::error(
                    "inconsistent-conditional",
                    "Inconsistent conditional result types",
                    format!("The result cannot be converted to {}: {error}.", ty.friendly()),
                )
                .remedy("Convert both results to one type.")
                .at(here),
            ),
        }
    }
}

/// The type of both results, if they share one.
fn shared_type(yes: &Value, no: &Value) -> Option<Type> {
    let untyped_null = |v: &Value| matches!(v.kind(), Kind::Null(Type::Dynamic));
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

fn never_null(value: &Value) -> bool {
    match value.kind() {
        Kind::Unknown(u) => u.refinement.not_null,
        _ => !value.is_null(),
    }
}

fn difference(a: &Type, b: &Type, yes: &Value, no: &Value) -> String {
    match (a, b) {
        (Type::Object(x), Type::Object(y)) => {
            for (name, ty) in &x.attributes {
                match y.attributes.get(name) {
                    None => {
                        return format!(
                            "The 'true' value includes object attribute {name:?}, which is absent in the 'false' value."
                        );
                    }
                    Some(other) if unify(&[ty.clone(), other.clone()]).is_none() => {
                        return format!("Type mismatch for object attribute {name:?}: {}", pair(ty, other));
                    }
                    Some(_) => {}
                }
            }
            match y.attributes.keys().find(|name| !x.attributes.contains_key(*name)) {
                Some(name) => format!(
                    "The 'false' value includes object attribute {name:?}, which is absent in the 'true' value."
                ),
                None => "At least one object attribute differs in type.".into(),
            }
        }
        (Type::Tuple(x), Type::Tuple(y)) if x.len() != y.len() => {
            format!("The 'true' tuple has length {}, but the 'false' tuple has length {}.", x.len(), y.len())
        }
        _ => format!("The 'true' value is {}, but the 'false' value is {}.", type_name(yes), type_name(no)),
    }
}

fn pair(a: &Type, b: &Type) -> String {
    format!("The 'true' value is {}, but the 'false' value is {}.", a.friendly(), b.friendly())
}
