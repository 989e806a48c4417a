//! Expressions to values: literals, operators, calls, templates, traversals, splats and `for`.
//!
//! Every error becomes a diagnostic at its place and the value unknown, so that one evaluation tells of several.

use std::collections::BTreeMap;
use std::sync::Arc;

use cplan_model::{Diagnostic, Diagnostics, Kind, Marks, Number, SourceId, Span, Type, Value, convert, normalized};
use hcl_edit::Span as _;
use hcl_edit::expr::{Array, Expression, Object, ObjectKey, TraversalOperator};

use crate::{Expr, Scope};

mod call;
mod conditional;
mod equality;
mod iterate;
mod operators;
mod range;
mod render;
mod splat;
mod template;
mod traversal;

pub(crate) use equality::equal;
pub(crate) use iterate::pairs;
pub(crate) use operators::not_null;
pub(crate) use render::Rendering;
pub(crate) use traversal::{attribute, index};

/// How deep expressions may nest, functions and templates that they render included.
const MAX_DEPTH: usize = 256;

/// How many parts one expression evaluates at most, those of each turn of a loop counted anew.
const MAX_STEPS: u64 = 10_000_000;
/// The most parts that a value has when it is written out; what names one value often grows beyond all memory in no time.
const MAX_PARTS: u32 = 10_000_000;
/// How many collections of a value stand in one another at most: more than a state can hold.
const MAX_NESTING: u16 = 1_000;

/// After how many errors, repeats included, nothing more is evaluated: nobody reads more of them.
const MAX_ERRORS: usize = 1_000;

/// How long a text, in bytes, and how many elements a collection may get.
const MAX_SIZE: usize = 64 << 20;

/// The value of an expression. Where the diagnostics have an error, the value is unknown and of any type.
pub fn evaluate(expr: &Expr, scope: &dyn Scope) -> (Value, Diagnostics) {
    evaluate_with(&expr.tree, expr.span.source, scope, &[])
}

/// As [`evaluate`], with names that stand before those of the scope, such as the iterator of a dynamic block.
pub(crate) fn evaluate_with(
    tree: &Expression,
    source: SourceId,
    scope: &dyn Scope,
    locals: &[(Arc<str>, Value)],
) -> (Value, Diagnostics) {
    let mut evaluator = Evaluator::new(scope, source, locals);
    let value = evaluator.eval(tree);
    if evaluator.diagnostics.has_errors() {
        return (unknown(), evaluator.diagnostics);
    }
    (value, evaluator.diagnostics)
}

/// The value that an expression has whatever there is to be named or called; `None` where it has none.
pub(crate) fn constant_value(tree: &Expression, source: SourceId, scope: &dyn Scope) -> Option<Value> {
    let mut evaluator = Evaluator { constant: true, ..Evaluator::new(scope, source, &[]) };
    let value = evaluator.eval(tree);
    (!evaluator.diagnostics.has_errors() && value.is_wholly_known()).then_some(value)
}

/// One evaluation on its way.
pub(crate) struct Evaluator<'a> {
    scope: &'a dyn Scope,
    source: SourceId,
    /// Names of `for`, of dynamic blocks and of templates, innermost last.
    locals: Vec<(Arc<str>, Value)>,
    /// In a template file only `locals` count.
    template: bool,
    /// Nothing may be named or called; where that is done in what is not chosen, it does not count.
    constant: bool,
    diagnostics: Diagnostics,
    depth: usize,
    /// The place of the innermost expression that has one.
    here: Span,
    /// Something was named that there is not, or the evaluation came to an end before it was done: an error that `try`
    /// and `can` do not catch.
    fatal: bool,
    /// The parts evaluated so far.
    steps: u64,
}

/// Stands for a value that an error prevented.
fn unknown() -> Value {
    Value::unknown(Type::Dynamic)
}

impl<'a> Evaluator<'a> {
    pub(crate) fn new(scope: &'a dyn Scope, source: SourceId, locals: &[(Arc<str>, Value)]) -> Self {
        Evaluator {
            scope,
            source,
            locals: locals.to_vec(),
            template: false,
            constant: false,
            diagnostics: Diagnostics::new(),
            depth: 0,
            here: Span::new(source, 0, 0),
            fatal: false,
            steps: 0,
        }
    }

    /// The place of something in the tree.
    fn span(&self, node: &impl hcl_edit::Span) -> Span {
        node.span().map_or(self.here, |r| Span::new(self.source, r.start, r.end))
    }

    fn fail(&mut self, diagnostic: Diagnostic) -> Value {
        self.diagnostics.push(diagnostic);
        unknown()
    }

    /// The value of one node.
    pub(crate) fn eval(&mut self, expr: &Expression) -> Value {
        if self.depth >= MAX_DEPTH {
            let span = self.span(expr);
            return self.fail(
                Diagnostic::error("too-deep", "Expression nested too deeply", "The expression nests too deeply.")
                    .remedy("Move parts of it to local values.")
                    .at(span),
            );
        }
        if self.diagnostics.told() >= MAX_ERRORS && self.diagnostics.has_errors() {
            return unknown();
        }
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return self.exhausted(format!("The expression has more than {MAX_STEPS} parts to evaluate."));
        }
        self.depth += 1;
        let outer = self.here;
        self.here = self.span(expr);
        let mut value = self.node(expr);
        let size = match value.kind() {
            Kind::String(text) => text.len(),
            Kind::List(_, items) | Kind::Set(_, items) | Kind::Tuple(items) => items.len(),
            _ => 0,
        };
        let extent = value.extent();
        if size > MAX_SIZE {
            value = self.exhausted(format!("What it gives is longer than {MAX_SIZE} bytes or elements."));
        } else if extent.parts > MAX_PARTS {
            value = self.exhausted(format!("What it gives has more than {MAX_PARTS} parts when it is written out."));
        } else if extent.depth > MAX_NESTING {
            value = self.exhausted(format!("What it gives nests deeper than {MAX_NESTING} levels."));
        }
        self.here = outer;
        self.depth -= 1;
        value
    }

    /// Ends the evaluation.
    fn exhausted(&mut self, what: String) -> Value {
        if std::mem::replace(&mut self.fatal, true) {
            return unknown();
        }
        self.steps = MAX_STEPS;
        let here = self.here;
        self.fail(
            Diagnostic::error("too-large", "Expression too large", what)
                .remedy("Compute less of it, or smaller parts in local values.")
                .at(here),
        )
    }

    fn node(&mut self, expr: &Expression) -> Value {
        match expr {
            Expression::Null(_) => Value::null(Type::Dynamic),
            Expression::Bool(b) => Value::bool(*b.value()),
            Expression::Number(n) => number(n).map_or_else(|text| self.bad_number(&text), Value::number),
            Expression::String(s) => Value::string(s.as_str()),
            Expression::Array(array) => self.array(array),
            Expression::Object(object) => self.object(object),
            Expression::StringTemplate(template) => self.string_template(template),
            Expression::HeredocTemplate(heredoc) => self.template(&heredoc.template),
            Expression::Parenthesis(inner) => self.eval(inner.inner()),
            Expression::Variable(name) => self.traversal(expr, name.value(), None, &[]),
            Expression::Conditional(conditional) => self.conditional(conditional),
            Expression::FuncCall(call) => self.call(call),
            Expression::Traversal(traversal) => match &traversal.expr {
                Expression::Variable(name) => {
                    self.traversal(expr, name.value(), traversal.expr.span(), &traversal.operators)
                }
                other => {
                    let value = self.eval(other);
                    self.operators(value, &traversal.operators)
                }
            },
            Expression::UnaryOp(op) => self.unary(op),
            Expression::BinaryOp(op) => self.binary(op),
            Expression::ForExpr(expr) => self.for_expr(expr),
        }
    }

    fn bad_number(&mut self, text: &str) -> Value {
        let span = self.here;
        self.fail(
            Diagnostic::error("invalid-number", "Invalid number literal", format!("`{text}` is not a usable number."))
                .remedy("Write a decimal number of ordinary size.")
                .at(span),
        )
    }

    fn array(&mut self, array: &Array) -> Value {
        let items: Vec<Value> = array.iter().map(|item| self.eval(item)).collect();
        Value::tuple(items)
    }

    fn object(&mut self, object: &Object) -> Value {
        let mut items: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        let mut marks = Marks::NONE;
        let mut known = true;
        for (key, value) in object {
            let key = match key {
                ObjectKey::Ident(name) => Some(Arc::from(name.as_str())),
                ObjectKey::Expression(Expression::Variable(name)) => Some(Arc::from(name.as_str())),
                // The keywords are names there.
                ObjectKey::Expression(Expression::Null(_)) => Some(Arc::from("null")),
                ObjectKey::Expression(expr @ Expression::Traversal(traversal))
                    if matches!(traversal.expr, Expression::Variable(_))
                        && traversal.operators.iter().all(|o| matches!(o.value(), TraversalOperator::GetAttr(_))) =>
                {
                    let span = self.span(expr);
                    self.diagnostics.push(
                        Diagnostic::error(
                            "ambiguous-key",
                            "Ambiguous attribute key",
                            "A key with dots may be meant as a reference or as a text.",
                        )
                        .remedy("Put a reference in parentheses, a text in quotes.")
                        .at(span),
                    );
                    None
                }
                ObjectKey::Expression(expr) => {
                    let key = self.eval(expr);
                    marks = marks | key.marks();
                    self.object_key(expr, &key, &mut known)
                }
            };
            let value = self.eval(value.expr());
            if let Some(key) = key {
                items.insert(normalized(key), value);
            }
        }
        if !known {
            return unknown().mark(marks);
        }
        Value::new(Kind::Object(items.into())).mark(marks)
    }

    fn object_key(&mut self, expr: &Expression, key: &Value, known: &mut bool) -> Option<Arc<str>> {
        let span = self.span(expr);
        if key.is_null() {
            self.diagnostics.push(
                Diagnostic::error("null-key", "Null value as key", "Can't use a null value as a key.")
                    .remedy("Give the key a value.")
                    .at(span),
            );
            return None;
        }
        match convert(key, &Type::String) {
            Ok(text) => match text.as_str() {
                Some(text) => Some(text.into()),
                None => {
                    *known = false;
                    None
                }
            },
            Err(error) => {
                self.diagnostics.push(
                    Diagnostic::error(
                        "invalid-key",
                        "Incorrect key type",
                        format!("Can't use this value as a key: {}.", error.message),
                    )
                    .remedy("Use a string as the key.")
                    .at(span),
                );
                None
            }
        }
    }
}

/// The exact number that a literal spells; its text if it cannot be read.
fn number(literal: &hcl_edit::Formatted<hcl_edit::Number>) -> Result<Number, String> {
    let text: String = match literal.as_repr() {
        Some(repr) => {
            // Between the sign and the digits may be space and comments.
            let digits = repr.trim_start_matches('-');
            let other = |c: char| !(c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
            let start = digits.rfind(other).map_or(0, |at| at + digits[at..].chars().next().map_or(0, char::len_utf8));
            format!("{}{}", if digits.len() < repr.len() { "-" } else { "" }, &digits[start..])
        }
        None => literal.value().to_string(),
    };
    Number::parse(&text).map_err(|_| text)
}

/// The name of a type as Terraform's messages say it, null and `any` included.
pub(crate) fn type_name(value: &Value) -> String {
    value.ty().friendly()
}
