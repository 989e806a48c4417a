//! Expressions that must stand for themselves: defaults, type constraints, files of values.

use std::path::Path;

use cplan_model::{Diagnostic, Span, Value};
use hcl_edit::Span as _;
use hcl_edit::expr::FuncCall;
use hcl_edit::visit::{Visit, visit_func_call};

use crate::evaluate::constant_value;
use crate::{Expr, Reference, Scope, evaluate};

/// A scope where nothing may be named.
struct Nothing;

impl Scope for Nothing {
    fn lookup(&self, _: &Reference) -> Result<Value, Diagnostic> {
        Err(not_allowed())
    }

    fn module_dir(&self) -> &Path {
        Path::new("")
    }
}

fn not_allowed() -> Diagnostic {
    Diagnostic::error("variables-not-allowed", "Variables not allowed", "Variables may not be used here.")
        .remedy("Write the value itself.")
}

pub(crate) fn no_calls() -> Diagnostic {
    Diagnostic::error("functions-not-allowed", "Function calls not allowed", "Functions may not be called here.")
        .remedy("Write the value itself, or compute it in a local value.")
}

/// The value that an expression has without anything being named or called, what a conditional does not choose aside.
pub(crate) fn value_of_constants(expr: &Expr) -> Option<Value> {
    constant_value(&expr.tree, expr.span.source, &Nothing)
}

/// Where functions are called.
struct Calls {
    first: Option<std::ops::Range<usize>>,
}

impl Visit for Calls {
    fn visit_func_call(&mut self, node: &FuncCall) {
        self.first = self.first.take().or_else(|| node.name.name.span());
        visit_func_call(self, node);
    }
}

/// The value of an expression that names nothing and calls nothing.
pub(crate) fn constant(expr: &Expr) -> Result<Value, Box<Diagnostic>> {
    let mut calls = Calls { first: None };
    calls.visit_expr(&expr.tree);
    if let Some(range) = calls.first {
        return Err(Box::new(no_calls().at(Span::new(expr.span.source, range.start, range.end))));
    }
    let named = crate::references::references_checked(expr);
    let first = named
        .found
        .iter()
        .map(|r| Some(r.span))
        .chain(named.wrong.iter().map(|d| d.primary.as_ref().map(|l| l.span)))
        .next();
    if let Some(span) = first {
        return Err(Box::new(not_allowed().at(span.unwrap_or(expr.span))));
    }
    let (value, diagnostics) = evaluate(expr, &Nothing);
    match diagnostics.into_iter().next() {
        Some(first) => Err(Box::new(first)),
        None => Ok(value),
    }
}
