//! `for` expressions, and walking collections for them and for templates.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use cplan_model::{Diagnostic, Kind, Marks, Span, Type, Value, convert};
use hcl_edit::expr::{Expression, ForExpr};

use super::{Evaluator, unknown};

/// After how many turns with an error a loop ends: each item may have the same one, and a few are enough.
pub(super) const ENOUGH: usize = 8;

impl Evaluator<'_> {
    pub(super) fn for_expr(&mut self, expr: &ForExpr) -> Value {
        let collection = self.eval(&expr.intro.collection_expr);
        let marks = collection.marks();
        let walked = match pairs(&collection) {
            Ok(walked) => walked,
            Err(what) => {
                let span = self.span(&expr.intro.collection_expr);
                return self.fail(not_iterable(what, span));
            }
        };
        if matches!(collection.kind(), Kind::Unknown(u) if u.ty == Type::Dynamic) {
            return unknown().mark(marks);
        }
        let height = self.locals.len();
        let mut out = Output { marks, ..Output::default() };
        if let Some(cond) = &expr.cond {
            // Once before all, with nothing known, so that a condition that is always wrong is told of even of no items.
            let before = self.diagnostics.told();
            self.bind(expr, unknown(), unknown());
            let value = self.eval(&cond.expr);
            self.locals.truncate(height);
            if value.is_null() {
                let span = self.span(&cond.expr);
                let why = "The value of the 'if' clause must not be null.";
                return self.fail(wrong_condition("Condition is null", why.into(), span));
            }
            self.condition(&cond.expr, &value);
            if self.diagnostics.told() > before {
                return unknown();
            }
            if walked.is_none() {
                out.marks = out.marks | value.marks();
            }
        }
        let Some(pairs) = walked else { return unknown().mark(out.marks) };
        let (before, mut failed) = (self.diagnostics.told(), 0);
        for (key, value) in pairs {
            self.bind(expr, key, value);
            if !self.for_item(expr, &mut out) {
                out.open = true;
            }
            self.locals.truncate(height);
            failed += usize::from(self.diagnostics.told() > before);
            if self.fatal || failed > ENOUGH {
                return unknown();
            }
        }
        if out.open {
            return unknown().mark(out.marks);
        }
        let value = if expr.key_expr.is_none() {
            Value::tuple(out.list)
        } else if expr.grouping {
            Value::object(out.groups.into_iter().map(|(k, items)| (k, Value::tuple(items))))
        } else {
            Value::object(out.map)
        };
        value.mark(out.marks)
    }

    /// Gives an item its names.
    fn bind(&mut self, expr: &ForExpr, key: Value, value: Value) {
        if let Some(name) = &expr.intro.key_var {
            self.locals.push((name.as_str().into(), key));
        }
        self.locals.push((expr.intro.value_var.as_str().into(), value));
    }

    /// Adds one item; false where it depends on what is unknown.
    fn for_item(&mut self, expr: &ForExpr, out: &mut Output) -> bool {
        if let Some(cond) = &expr.cond {
            let value = self.eval(&cond.expr);
            out.marks = out.marks | value.marks();
            if !out.open && value.is_null() {
                let span = self.span(&cond.expr);
                let why = "The value of the 'if' clause must not be null.";
                self.diagnostics.push(wrong_condition("Invalid 'for' condition", why.into(), span));
                return false;
            }
            match self.condition(&cond.expr, &value) {
                Some(true) => {}
                Some(false) => return true,
                None => return false,
            }
        }
        let Some(key_expr) = &expr.key_expr else {
            let value = self.eval(&expr.value_expr);
            out.list.push(value);
            return true;
        };
        let key = self.eval(key_expr);
        out.marks = out.marks | key.marks();
        let span = self.span(key_expr);
        if !key.is_known() || out.open && key.is_null() {
            return false;
        }
        let Some(key) = self.for_key(key_expr, &key) else { return false };
        let value = self.eval(&expr.value_expr);
        if expr.grouping {
            out.groups.entry(key).or_default().push(value);
            return true;
        }
        match out.map.entry(key) {
            Entry::Vacant(free) => {
                free.insert(value);
            }
            Entry::Occupied(taken) => self.diagnostics.push(
                Diagnostic::error(
                    "duplicate-key",
                    "Duplicate object key",
                    if out.marks.is_sensitive() {
                        "Two different items produced the same key, which is sensitive, in this 'for' expression.".into()
                    } else {
                        format!("Two different items produced the key {:?} in this 'for' expression.", taken.key())
                    },
                )
                .remedy("If duplicates are expected, use the ellipsis (...) after the value expression to enable grouping by key.")
                .at(span),
            ),
        }
        true
    }

    fn for_key(&mut self, expr: &Expression, key: &Value) -> Option<Arc<str>> {
        let why = match convert(key, &Type::String) {
            _ if key.is_null() => "Key expression in 'for' expression must not produce a null value.".to_owned(),
            Ok(text) => return text.as_str().map(Arc::from),
            Err(error) => format!("The key expression produced an invalid result: {}.", error.message),
        };
        let span = self.span(expr);
        self.diagnostics.push(
            Diagnostic::error("invalid-key", "Invalid object key", why)
                .remedy("Let the key expression give a string.")
                .at(span),
        );
        None
    }

    /// The verdict of an `if` clause that is not null; `None` where it is unknown or wrong.
    fn condition(&mut self, expr: &Expression, value: &Value) -> Option<bool> {
        if value.is_null() {
            return None;
        }
        match convert(value, &Type::Bool) {
            Ok(value) => value.as_bool(),
            Err(error) => {
                let span = self.span(expr);
                let why = format!("The 'if' clause value is invalid: {}.", error.message);
                self.diagnostics.push(wrong_condition("Invalid 'for' condition", why, span));
                None
            }
        }
    }

    /// Keys and values of a collection; `None` (and perhaps a diagnostic) where they cannot be walked.
    pub(super) fn pairs(&mut self, expr: &Expression, collection: &Value) -> Option<Vec<(Value, Value)>> {
        let span = self.span(expr);
        match pairs(collection) {
            Ok(pairs) => pairs,
            Err(what) => {
                self.diagnostics.push(not_iterable(what, span));
                None
            }
        }
    }
}

fn wrong_condition(summary: &str, why: String, span: Span) -> Diagnostic {
    Diagnostic::error("incorrect-condition", summary, why)
        .remedy("Compare the value with something, so that the condition is true or false.")
        .at(span)
}

fn not_iterable(what: String, span: Span) -> Diagnostic {
    let (summary, remedy) = if what.starts_with("A null") {
        ("Iteration over null value", "Give it a value, for instance with coalesce() or an empty default.")
    } else {
        ("Iteration over non-iterable value", "Iterate over a list, set, tuple, map or object.")
    };
    Diagnostic::error("not-iterable", summary, what).remedy(remedy).at(span)
}

/// Keys and values in order; `Ok(None)` where the collection is unknown.
pub(crate) fn pairs(collection: &Value) -> Result<Option<Vec<(Value, Value)>>, String> {
    Ok(match collection.kind() {
        Kind::List(_, items) | Kind::Tuple(items) => {
            Some(items.iter().enumerate().map(|(i, v)| (Value::number(i), v.clone())).collect())
        }
        Kind::Set(_, items) => Some(items.iter().map(|v| (v.clone(), v.clone())).collect()),
        Kind::Map(_, items) | Kind::Object(items) => {
            Some(items.iter().map(|(k, v)| (Value::string(k.clone()), v.clone())).collect())
        }
        Kind::Unknown(u) if !u.ty.is_primitive() => None,
        Kind::Null(_) => return Err("A null value cannot be used as the collection in a 'for' expression.".into()),
        _ => {
            return Err(format!(
                "A value of type {} cannot be used as the collection in a 'for' expression.",
                collection.ty().friendly()
            ));
        }
    })
}

#[derive(Default)]
struct Output {
    list: Vec<Value>,
    map: BTreeMap<Arc<str>, Value>,
    groups: BTreeMap<Arc<str>, Vec<Value>>,
    marks: Marks,
    open: bool,
}
