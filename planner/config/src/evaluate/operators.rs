//! Unary and binary operators.

use cplan_model::{Diagnostic, Kind, Number, Refinement, Type, Value, convert};
use hcl_edit::expr::{BinaryOp, BinaryOperator, Expression, UnaryOp, UnaryOperator};

use super::{Evaluator, equal};

impl Evaluator<'_> {
    pub(super) fn unary(&mut self, op: &UnaryOp) -> Value {
        let value = self.eval(&op.expr);
        let (ty, apply): (_, fn(&Value) -> Option<Value>) = match *op.operator.value() {
            UnaryOperator::Neg => (Type::Number, |v| v.as_number().map(|n| Value::number(-n))),
            UnaryOperator::Not => (Type::Bool, |v| v.as_bool().map(|b| Value::bool(!b))),
        };
        let Some(value) = self.operand(&op.expr, &value, &ty, "unary") else { return super::unknown() };
        let marks = value.marks();
        apply(&value).unwrap_or_else(|| not_null(ty)).mark(marks)
    }

    pub(super) fn binary(&mut self, op: &BinaryOp) -> Value {
        let operator = *op.operator.value();
        let (left, right) = (self.eval(&op.lhs_expr), self.eval(&op.rhs_expr));
        if matches!(operator, BinaryOperator::Eq | BinaryOperator::NotEq) {
            let marks = left.marks_deep() | right.marks_deep();
            return match equal(&left, &right) {
                Some(same) => Value::bool(same == (operator == BinaryOperator::Eq)),
                None => not_null(Type::Bool),
            }
            .mark(marks);
        }
        let logical = matches!(operator, BinaryOperator::And | BinaryOperator::Or);
        let ty = if logical { Type::Bool } else { Type::Number };
        let left = self.operand(&op.lhs_expr, &left, &ty, "left");
        let right = self.operand(&op.rhs_expr, &right, &ty, "right");
        let (Some(left), Some(right)) = (left, right) else { return super::unknown() };
        let marks = left.marks() | right.marks();
        let result = if logical {
            logic(operator, left.as_bool(), right.as_bool()).map(Value::bool)
        } else if let (Kind::Number(a), Kind::Number(b)) = (left.kind(), right.kind()) {
            let Some(result) = arithmetic(operator, a, b) else {
                let span = self.span(&op.rhs_expr);
                return self.fail(
                    Diagnostic::error("division-by-zero", "Division by zero", "The divisor is zero.")
                        .remedy("Guard the division with a condition.")
                        .at(span),
                );
            };
            Some(result)
        } else {
            None
        };
        let compares = !logical && !matches!(operator, Plus | Minus | Mul | Div | Mod);
        use BinaryOperator::{Div, Minus, Mod, Mul, Plus};
        result.unwrap_or_else(|| not_null(if compares { Type::Bool } else { ty })).mark(marks)
    }

    /// The operand as the operator needs it.
    fn operand(&mut self, expr: &Expression, value: &Value, ty: &Type, side: &str) -> Option<Value> {
        let why = if value.is_null() {
            "argument must not be null".to_owned()
        } else {
            match convert(value, ty) {
                Ok(value) => return Some(value),
                Err(error) => error.message,
            }
        };
        let span = self.span(expr);
        self.diagnostics.push(
            Diagnostic::error(
                "invalid-operand",
                "Invalid operand",
                format!("Unsuitable value for {side} operand: {why}."),
            )
            .remedy(format!("Give the operator a {}.", ty.friendly()))
            .at(span),
        );
        None
    }
}

/// Unknown, but never null.
pub(crate) fn not_null(ty: Type) -> Value {
    Value::refined(ty, Refinement { not_null: true, ..Refinement::default() })
}

/// `None` where it depends on what is unknown.
fn logic(operator: BinaryOperator, left: Option<bool>, right: Option<bool>) -> Option<bool> {
    let decisive = operator == BinaryOperator::Or;
    match (left, right) {
        (Some(x), _) | (_, Some(x)) if x == decisive => Some(decisive),
        (Some(_), Some(_)) => Some(!decisive),
        _ => None,
    }
}

/// `None` for division by zero.
fn arithmetic(operator: BinaryOperator, a: &Number, b: &Number) -> Option<Value> {
    use BinaryOperator as Op;
    Some(match operator {
        Op::Plus => Value::number(a.add(b)),
        Op::Minus => Value::number(a.sub(b)),
        Op::Mul => Value::number(a.mul(b)),
        Op::Div => Value::number(a.div(b)?),
        Op::Mod => Value::number(a.rem(b)),
        Op::Less => Value::bool(a < b),
        Op::LessEq => Value::bool(a <= b),
        Op::Greater => Value::bool(a > b),
        Op::GreaterEq => Value::bool(a >= b),
        Op::Eq | Op::NotEq | Op::And | Op::Or => return None,
    })
}
