//! Addresses written as expressions: `module.a["x"].t.n[0]`, in `moved`, `removed` and `import`.

use std::sync::Arc;

use cplan_model::{Diagnostic, InstanceKey, Mode, ModuleInstance, ResourceAddr, Span, Target};
use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, TraversalOperator};

use crate::Expr;

/// An address whose keys may be expressions.
pub(super) struct Address {
    pub(super) modules: Vec<(Arc<str>, Option<Expr>)>,
    pub(super) resource: Option<ResourceAddr>,
    pub(super) key: Option<Expr>,
    span: Span,
}

/// Names that begin other references.
const RESERVED: [&str; 11] =
    ["var", "local", "path", "each", "count", "self", "terraform", "ephemeral", "output", "template", "lazy"];

/// Reads an address.
pub(super) fn address(expr: &Expr) -> Result<Address, Box<Diagnostic>> {
    let span = expr.span;
    let parts = parts(expr)?;
    let mut parts = parts.into_iter().peekable();
    let mut modules = Vec::new();
    while parts.peek().is_some_and(|p| matches!(p, Part::Name(name) if &**name == "module")) {
        parts.next();
        let Some(Part::Name(name)) = parts.next() else {
            return Err(invalid(span, "`module` must be followed by the name of a module call.".into()));
        };
        modules.push((name, key(&mut parts)));
    }
    if parts.peek().is_none() {
        return Ok(Address { modules, resource: None, key: None, span });
    }
    let mode = match parts.peek() {
        Some(Part::Name(name)) if &**name == "data" => Mode::Data,
        _ => Mode::Managed,
    };
    let prefixed = mode == Mode::Data || matches!(parts.peek(), Some(Part::Name(name)) if &**name == "resource");
    if prefixed {
        parts.next();
    }
    let Some(Part::Name(ty)) = parts.next() else {
        return Err(invalid(span, "A resource type must stand here.".into()));
    };
    if !prefixed && RESERVED.contains(&&*ty) {
        return Err(invalid(
            span,
            format!("The keyword {ty:?} is reserved and cannot be used to target a resource address."),
        ));
    }
    let Some(Part::Name(name)) = parts.next() else {
        return Err(invalid(span, format!("The resource type {ty:?} must be followed by a name.")));
    };
    let key = key(&mut parts);
    if parts.next().is_some() {
        return Err(invalid(span, "Something stands behind the address; attributes cannot be named here.".into()));
    }
    Ok(Address { modules, resource: Some(ResourceAddr { mode, ty, name }), key, span })
}

impl Address {
    /// The address with its keys, which must be literals.
    pub(super) fn literal(&self) -> Result<Target, Box<Diagnostic>> {
        let modules = self.modules.iter().map(|(name, key)| Ok((name.clone(), self.literal_key(key.as_ref())?)));
        Ok(Target {
            module: ModuleInstance(modules.collect::<Result<Vec<_>, Box<Diagnostic>>>()?.into()),
            resource: self.resource.clone(),
            key: self.literal_key(self.key.as_ref())?,
        })
    }

    fn literal_key(&self, key: Option<&Expr>) -> Result<Option<InstanceKey>, Box<Diagnostic>> {
        let Some(key) = key else { return Ok(None) };
        match (literal_key(key), &*key.tree) {
            (Some(key), _) => Ok(Some(key)),
            (None, Expression::Number(_)) => {
                Err(invalid(self.span, "A key must be a whole number that is not negative, or a string.".into()))
            }
            (None, _) => Err(not_static(self.span)),
        }
    }
}

/// A key that is written down.
pub(crate) fn literal_key(key: &Expr) -> Option<InstanceKey> {
    match &*key.tree {
        Expression::Number(n) => n.value().as_u64().map(InstanceKey::Int),
        Expression::String(text) => Some(InstanceKey::Str(text.as_str().into())),
        _ => None,
    }
}

enum Part {
    Name(Arc<str>),
    Key(Expr),
}

fn key(parts: &mut std::iter::Peekable<std::vec::IntoIter<Part>>) -> Option<Expr> {
    match parts.next_if(|p| matches!(p, Part::Key(_))) {
        Some(Part::Key(key)) => Some(key),
        _ => None,
    }
}

fn parts(expr: &Expr) -> Result<Vec<Part>, Box<Diagnostic>> {
    let source = expr.span.source;
    let (root, operators) = match &*expr.tree {
        Expression::Variable(name) => (name, &[][..]),
        Expression::Traversal(t) => match &t.expr {
            Expression::Variable(name) => (name, &t.operators[..]),
            _ => return Err(not_static(expr.span)),
        },
        _ => return Err(not_static(expr.span)),
    };
    let mut parts = vec![Part::Name(root.as_str().into())];
    for operator in operators {
        parts.push(match operator.value() {
            TraversalOperator::GetAttr(name) => Part::Name(name.as_str().into()),
            TraversalOperator::Index(index) => Part::Key(Expr::new(index, source)),
            TraversalOperator::LegacyIndex(n) => {
                let span = n.span().map_or(expr.span, |r| Span::new(source, r.start, r.end));
                Part::Key(Expr { tree: Arc::new(Expression::from(*n.value())), span })
            }
            TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => return Err(not_static(expr.span)),
        });
    }
    Ok(parts)
}

fn invalid(span: Span, what: String) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error("invalid-address", "Invalid address", what)
            .remedy("Write `TYPE.NAME`, `TYPE.NAME[KEY]` or `module.NAME`.")
            .at(span),
    )
}

fn not_static(span: Span) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error(
            "invalid-address",
            "Invalid expression",
            "A single static reference is required: only names and constant keys.",
        )
        .remedy("Write the address as it is, without quotes or calculations.")
        .at(span),
    )
}
