//! Meta-arguments: `count`, `for_each`, `depends_on`, `lifecycle`.

use cplan_model::{AttrPath, Diagnostic, SourceId, Span, Step};
use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, TraversalOperator};

use super::block::Reader;
use crate::references::reference;
use crate::{Expr, ForEach, Lifecycle, Reference, Subject};

impl Reader<'_> {
    /// `count` or `for_each`.
    pub(super) fn repeat(&mut self) -> Option<ForEach> {
        let (count, each) = (self.argument("count"), self.argument("for_each"));
        if let (Some(_), Some(each)) = (&count, &each) {
            let span = each.span;
            self.error(
                "invalid-meta",
                "Invalid combination of \"count\" and \"for_each\"",
                "The \"count\" and \"for_each\" meta-arguments are mutually-exclusive, only one should be used to be explicit about the number of resources to be created.".into(),
                "Remove one of them.".into(),
                span,
            );
        }
        each.map(ForEach::Each).or(count.map(ForEach::Count))
    }

    /// `depends_on = [a.b, module.c]`
    pub(super) fn depends_on(&mut self) -> Vec<Reference> {
        let Some(expr) = self.argument("depends_on") else { return Vec::new() };
        let Expression::Array(items) = &*expr.tree else {
            self.error(
                "invalid-meta",
                "Invalid expression",
                "A static list expression is required.".into(),
                "Write `depends_on = [TYPE.NAME]`.".into(),
                expr.span,
            );
            return Vec::new();
        };
        let mut out = Vec::new();
        for item in items {
            match named(item, self.source) {
                Ok(reference) => match reference.subject {
                    Subject::Resource(_) | Subject::Module(_) | Subject::Variable(_) | Subject::Local(_) => {
                        out.push(reference);
                    }
                    _ => self.diagnostics.push(bad_dependency(reference.span)),
                },
                Err(diagnostic) => self.diagnostics.push(*diagnostic),
            }
        }
        out
    }

    pub(super) fn lifecycle(&mut self) -> Lifecycle {
        let Some(block) = self.single("lifecycle") else { return Lifecycle::default() };
        let mut inner = Reader::new(block, self.source);
        let mut lifecycle = Lifecycle::default();
        if let Some(expr) = inner.argument("ignore_changes") {
            ignore_changes(&expr, &mut inner, &mut lifecycle);
        }
        lifecycle.prevent_destroy = inner.argument("prevent_destroy");
        for name in ["create_before_destroy", "replace_triggered_by"] {
            if let Some(expr) = inner.argument(name)
                && expr.literal_bool() != Some(false)
            {
                later(&mut inner, name, expr.span);
            }
        }
        for name in ["precondition", "postcondition"] {
            for block in inner.blocks(name) {
                let span = super::block::header(block, inner.source);
                later(&mut inner, name, span);
            }
        }
        self.diagnostics.extend(inner.close());
        lifecycle
    }
}

fn later(reader: &mut Reader<'_>, name: &str, span: Span) {
    reader.error(
        "not-supported",
        "Not supported yet",
        format!("`{name}` is part of the language, but this version cannot do it yet."),
        "Remove it.".into(),
        span,
    );
}

fn bad_dependency(span: Span) -> Diagnostic {
    Diagnostic::error(
        "invalid-meta",
        "Invalid depends_on reference",
        "References in depends_on must be to a whole object (resource, data source or module).",
    )
    .remedy("Write `TYPE.NAME`, `data.TYPE.NAME` or `module.NAME`.")
    .at(span)
}

/// What a static traversal names; Terraform takes it in quotes too.
fn named(expr: &Expression, source: SourceId) -> Result<Reference, Box<Diagnostic>> {
    let span = expr.span().map_or(Span::new(source, 0, 0), |r| Span::new(source, r.start, r.end));
    let parsed;
    let expr = match expr {
        Expression::String(text) => {
            parsed = hcl_edit::parser::parse_expr(text.as_str()).map_err(|_| Box::new(bad_dependency(span)))?;
            &parsed
        }
        other => other,
    };
    match expr {
        Expression::Traversal(t) => match &t.expr {
            Expression::Variable(name) => {
                let (mut found, _) = reference(name.as_str(), &t.operators, source, span)?;
                found.span = span;
                Ok(found)
            }
            _ => Err(Box::new(bad_dependency(span))),
        },
        _ => Err(Box::new(bad_dependency(span))),
    }
}

fn ignore_changes(expr: &Expr, reader: &mut Reader<'_>, lifecycle: &mut Lifecycle) {
    let mut bad = |span| {
        reader.error(
            "invalid-meta",
            "Invalid ignore_changes",
            "ignore_changes takes a static list of attributes of the resource, or `all`.".into(),
            "Write `ignore_changes = [NAME, BLOCK[0].NAME]`.".into(),
            span,
        );
    };
    match &*expr.tree {
        Expression::Variable(name) if name.as_str() == "all" => lifecycle.ignore_all = true,
        Expression::String(name) if name.as_str() == "all" => lifecycle.ignore_all = true,
        Expression::Array(items) => {
            for item in items {
                let place = item.span().map_or(expr.span, |r| Span::new(expr.span.source, r.start, r.end));
                match path(item) {
                    Some(path) => {
                        lifecycle.ignore_changes.push(path);
                        lifecycle.ignore_places.push(place);
                    }
                    None => bad(place),
                }
            }
        }
        _ => bad(expr.span),
    }
}

/// A static path to an attribute.
fn path(expr: &Expression) -> Option<AttrPath> {
    match expr {
        Expression::Variable(name) => Some(AttrPath::attr(name.as_str())),
        Expression::String(text) => {
            let parsed = hcl_edit::parser::parse_expr(text.as_str()).ok()?;
            if matches!(parsed, Expression::String(_)) { None } else { path(&parsed) }
        }
        Expression::Traversal(t) => {
            let Expression::Variable(name) = &t.expr else { return None };
            t.operators.iter().try_fold(AttrPath::attr(name.as_str()), |path, operator| {
                Some(match operator.value() {
                    TraversalOperator::GetAttr(name) => path.then(Step::Attr(name.as_str().into())),
                    TraversalOperator::LegacyIndex(n) => path.then_index(usize::try_from(*n.value()).ok()?),
                    TraversalOperator::Index(Expression::Number(n)) => {
                        path.then_index(usize::try_from(n.value().as_u64()?).ok()?)
                    }
                    TraversalOperator::Index(Expression::String(key)) => path.then(Step::Key(key.as_str().into())),
                    _ => return None,
                })
            })
        }
        _ => None,
    }
}
