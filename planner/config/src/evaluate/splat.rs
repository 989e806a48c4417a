//! What follows a value: attributes, indexes and splats.

use cplan_model::{Diagnostic, Kind, Refinement, Type, Value};
use hcl_edit::Decorated;
use hcl_edit::expr::TraversalOperator;

use super::{Evaluator, attribute, index, unknown};

impl Evaluator<'_> {
    /// Applies traversal operators to a value.
    pub(super) fn operators(&mut self, mut value: Value, operators: &[Decorated<TraversalOperator>]) -> Value {
        for (i, operator) in operators.iter().enumerate() {
            let span = self.span(operator);
            if let Some(wrong) = misused(&operators[i..]) {
                return self.fail(wrong.at(span));
            }
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
        let sequence = |ty: &Type| matches!(ty, Type::List(_) | Type::Set(_) | Type::Tuple(_));
        let result = match value.kind() {
            Kind::Null(ty) if sequence(ty) => {
                let span = self.here;
                return self.fail(
                    Diagnostic::error(
                        "null-splat",
                        "Splat of null value",
                        "Splat expressions (with the * symbol) cannot be applied to null sequences.",
                    )
                    .remedy("Give it a value, for instance with coalesce() or an empty default.")
                    .at(span),
                );
            }
            Kind::Null(_) => Value::tuple([]),
            Kind::Unknown(u) if u.ty == Type::Dynamic => unknown(),
            Kind::Unknown(u) if sequence(&u.ty) => {
                let ty = self.splat_type(&u.ty, each);
                let refinement = Refinement { not_null: true, ..u.refinement.clone() };
                match (&u.ty, &ty) {
                    (Type::List(_) | Type::Set(_), Type::List(_)) => Value::refined(ty, refinement),
                    _ => super::operators::not_null(ty),
                }
            }
            Kind::List(_, items) | Kind::Set(_, items) => {
                let items: Vec<_> = items.iter().map(|item| self.operators(item.clone(), each)).collect();
                match items.first().map(Value::ty) {
                    Some(ty) if items.iter().all(|i| i.ty() == ty) => Value::list(ty, items),
                    Some(_) => Value::tuple(items),
                    None => match self.splat_type(&value.ty(), each) {
                        Type::List(element) => Value::list(Type::clone(&element), []),
                        _ => unknown(),
                    },
                }
            }
            Kind::Tuple(items) => {
                let items: Vec<_> = items.iter().map(|item| self.operators(item.clone(), each)).collect();
                Value::tuple(items)
            }
            kind => {
                let item = self.operators(value.clone(), each);
                match kind {
                    // Null would give none, anything else one.
                    Kind::Unknown(u) if !u.refinement.not_null => unknown(),
                    _ => Value::tuple([item]),
                }
            }
        };
        result.mark(marks)
    }

    /// The type of a splat over a sequence type, for which what follows is tried with unknown elements.
    fn splat_type(&mut self, ty: &Type, each: &[Decorated<TraversalOperator>]) -> Type {
        match ty {
            Type::List(t) | Type::Set(t) => Type::list(self.operators(Value::unknown(Type::clone(t)), each).ty()),
            Type::Tuple(ts) => {
                let types: Vec<_> = ts.iter().map(|t| self.operators(Value::unknown(t.clone()), each).ty()).collect();
                Type::tuple(types)
            }
            _ => Type::Dynamic,
        }
    }
}

/// Terraform's two limits of what may follow what in a traversal.
fn misused(operators: &[Decorated<TraversalOperator>]) -> Option<Diagnostic> {
    use TraversalOperator::{AttrSplat, GetAttr, LegacyIndex};
    let (first, rest) = operators.split_first()?;
    match (first.value(), rest.first().map(|o| o.value())) {
        (LegacyIndex(a), Some(LegacyIndex(b))) => Some(
            Diagnostic::error(
                "legacy-index",
                "Invalid legacy index syntax",
                "When using the legacy index syntax, chaining two indexes together is not permitted.",
            )
            .remedy(format!("Write `[{}][{}]`.", a.value(), b.value())),
        ),
        (AttrSplat(_), _) => {
            let each = rest.iter().take_while(|o| matches!(o.value(), GetAttr(_) | LegacyIndex(_))).count();
            matches!(rest.get(each).map(|o| o.value()), Some(AttrSplat(_))).then(|| {
                Diagnostic::error(
                    "nested-splat",
                    "Nested splat expression not allowed",
                    "A splat expression (*) cannot be used inside another attribute-only splat expression.",
                )
                .remedy("Use `[*]`, which may be nested.")
            })
        }
        _ => None,
    }
}
