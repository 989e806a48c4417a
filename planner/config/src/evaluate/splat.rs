//! What follows a value: attributes, indexes and splats.

use cplan_model::{Kind, Type, Value, unify};
use hcl_edit::Decorated;
use hcl_edit::expr::TraversalOperator;

use super::{Evaluator, attribute, index, unknown};

impl Evaluator<'_> {
    /// Applies traversal operators to a value.
    pub(super) fn operators(&mut self, mut value: Value, operators: &[Decorated<TraversalOperator>]) -> Value {
        for (i, operator) in operators.iter().enumerate() {
            let span = self.span(operator);
            let next = match operator.value() {
                TraversalOperator::GetAttr(name) => attribute(&value, name.as_str()),
                TraversalOperator::LegacyIndex(n) => index(&value, &Value::number(*n.value())),
                TraversalOperator::Index(expr) => {
                    let key = self.eval(expr);
                    index(&value, &key)
                }
                TraversalOperator::FullSplat(_) => return self.splat(&value, &operators[i + 1..]),
                TraversalOperator::AttrSplat(_) => {
                    let rest = &operators[i + 1..];
                    let each = rest
                        .iter()
                        .take_while(|o| {
                            matches!(o.value(), TraversalOperator::GetAttr(_) | TraversalOperator::LegacyIndex(_))
                        })
                        .count();
                    let value = self.splat(&value, &rest[..each]);
                    return self.operators(value, &rest[each..]);
                }
            };
            value = match next {
                Ok(value) => value,
                Err(diagnostic) => return self.fail((*diagnostic).at(span)),
            };
        }
        value
    }

    fn splat(&mut self, value: &Value, each: &[Decorated<TraversalOperator>]) -> Value {
        let marks = value.marks();
        let result = match value.kind() {
            Kind::Null(Type::List(_) | Type::Set(_) | Type::Tuple(_)) => {
                let span = self.here;
                return self.fail(
                    cplan_model::Diagnostic::error(
                        "null-splat",
                        "Splat of null value",
                        "Splat expressions (with the * symbol) cannot be applied to null sequences.",
                    )
                    .remedy("Give it a value, for instance with coalesce() or an empty default.")
                    .at(span),
                );
            }
            Kind::Null(_) => Value::tuple([]),
            Kind::List(_, items) | Kind::Set(_, items) => {
                let items: Vec<_> = items.iter().map(|item| self.operators(item.clone(), each)).collect();
                let types: Vec<_> = items.iter().map(Value::ty).collect();
                match unify(&types) {
                    Some(ty) if types.iter().all(|t| *t == ty) => Value::list(ty, items),
                    None if items.is_empty() => Value::list(Type::Dynamic, []),
                    _ => Value::tuple(items),
                }
            }
            Kind::Tuple(items) => {
                let items: Vec<_> = items.iter().map(|item| self.operators(item.clone(), each)).collect();
                Value::tuple(items)
            }
            Kind::Unknown(u) => match &u.ty {
                Type::Dynamic => unknown(),
                Type::List(t) | Type::Set(t) => {
                    let item = self.operators(Value::unknown(Type::clone(t)), each);
                    super::operators::not_null(Type::list(item.ty()))
                }
                Type::Tuple(ts) => {
                    let items: Vec<_> = ts.iter().map(|t| self.operators(Value::unknown(t.clone()), each)).collect();
                    Value::tuple(items)
                }
                _ => unknown(),
            },
            _ => {
                let item = self.operators(value.clone(), each);
                Value::tuple([item])
            }
        };
        result.mark(marks)
    }
}
