//! Meta-arguments: `count`, `for_each`, `depends_on`, `lifecycle`.

use cplan_model::{AttrPath, Diagnostic, Mode, Span, Step};
use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, TraversalOperator};

use super::block::Reader;
use crate::references::{Checked, reference, references_checked};
use crate::{Expr, ForEach, Lifecycle, Spelled, Subject};

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
    pub(super) fn depends_on(&mut self) -> Vec<Spelled> {
        let Some(expr) = self.argument("depends_on") else { return Vec::new() };
        let mut out = Vec::new();
        for item in self.list(&expr, "depends_on = [TYPE.NAME]") {
            match self.whole_object(item, expr.span) {
                Ok(reference) => out.push(reference),
                Err(diagnostic) => self.diagnostics.push(*diagnostic),
            }
        }
        out
    }

    /// The items of a list that is written down; tells of anything else.
    fn list<'e>(&mut self, expr: &'e Expr, example: &str) -> impl Iterator<Item = &'e Expression> + use<'e> {
        let items = match &*expr.tree {
            Expression::Array(items) => Some(items),
            _ => {
                self.error(
                    "invalid-meta",
                    "Invalid expression",
                    "A static list expression is required.".into(),
                    format!("Write `{example}`."),
                    expr.span,
                );
                None
            }
        };
        items.into_iter().flat_map(|items| items.iter())
    }

    pub(super) fn lifecycle(&mut self, mode: Mode) -> Lifecycle {
        let Some(block) = self.single("lifecycle") else { return Lifecycle::default() };
        let mut inner = Reader::new(block, self.source);
        let mut lifecycle = Lifecycle::default();
        inner.labels([]);
        if mode == Mode::Data {
            for name in ["create_before_destroy", "prevent_destroy", "ignore_changes", "replace_triggered_by"] {
                if let Some(expr) = inner.argument(name) {
                    inner.error(
                        "invalid-meta",
                        "Invalid data resource lifecycle argument",
                        format!("The lifecycle argument {name:?} is defined only for managed resources."),
                        "Remove it.".into(),
                        expr.span,
                    );
                }
            }
        }
        if let Some(expr) = inner.argument("ignore_changes").filter(|_| mode == Mode::Managed) {
            ignore_changes(&expr, &mut inner, &mut lifecycle);
        }
        lifecycle.prevent_destroy = inner.flag("prevent_destroy");
        lifecycle.create_before_destroy = inner.flag("create_before_destroy");
        if let Some(expr) = inner.argument("replace_triggered_by").filter(|_| mode == Mode::Managed) {
            for item in inner.list(&expr, "replace_triggered_by = [TYPE.NAME]") {
                let one = Expr::new(item, self.source);
                match triggers(&one) {
                    Ok(()) => lifecycle.replace_triggered_by.push((one.clone(), one.span)),
                    Err(diagnostic) => inner.diagnostics.push(*diagnostic),
                }
            }
        }
        lifecycle.preconditions = inner.rules("precondition");
        lifecycle.postconditions = inner.rules("postcondition");
        self.diagnostics.extend(inner.close());
        lifecycle
    }

    /// True or false, written down or to be known when planning.
    pub(super) fn flag(&mut self, name: &'static str) -> Option<Expr> {
        let expr = self.argument(name)?;
        let literal = match &*expr.tree {
            Expression::Null(_) | Expression::Number(_) | Expression::Array(_) | Expression::Object(_) => true,
            Expression::String(_) => expr.literal_bool().is_none(),
            _ => false,
        };
        if literal {
            self.error(
                "wrong-type",
                "Unsuitable value type",
                format!("Unsuitable value for `{name}`: a bool is required."),
                "Write true or false, or an expression that is known when planning.".into(),
                expr.span,
            );
            return None;
        }
        Some(expr)
    }

    /// What a static traversal names; Terraform takes it in quotes too.
    fn whole_object(&mut self, item: &Expression, list: Span) -> Result<Spelled, Box<Diagnostic>> {
        let span = item.span().map_or(list, |r| Span::new(self.source, r.start, r.end));
        let parsed;
        let item = match item {
            Expression::String(text) => {
                self.quoted(span);
                parsed = hcl_edit::parser::parse_expr(text.as_str()).map_err(|_| not_static(span))?;
                &parsed
            }
            other => other,
        };
        if let Expression::Variable(name) = item
            && name.as_str() != "self"
        {
            // A name alone is no reference at all, which is told in the words of one.
            return Err(reference(name.as_str(), &[], self.source, span).err().unwrap_or_else(|| not_static(span)));
        }
        let Expression::Traversal(t) = item else { return Err(not_static(span)) };
        let Expression::Variable(root) = &t.expr else { return Err(not_static(span)) };
        let literal = |o: &TraversalOperator| {
            use TraversalOperator::{GetAttr, Index, LegacyIndex};
            matches!(o, GetAttr(_) | LegacyIndex(_) | Index(Expression::Number(_) | Expression::String(_)))
        };
        if !t.operators.iter().all(|o| literal(o.value())) {
            return Err(not_static(span));
        }
        let (found, taken) = reference(root.as_str(), &t.operators, self.source, span)?;
        let rest = &t.operators[taken.min(t.operators.len())..];
        let keyed = rest.first().is_some_and(|o| !matches!(o.value(), TraversalOperator::GetAttr(_)));
        let most = match &found.subject {
            Subject::SelfObject => return Err(bad_dependency(span)),
            Subject::Module(_) => usize::from(keyed) + usize::from(found.output.is_some()),
            Subject::Resource(_) => usize::from(keyed),
            _ => 0,
        };
        if rest.len() > most { Err(bad_dependency(span)) } else { Ok(Spelled::new(found.subject, rest, span)) }
    }
}

/// What may trigger a replacement: a resource of the module, with constant keys or `each.key` and `count.index`.
fn triggers(expr: &Expr) -> Result<(), Box<Diagnostic>> {
    let wrong = |what: &str| {
        Box::new(
            Diagnostic::error("invalid-trigger", "Invalid replace_triggered_by expression", what)
                .remedy("Name a resource of this module, an instance of it, or an attribute.")
                .at(expr.span),
        )
    };
    let Checked { found, wrong: unreadable, .. } = references_checked(expr);
    if let Some(first) = unreadable.into_iter().next() {
        return Err(Box::new(first));
    }
    if let Some(value) = found.iter().find(|r| r.subject == Subject::EachValue) {
        return Err(Box::new(
            Diagnostic::error(
                "invalid-trigger",
                "Invalid each reference in replace_triggered_by expression",
                "Only each.key may be used in replace_triggered_by.",
            )
            .remedy("Write `each.key`.")
            .at(value.span),
        ));
    }
    for reference in &found {
        if !matches!(reference.subject, Subject::Resource(_) | Subject::CountIndex | Subject::EachKey) {
            return Err(Box::new(
                Diagnostic::error(
                    "invalid-trigger",
                    "Invalid reference in replace_triggered_by expression",
                    "Only resources, count.index, and each.key may be used in replace_triggered_by.",
                )
                .remedy("Let a `terraform_data` resource have the value as its input, and name that.")
                .at(reference.span),
            ));
        }
    }
    let resources = found.iter().filter(|r| matches!(r.subject, Subject::Resource(_))).count();
    match &*expr.tree {
        _ if resources == 0 => Err(wrong("There is no reference to a resource in it.")),
        _ if resources > 1 => Err(wrong("Each entry may refer to only one resource.")),
        Expression::Traversal(t) => {
            let constant = t.operators.iter().all(|o| match o.value() {
                TraversalOperator::GetAttr(_) | TraversalOperator::LegacyIndex(_) => true,
                TraversalOperator::Index(index) => {
                    matches!(index, Expression::Number(_) | Expression::String(_) | Expression::Traversal(_))
                }
                TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => false,
            });
            if constant { Ok(()) } else { Err(wrong("Keys here are constants, `each.key` or `count.index`.")) }
        }
        _ => Err(wrong("This is not a reference to a resource.")),
    }
}

fn bad_dependency(span: Span) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error(
            "invalid-meta",
            "Invalid depends_on reference",
            "References in depends_on must be to a whole object (resource, data source or module), not to an attribute of an object.",
        )
        .remedy("Write `TYPE.NAME`, `data.TYPE.NAME` or `module.NAME`.")
        .at(span),
    )
}

fn not_static(span: Span) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error(
            "invalid-meta",
            "Invalid expression",
            "A single static variable reference is required: only names and constant keys.",
        )
        .remedy("Write `TYPE.NAME`, `data.TYPE.NAME` or `module.NAME`.")
        .at(span),
    )
}

fn ignore_changes(expr: &Expr, reader: &mut Reader<'_>, lifecycle: &mut Lifecycle) {
    if matches!(&*expr.tree, Expression::Variable(name) if name.as_str() == "all") {
        lifecycle.ignore_all = true;
        return;
    }
    let alone = matches!(&*expr.tree, Expression::Array(items) if items.len() == 1);
    for item in reader.list(expr, "ignore_changes = [NAME, BLOCK[0].NAME]`, or `ignore_changes = all") {
        let place = item.span().map_or(expr.span, |r| Span::new(expr.span.source, r.start, r.end));
        if let Expression::String(text) = item {
            if text.as_str() == "*" {
                let summary = if alone { "Invalid ignore_changes wildcard" } else { "Invalid ignore_changes ruleset" };
                reader.error(
                    "invalid-meta",
                    summary,
                    "The [\"*\"] form of ignore_changes is not valid any more.".into(),
                    "Write `ignore_changes = all`.".into(),
                    place,
                );
                continue;
            }
            reader.quoted(place);
        }
        match path(item) {
            Some(path) => {
                lifecycle.ignore_changes.push(path);
                lifecycle.ignore_places.push(place);
            }
            None => reader.error(
                "invalid-meta",
                "Invalid expression",
                "ignore_changes takes a static list of attributes of the resource, or `all`.".into(),
                "Write `ignore_changes = [NAME, BLOCK[0].NAME]`.".into(),
                place,
            ),
        }
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
