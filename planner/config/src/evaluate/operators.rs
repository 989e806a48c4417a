//! Unary and binary operators.

use std::cmp::Ordering;

use cplan_model::{Diagnostic, Kind, Number, Refinement, Type, Value, convert};
use hcl_edit::expr::{BinaryOp, BinaryOperator, Expression, UnaryOp, UnaryOperator};

use super::range::Range;
use super::{Evaluator, equal};

impl Evaluator<'_> {
    pub(super) fn unary(&mut self, op: &UnaryOp) -> Value {
        let before = self.diagnostics.told();
        let value = self.eval(&op.expr);
        let (ty, apply): (_, fn(&Value) -> Option<Value>) = match *op.operator.value() {
            UnaryOperator::Neg => (Type::Number, |v| v.as_number().map(|n| Value::number(-n))),
            UnaryOperator::Not => (Type::Bool, |v| v.as_bool().map(|b| Value::bool(!b))),
        };
        let Some(value) = self.operand(&op.expr, &value, &ty, "unary") else { return Value::unknown(ty) };
        if self.diagnostics.told() > before {
            return Value::unknown(ty);
        }
        if value.is_null() {
            return self.failed_operation("argument must not be null", ty);
        }
        let marks = value.marks();
        apply(&value).unwrap_or_else(|| not_null(ty)).mark(marks)
    }

    pub(super) fn binary(&mut self, op: &BinaryOp) -> Value {
        let operator = *op.operator.value();
        let before = self.diagnostics.told();
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
        let result = if arithmetic_operator(operator) { Type::Number } else { Type::Bool };
        let left = self.operand(&op.lhs_expr, &left, &ty, "left");
        let right = self.operand(&op.rhs_expr, &right, &ty, "right");
        let (Some(left), Some(right)) = (left, right) else { return Value::unknown(result) };
        // What went wrong in an operand may have left a null behind.
        if self.diagnostics.told() > before {
            return Value::unknown(result);
        }
        if left.is_null() || right.is_null() {
            return self.failed_operation("argument must not be null", result);
        }
        let marks = left.marks() | right.marks();
        let value = match (left.kind(), right.kind()) {
            (Kind::Bool(a), Kind::Bool(b)) => {
                Some(Value::bool(if operator == BinaryOperator::And { *a && *b } else { *a || *b }))
            }
            (Kind::Number(a), Kind::Number(b)) if arithmetic_operator(operator) => match arithmetic(operator, a, b) {
                Ok(number) => Some(Value::number(number)),
                Err(why) => return self.failed_operation(why, result),
            },
            // Of `&&` and `||` nothing is known while an operand is not, whatever the other is.
            _ if logical || arithmetic_operator(operator) => None,
            _ => compare(operator, &left, &right).map(Value::bool),
        };
        value.unwrap_or_else(|| not_null(result)).mark(marks)
    }

    /// The operand as the operator needs it, null or not.
    fn operand(&mut self, expr: &Expression, value: &Value, ty: &Type, side: &str) -> Option<Value> {
        let why = match convert(value, ty) {
            Ok(value) => return Some(value),
            Err(error) => error.message,
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

    fn failed_operation(&mut self, why: &str, ty: Type) -> Value {
        let here = self.here;
        self.diagnostics.push(
            Diagnostic::error("failed-operation", "Operation failed", format!("Error during operation: {why}."))
                .remedy("Guard the operation with a condition.")
                .at(here),
        );
        Value::unknown(ty)
    }
}

/// Unknown, but never null.
pub(crate) fn not_null(ty: Type) -> Value {
    Value::refined(ty, Refinement { not_null: true, ..Refinement::default() })
}

fn arithmetic_operator(operator: BinaryOperator) -> bool {
    use BinaryOperator::{Div, Minus, Mod, Mul, Plus};
    matches!(operator, Plus | Minus | Mul | Div | Mod)
}

fn arithmetic(operator: BinaryOperator, a: &Number, b: &Number) -> Result<Number, &'static str> {
    use BinaryOperator as Op;
    let both = a.is_infinite() && b.is_infinite();
    let any = a.is_infinite() || b.is_infinite();
    let result = match operator {
        Op::Plus if both && a != b => return Err("can't compute sum of opposing infinities"),
        Op::Minus if both && a == b => return Err("can't subtract infinity from itself"),
        Op::Mul if any && (a.is_zero() || b.is_zero()) => return Err("can't multiply zero by infinity"),
        Op::Mod if any => return Err("can't use modulo with infinity"),
        Op::Plus => a.add(b),
        Op::Minus => a.sub(b),
        Op::Mul => a.mul(b),
        Op::Mod => a.rem(b),
        _ => return a.div(b).ok_or("can't divide zero by zero or infinity by infinity"),
    };
    if result.is_infinite() && !any { Err("the result is too large") } else { Ok(result) }
}

/// `None` where it depends on what is unknown.
fn compare(operator: BinaryOperator, left: &Value, right: &Value) -> Option<bool> {
    if let (Some(a), Some(b)) = (left.as_number(), right.as_number()) {
        let order = a.compare(b);
        return Some(match operator {
            BinaryOperator::Less => order == Ordering::Less,
            BinaryOperator::LessEq => order != Ordering::Greater,
            BinaryOperator::Greater => order == Ordering::Greater,
            _ => order != Ordering::Less,
        });
    }
    let (a, b) = (Range::of_value(left), Range::of_value(right));
    match operator {
        BinaryOperator::Less | BinaryOperator::LessEq => a.below(&b),
        _ => b.below(&a),
    }
}
