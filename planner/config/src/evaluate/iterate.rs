//! `for` expressions, and walking collections for them and for templates.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use cplan_model::{Diagnostic, Kind, Marks, Span, Type, Value, convert};
use hcl_edit::expr::{Expression, ForExpr};

use super::{Evaluator, unknown};

impl Evaluator<'_> {
    pub(super) fn for_expr(&mut self, expr: &ForExpr) -> Value {
        let collection = self.eval(&expr.intro.collection_expr);
        let marks = collection.marks();
        let Some(pairs) = self.pairs(&expr.intro.collection_expr, &collection) else { return unknown().mark(marks) };
        let mut out = Output { marks, ..Output::default() };
        let height = self.locals.len();
        for (key, value) in pairs {
            if let Some(name) = &expr.intro.key_var {
                self.locals.push((name.as_str().into(), key));
            }
            self.locals.push((expr.intro.value_var.as_str().into(), value));
            if !self.for_item(expr, &mut out) {
                out.open = true;
            }
            self.locals.truncate(height);
            if self.diagnostics.has_errors() {
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

    /// Adds one item; false where it depends on what is unknown.
    fn for_item(&mut self, expr: &ForExpr, out: &mut Output) -> bool {
        if let Some(cond) = &expr.cond {
            let value = self.eval(&cond.expr);
            out.marks = out.marks | value.marks();
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
        let mut known = true;
        let Some(key) = self.for_key(key_expr, &key, &mut known) else { return known };
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

    fn for_key(&mut self, expr: &Expression, key: &Value, known: &mut bool) -> Option<Arc<str>> {
        let why = match convert(key, &Type::String) {
            _ if key.is_null() => "Key expression in 'for' expression must not produce a null value.".to_owned(),
            Ok(text) => match text.as_str() {
                Some(text) => return Some(text.into()),
                None => {
                    *known = false;
                    return None;
                }
            },
            Err(_) => "The key expression produced an invalid result: string required.".to_owned(),
        };
        let span = self.span(expr);
        self.diagnostics.push(
            Diagnostic::error("invalid-key", "Invalid object key", why)
                .remedy("Let the key expression give a string.")
                .at(span),
        );
        None
    }

    /// The verdict of an `if` clause; `None` where it is unknown or wrong.
    pub(super) fn condition(&mut self, expr: &Expression, value: &Value) -> Option<bool> {
        let why = if value.is_null() {
            "The value of the 'if' clause must not be null.".to_owned()
        } else {
            match convert(value, &Type::Bool) {
                Ok(value) => return value.as_bool(),
                Err(_) => "The 'if' clause value is invalid: a bool is required.".to_owned(),
            }
        };
        let span = self.span(expr);
        self.diagnostics.push(
            Diagnostic::error("incorrect-condition", "Invalid 'for' condition", why)
                .remedy("Compare the value with something, so that the condition is true or false.")
                .at(span),
        );
        None
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
