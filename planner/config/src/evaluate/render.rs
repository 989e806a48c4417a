//! Templates that functions render: only the variables that they are given count, and errors tell the place in the
//! template.

use std::ops::Range;
use std::sync::Arc;

use cplan_model::{Diagnostic, Value};
use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, ForExpr, FuncCall, ObjectKey};
use hcl_edit::template::{Element, ForDirective, Template};
use hcl_edit::visit::{Visit, visit_expr, visit_for_cond, visit_template};

use super::{Evaluator, MAX_DEPTH};
use crate::functions::{Context, Failure, graphemes};

mod unbalanced;

/// How much deeper a template stands than the call that renders it.
const STEP: usize = 32;

/// A template that was read.
pub(crate) struct Rendering<'a> {
    /// What messages call it.
    name: &'a str,
    text: &'a str,
    template: Template,
}

impl<'a> Rendering<'a> {
    /// Reads a text, or says where it is none and why.
    pub(crate) fn new(name: &'a str, text: &'a str) -> Result<Self, String> {
        match crate::parse::template(text) {
            Ok(template) => Ok(Rendering { name, text, template }),
            Err(error) => Err(unbalanced::explain(text).map_or_else(
                || {
                    let (line, column) = (error.location().line(), error.location().column());
                    format!("{name}:{line},{column}-{column}: Invalid template; {}.", error.message())
                },
                |(range, why)| format!("{name}:{}: {why}.", places(text, range)),
            )),
        }
    }

    fn place(&self, range: Range<usize>) -> String {
        format!("{}:{}", self.name, places(self.text, range))
    }

    /// The value of the template with these variables.
    pub(crate) fn value(&self, context: &Context<'_>, variables: &Value) -> Result<Value, Failure> {
        let Some(given) = variables.as_map() else {
            return Err(Failure::Rule(Some(1), "invalid vars value: must be a map".into()));
        };
        if let Some(variable) = given.keys().find(|n| !is_identifier(n)) {
            let why = format!(
                "invalid template variable name {variable:?}: must start with a letter, followed by zero or more letters, digits, and underscores"
            );
            return Err(Failure::Rule(Some(1), why));
        }
        let mut roots = Roots::default();
        roots.visit_template(&self.template);
        if let Some((missing, range)) = roots.found.into_iter().find(|(root, _)| !given.contains_key(root.as_str())) {
            let why = format!("vars map does not contain key {missing:?}, referenced at {}", self.place(range));
            return Err(Failure::Rule(Some(1), why));
        }
        let locals: Vec<(Arc<str>, Value)> = given.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
        let mut evaluator = Evaluator::new(context.scope, context.source, &locals);
        evaluator.template = true;
        evaluator.depth = context.depth + STEP;
        if evaluator.depth >= MAX_DEPTH {
            return Err("templates render one another too deeply".into());
        }
        let value = evaluator.template(&self.template);
        let errors: Vec<&Diagnostic> = evaluator.diagnostics.iter().collect();
        if let Some(first) = errors.first() {
            let range = first.primary.as_ref().map_or(0..0, |l| l.span.start as usize..l.span.end as usize);
            let mut why = format!("{}: {}; {}", self.place(range), first.summary, first.what);
            if errors.len() > 1 {
                why.push_str(&format!(", and {} other diagnostic(s)", errors.len() - 1));
            }
            return Err(Failure::Call(why));
        }
        if value.is_null() {
            let why = "Template result is null; The result of the template is null, which is not a valid result for a templatestring call.";
            return Err(Failure::Call(format!("{}: {why}", self.place(0..self.text.len()))));
        }
        Ok(value)
    }
}

/// Why the first argument of `templatestring` is not one: text that stands right there needs no function.
pub(super) fn not_a_reference(call: &FuncCall) -> Option<&'static str> {
    const ELSEWHERE: &str = "invalid template expression: must be a direct reference to a single string from elsewhere, containing valid Terraform template syntax";
    const LITERAL: &str = "invalid template expression: templatestring is only for rendering templates retrieved dynamically from elsewhere, and so does not support providing a literal template; consider using a template string expression instead";
    const WRAPPED: &str = "invalid template expression: templatestring is only for rendering templates retrieved dynamically from elsewhere; to treat the inner expression as template syntax, write the reference expression directly without any template interpolation syntax";
    const INLINE: &str = "invalid template expression: templatestring is only for rendering templates retrieved dynamically from elsewhere; to render an inline template, consider using a plain template string expression";
    let of = |template: &Template| {
        let mut elements = template.iter();
        match (elements.next(), elements.next()) {
            (None | Some(Element::Literal(_)), None) => LITERAL,
            (Some(Element::Interpolation(inner)), None) if is_reference(&inner.expr) => WRAPPED,
            _ => INLINE,
        }
    };
    match call.args.iter().next()? {
        _ if call.args.len() == 1 && call.args.expand_final() => Some(ELSEWHERE),
        expr if is_reference(expr) => None,
        Expression::String(_) => Some(LITERAL),
        Expression::StringTemplate(template) => Some(of(template)),
        Expression::HeredocTemplate(heredoc) => Some(of(&heredoc.template)),
        _ => Some(ELSEWHERE),
    }
}

fn is_reference(expr: &Expression) -> bool {
    match expr {
        Expression::Variable(_) => true,
        Expression::Traversal(traversal) => matches!(traversal.expr, Expression::Variable(_)),
        _ => false,
    }
}

fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

/// `1,9-13`, or with both lines where it ends on another one. Columns count what a reader sees as one character.
fn places(text: &str, range: Range<usize>) -> String {
    let place = |at: usize| {
        let before = text.get(..at.min(text.len())).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        (line, before.rsplit('\n').next().map_or(0, |line| graphemes(line).count()) + 1)
    };
    match (place(range.start), place(range.end)) {
        ((line, from), (last, to)) if line == last => format!("{line},{from}-{to}"),
        ((line, from), (last, to)) => format!("{line},{from}-{last},{to}"),
    }
}

/// What the traversals of a template begin with, but for the names of its own loops.
#[derive(Default)]
struct Roots {
    hidden: Vec<String>,
    found: Vec<(String, Range<usize>)>,
}

impl Roots {
    fn hiding(&mut self, key: Option<&str>, value: &str, visit: impl FnOnce(&mut Self)) {
        let height = self.hidden.len();
        self.hidden.extend(key.into_iter().chain([value]).map(str::to_owned));
        visit(self);
        self.hidden.truncate(height);
    }
}

impl Visit for Roots {
    fn visit_expr(&mut self, node: &Expression) {
        match node {
            Expression::Variable(name) if !self.hidden.iter().any(|h| h == name.as_str()) => {
                self.found.push((name.as_str().to_owned(), node.span().unwrap_or_default()));
            }
            _ => visit_expr(self, node),
        }
    }

    /// A bare name as a key is text.
    fn visit_object_key(&mut self, node: &ObjectKey) {
        if let ObjectKey::Expression(key) = node
            && !matches!(key, Expression::Variable(_))
        {
            self.visit_expr(key);
        }
    }

    fn visit_for_expr(&mut self, node: &ForExpr) {
        self.visit_expr(&node.intro.collection_expr);
        let key = node.intro.key_var.as_ref().map(|k| k.as_str());
        self.hiding(key, node.intro.value_var.as_str(), |this| {
            node.key_expr.iter().for_each(|key| this.visit_expr(key));
            this.visit_expr(&node.value_expr);
            node.cond.iter().for_each(|cond| visit_for_cond(this, cond));
        });
    }

    fn visit_for_directive(&mut self, node: &ForDirective) {
        let intro = &node.for_expr;
        self.visit_expr(&intro.collection_expr);
        let key = intro.key_var.as_ref().map(|k| k.as_str());
        self.hiding(key, intro.value_var.as_str(), |this| visit_template(this, &intro.template));
    }
}
