//! Sources of modules that are expressions: what is known before anything is planned.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use cplan_model::{Diagnostic, Diagnostics, Span, Value};

use crate::{Expr, Module, Reference, Scope, Subject, evaluate, prepare_variable};

/// Values of a module's variables as its caller gives them; asked for only where a source needs them.
pub(super) type Given<'a> = &'a dyn Fn(&Module) -> BTreeMap<Arc<str>, Value>;

/// Variables and local values of a module that is being loaded.
pub(super) struct Statics<'a> {
    module: &'a Module,
    given: Given<'a>,
    values: OnceCell<BTreeMap<Arc<str>, Value>>,
    /// Local values on the way, for circles.
    busy: RefCell<Vec<Arc<str>>>,
}

impl<'a> Statics<'a> {
    pub(super) fn new(module: &'a Module, given: Given<'a>) -> Self {
        Statics { module, given, values: OnceCell::new(), busy: RefCell::default() }
    }

    /// The text of a `source`.
    pub(super) fn source(&self, expr: &Expr) -> Result<String, Diagnostics> {
        let (value, diagnostics) = evaluate(expr, self);
        if diagnostics.has_errors() {
            return Err(diagnostics);
        }
        let value = value.unmarked_deep();
        match value.as_str() {
            Some(text) => Ok(text.to_owned()),
            None if value.is_known() => Err(Diagnostic::error(
                "module-source",
                "Invalid module source",
                "The source of a module must be a string.",
            )
            .remedy("Write a path that begins with `./` or `../`.")
            .at(expr.span)
            .into()),
            None => Err(unknown(expr.span).into()),
        }
    }

    /// Those of some expressions that are known.
    pub(super) fn known<'e>(&self, exprs: impl Iterator<Item = (&'e Arc<str>, &'e Expr)>) -> BTreeMap<Arc<str>, Value> {
        let value = |(name, expr): (&Arc<str>, &Expr)| {
            let (value, diagnostics) = evaluate(expr, self);
            (!diagnostics.has_errors()).then(|| (name.clone(), value))
        };
        exprs.filter_map(value).collect()
    }
}

impl Scope for Statics<'_> {
    fn lookup(&self, reference: &Reference) -> Result<Value, Diagnostic> {
        let missing = || unknown(reference.span);
        match &reference.subject {
            Subject::Variable(name) => {
                let variable = self.module.variables.get(name).ok_or_else(missing)?;
                let values = self.values.get_or_init(|| (self.given)(self.module));
                let value = values.get(name).or(variable.default.as_ref()).ok_or_else(missing)?;
                Ok(prepare_variable(variable, name, value.clone(), None).0)
            }
            Subject::Local(name) => {
                let local = self.module.locals.get(name).ok_or_else(missing)?;
                if self.busy.borrow().contains(name) {
                    return Err(missing());
                }
                self.busy.borrow_mut().push(name.clone());
                let (value, diagnostics) = evaluate(&local.value, self);
                self.busy.borrow_mut().pop();
                match diagnostics.into_iter().find(|d| d.severity == cplan_model::Severity::Error) {
                    Some(first) => Err(first),
                    None => Ok(value),
                }
            }
            Subject::PathModule => Ok(Value::string(".")),
            _ => Err(missing()),
        }
    }

    fn module_dir(&self) -> &Path {
        &self.module.dir
    }
}

fn unknown(span: Span) -> Diagnostic {
    Diagnostic::error(
        "module-source",
        "Module source not known",
        "The source of a module must be known before anything is planned: it may hang on variables and local values that name no resources.",
    )
    .remedy("Write a path, or give the variable a value or a default.")
    .at(span)
}
