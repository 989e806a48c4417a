//! The walk over expressions, templates and bodies that collects references.

use std::sync::Arc;

use cplan_model::{Diagnostic, SourceId, Span};
use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, ObjectKey, TraversalOperator};
use hcl_edit::structure::{Block, Body};
use hcl_edit::template::{Directive, Element, Template};

use super::{Operators, reference};
use crate::{Reference, Spelled};

pub(super) struct Collector {
    source: SourceId,
    /// Names that hide references, innermost last.
    hidden: Vec<Arc<str>>,
    /// Whether what may be an argument or a block stands as both.
    json: bool,
    pub(super) found: Vec<Reference>,
    pub(super) wrong: Vec<Diagnostic>,
    /// Every occurrence, where that is asked for.
    pub(super) spelled: Option<Vec<Spelled>>,
}

impl Collector {
    pub(super) fn new(source: SourceId) -> Self {
        Collector::within(source, false)
    }

    /// For a body; see [`crate::BodySource::json`].
    pub(super) fn within(source: SourceId, json: bool) -> Self {
        Collector { source, json, hidden: Vec::new(), found: Vec::new(), wrong: Vec::new(), spelled: None }
    }

    /// That keeps every occurrence as it is spelled, too.
    pub(super) fn spelling(self) -> Self {
        Collector { spelled: Some(Vec::new()), ..self }
    }

    fn name(&mut self, whole: &Expression, root: &str, operators: &Operators) {
        if self.hidden.iter().any(|n| **n == *root) {
            return;
        }
        let span = whole.span().map_or(Span::new(self.source, 0, 0), |r| Span::new(self.source, r.start, r.end));
        match reference(root, operators, self.source, span) {
            Ok((reference, taken)) => {
                if let Some(spelled) = &mut self.spelled {
                    spelled.push(Spelled::new(reference.subject.clone(), &operators[taken..], span));
                }
                if !self.found.contains(&reference) {
                    self.found.push(reference);
                }
            }
            Err(diagnostic) => self.wrong.push(*diagnostic),
        }
    }

    pub(super) fn expression(&mut self, expr: &Expression) {
        match expr {
            Expression::Null(_) | Expression::Bool(_) | Expression::Number(_) | Expression::String(_) => {}
            Expression::Array(array) => array.iter().for_each(|item| self.expression(item)),
            Expression::Object(object) => {
                for (key, value) in object {
                    // A bare name as a key is text.
                    if let ObjectKey::Expression(key) = key
                        && !matches!(key, Expression::Variable(_))
                    {
                        self.expression(key);
                    }
                    self.expression(value.expr());
                }
            }
            Expression::StringTemplate(template) => self.template(template),
            Expression::HeredocTemplate(heredoc) => self.template(&heredoc.template),
            Expression::Parenthesis(inner) => self.expression(inner.inner()),
            Expression::Variable(name) => self.name(expr, name.as_str(), &[]),
            Expression::Conditional(c) => {
                for part in [&c.cond_expr, &c.true_expr, &c.false_expr] {
                    self.expression(part);
                }
            }
            Expression::FuncCall(call) => call.args.iter().for_each(|arg| self.expression(arg)),
            Expression::Traversal(traversal) => {
                match &traversal.expr {
                    Expression::Variable(name) => self.name(expr, name.as_str(), &traversal.operators),
                    other => self.expression(other),
                }
                for operator in &traversal.operators {
                    if let TraversalOperator::Index(index) = operator.value() {
                        self.expression(index);
                    }
                }
            }
            Expression::UnaryOp(op) => self.expression(&op.expr),
            Expression::BinaryOp(op) => {
                self.expression(&op.lhs_expr);
                self.expression(&op.rhs_expr);
            }
            Expression::ForExpr(f) => {
                self.expression(&f.intro.collection_expr);
                let key = f.intro.key_var.as_ref().map(|k| k.as_str());
                self.hiding(key, f.intro.value_var.as_str(), |this| {
                    let parts = [f.key_expr.as_ref(), Some(&f.value_expr), f.cond.as_ref().map(|c| &c.expr)];
                    parts.into_iter().flatten().for_each(|part| this.expression(part));
                });
            }
        }
    }

    fn hiding(&mut self, key: Option<&str>, value: &str, f: impl FnOnce(&mut Self)) {
        let height = self.hidden.len();
        self.hidden.extend(key.into_iter().chain([value]).map(Arc::from));
        f(self);
        self.hidden.truncate(height);
    }

    fn template(&mut self, template: &Template) {
        for element in template {
            match element {
                Element::Literal(_) => {}
                Element::Interpolation(part) => self.expression(&part.expr),
                Element::Directive(directive) => match &**directive {
                    Directive::If(d) => {
                        self.expression(&d.if_expr.cond_expr);
                        self.template(&d.if_expr.template);
                        d.else_expr.iter().for_each(|e| self.template(&e.template));
                    }
                    Directive::For(d) => {
                        let f = &d.for_expr;
                        self.expression(&f.collection_expr);
                        let key = f.key_var.as_ref().map(|k| k.as_str());
                        self.hiding(key, f.value_var.as_str(), |this| this.template(&f.template));
                    }
                },
            }
        }
    }

    pub(super) fn body(&mut self, body: &Body) {
        // What stands as an argument and as blocks names the same; only generated blocks name iterators.
        let as_blocks = |name: &str| self.json && body.get_blocks(name).any(generates);
        let arguments: Vec<_> = body.attributes().filter(|a| !as_blocks(a.key.as_str())).collect();
        for attribute in arguments {
            self.expression(&attribute.value);
        }
        for block in body.blocks() {
            let name = block.ident.as_str();
            if self.json && body.has_attribute(name) && !body.get_blocks(name).any(generates) {
                continue;
            }
            if block.has_ident("dynamic") && block.labels.len() == 1 {
                self.dynamic(block);
            } else {
                self.body(&block.body);
            }
        }
    }

    fn dynamic(&mut self, block: &Block) {
        let iterator = match block.body.get_attribute("iterator").map(|a| &a.value) {
            Some(Expression::Variable(name)) => name.as_str(),
            _ => block.labels[0].as_str(),
        };
        if let Some(each) = block.body.get_attribute("for_each") {
            self.expression(&each.value);
        }
        self.hiding(None, iterator, |this| {
            if let Some(labels) = block.body.get_attribute("labels") {
                this.expression(&labels.value);
            }
            for content in block.body.get_blocks("content") {
                this.body(&content.body);
            }
        });
    }
}

/// Whether a block is generated or holds one that is.
fn generates(block: &Block) -> bool {
    block.has_ident("dynamic") || block.body.blocks().any(generates)
}
