//! What an entry of `replace_triggered_by` names.

use std::sync::Arc;

use cplan_model::{AttrPath, Diagnostic, InstanceKey, Kind, Mode, ResourceAddr, Step, Value};
use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, TraversalOperator};

use crate::{Expr, Scope, Subject, evaluate, references};

/// A resource, one of its instances or an attribute of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    /// The resource, in the same module.
    pub resource: ResourceAddr,
    /// The instance; `None` where all are meant or there is only one.
    pub key: Option<InstanceKey>,
    /// The attribute; empty for the object as a whole.
    pub path: AttrPath,
    /// As plans show it: `terraform_data.a[0].input`.
    pub text: Arc<str>,
}

/// Reads an entry of `replace_triggered_by`; its index expressions may name `each` and `count`.
pub fn trigger(expr: &Expr, scope: &dyn Scope) -> Result<Trigger, Box<Diagnostic>> {
    let wrong = |what: &str| {
        Box::new(
            Diagnostic::error("invalid-trigger", "Invalid replace_triggered_by expression", what)
                .remedy("Name a managed resource of this module, an instance of it, or an attribute.")
                .at(expr.span),
        )
    };
    let Expression::Traversal(traversal) = &*expr.tree else {
        return Err(wrong("This is not a reference to a resource."));
    };
    let found = references(expr);
    let resource = match found.first().map(|r| &r.subject) {
        Some(Subject::Resource(addr)) if addr.mode == Mode::Managed => addr.clone(),
        _ => return Err(wrong("Only managed resources and their attributes can trigger a replacement.")),
    };
    let explicit = matches!(&traversal.expr, Expression::Variable(name) if name.as_str() == "resource");
    let mut steps = Vec::new();
    for operator in traversal.operators.iter().skip(if explicit { 2 } else { 1 }) {
        steps.push(match operator.value() {
            TraversalOperator::GetAttr(name) => Step::Attr(name.as_str().into()),
            TraversalOperator::LegacyIndex(n) => Step::Index(usize::try_from(*n.value()).unwrap_or(usize::MAX)),
            TraversalOperator::Index(index) => {
                let source = expr.span.source;
                let span = index.span().map_or(expr.span, |r| cplan_model::Span::new(source, r.start, r.end));
                let (value, diagnostics) = evaluate(&Expr { tree: Arc::new(index.clone()), span }, scope);
                if let Some(first) = diagnostics.into_iter().next() {
                    return Err(Box::new(first));
                }
                index_step(&value)
                    .ok_or_else(|| wrong("An index here must be a whole number or a string, and known."))?
            }
            _ => return Err(wrong("Splats cannot stand here.")),
        });
    }
    let key = match steps.first() {
        Some(Step::Index(n)) => Some(InstanceKey::Int(*n as u64)),
        Some(Step::Key(key)) => Some(InstanceKey::Str(key.clone())),
        _ => None,
    };
    let path = AttrPath(steps.into_iter().skip(usize::from(key.is_some())).collect());
    let mut text = resource.to_string();
    if let Some(key) = &key {
        text.push_str(&key.to_string());
    }
    if !path.0.is_empty() {
        text.push_str(&format!(".{path}"));
    }
    Ok(Trigger { resource, key, path, text: text.into() })
}

fn index_step(value: &Value) -> Option<Step> {
    match value.kind() {
        Kind::String(text) => Some(Step::Key(text.clone())),
        _ => value.as_u64().and_then(|n| usize::try_from(n).ok()).map(Step::Index),
    }
}
