//! Expressions that must stand for themselves: defaults, type constraints, files of values.

use std::path::Path;

use cplan_model::{Diagnostic, Value};

use crate::{Expr, Reference, Scope, evaluate};

/// A scope where nothing may be named.
struct Nothing;

impl Scope for Nothing {
    fn lookup(&self, _: &Reference) -> Result<Value, Diagnostic> {
        Err(Diagnostic::error("variables-not-allowed", "Variables not allowed", "Variables may not be used here.")
            .remedy("Write the value itself."))
    }

    fn module_dir(&self) -> &Path {
        Path::new("")
    }
}

/// The value of an expression that names nothing.
pub(crate) fn constant(expr: &Expr) -> Result<Value, Box<Diagnostic>> {
    let (value, diagnostics) = evaluate(expr, &Nothing);
    match diagnostics.into_iter().next() {
        Some(first) => Err(Box::new(first)),
        None => Ok(value),
    }
}
