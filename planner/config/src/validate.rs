//! Static checks: everything that is named is declared, and stands where it may.

use std::collections::HashSet;
use std::sync::Arc;

use cplan_model::{Diagnostic, Diagnostics, Mode, Span};

use crate::references::{Checked, body_references_checked, references_checked};
use crate::{Body, Config, Expr, ForEach, Module, ModuleCall, Reference, ResourceBlock, Spelled, Subject, suggest};

mod conditions;
mod objects;
mod providers;
mod refactor;

pub use objects::{Schemas, has_attribute};

/// Checks all modules without evaluating anything. Cycles are found by whoever orders the graph.
///
/// An error stands at what is refused, and nothing that an evaluation says of that place is worth telling besides.
pub fn validate(config: &Config, schemas: &dyn Schemas) -> Diagnostics {
    let mut out = Diagnostics::new();
    let mut seen = HashSet::new();
    let mut open = vec![config.root.clone()];
    while let Some(module) = open.pop() {
        if seen.insert(Arc::as_ptr(&module)) {
            let root = Arc::ptr_eq(&module, &config.root);
            Checker { module: &module, root, schemas, out: &mut out }.module();
            open.extend(module.calls.values().map(|call| call.module.clone()));
        }
    }
    out
}

/// Checks one expression that stands in a module outside of every block.
pub(crate) fn expression(module: &Module, expr: &Expr, schemas: &dyn Schemas) -> Diagnostics {
    let mut out = Diagnostics::new();
    Checker { module, root: true, schemas, out: &mut out }.expr(expr, Place::default());
    out
}

/// What besides declared names may be named.
#[derive(Clone, Copy, Default)]
struct Place<'a> {
    count: bool,
    each: bool,
    /// What `self` is.
    own: Option<&'a ResourceBlock>,
    /// The check block whose data source may be named.
    check: Option<&'a str>,
}

impl Place<'_> {
    fn of(repeat: Option<&ForEach>) -> Self {
        Place {
            count: matches!(repeat, Some(ForEach::Count(_))),
            each: matches!(repeat, Some(ForEach::Each(_))),
            ..Place::default()
        }
    }
}

struct Checker<'a> {
    module: &'a Module,
    /// Whether it is the root module.
    root: bool,
    schemas: &'a dyn Schemas,
    out: &'a mut Diagnostics,
}

impl Checker<'_> {
    fn module(&mut self) {
        let plain = Place::default();
        for (name, variable) in &self.module.variables {
            for rule in &variable.validations {
                self.expr(&rule.condition, plain);
                self.message(rule, plain);
                let found = references_checked(&rule.condition).found;
                if !found.iter().any(|r| r.subject == Subject::Variable(name.clone())) {
                    self.out.push(
                        Diagnostic::error(
                            "invalid-condition",
                            "Invalid variable validation condition",
                            format!("The condition for variable {name:?} must refer to var.{name}."),
                        )
                        .remedy(format!("Name `var.{name}` in the condition."))
                        .at(rule.condition.span),
                    );
                }
            }
        }
        for local in self.module.locals.values() {
            self.expr(&local.value, plain);
        }
        for output in self.module.outputs.values() {
            self.expr(&output.value, plain);
            self.dependencies(&output.depends_on, plain);
            self.rules(&output.preconditions, "precondition", plain, None);
        }
        for (name, check) in &self.module.checks {
            self.rules(&check.asserts, "assert", Place { check: Some(name), ..plain }, None);
        }
        for provider in self.module.providers.values() {
            self.body(&provider.body, plain);
        }
        self.aliases();
        self.refactoring();
        for resource in self.module.resources.values() {
            self.repeat(resource.repeat.as_ref());
            self.dependencies(&resource.depends_on, plain);
            let place = Place { check: resource.check.as_deref(), ..Place::of(resource.repeat.as_ref()) };
            self.body(&resource.body, place);
            self.lifecycle(resource, place);
        }
        for (name, call) in &self.module.calls {
            self.call(name, call);
            self.passed(name, call);
        }
    }

    fn call(&mut self, name: &str, call: &ModuleCall) {
        self.repeat(call.repeat.as_ref());
        self.dependencies(&call.depends_on, Place::default());
        let place = Place::of(call.repeat.as_ref());
        let variables = &call.module.variables;
        for (input, (expr, span)) in &call.inputs {
            self.expr(expr, place);
            if !variables.contains_key(input) {
                let near = suggest(input, variables.keys().map(|k| &**k));
                self.out.push(
                    Diagnostic::error(
                        "unsupported-argument",
                        "Unsupported argument",
                        format!(
                            "An argument named `{input}` is not expected here: module `{name}` has no such variable."
                        ),
                    )
                    .remedy(near.map_or("Remove it.".into(), |n| format!("Did you mean `{n}`?")))
                    .at(*span),
                );
            }
        }
        for (variable, declared) in variables {
            if declared.default.is_none() && !call.inputs.contains_key(variable) {
                self.out.push(
                    Diagnostic::error(
                        "missing-argument",
                        "Missing required argument",
                        format!("The argument `{variable}` is required, but module `{name}` is called without it."),
                    )
                    .remedy(format!("Add `{variable} = ...` to the call."))
                    .at(call.span)
                    .label(declared.span, "declared here without a default"),
                );
            }
        }
    }

    fn repeat(&mut self, repeat: Option<&ForEach>) {
        if let Some(ForEach::Count(expr) | ForEach::Each(expr)) = repeat {
            self.expr(expr, Place::default());
        }
    }

    fn expr(&mut self, expr: &Expr, place: Place<'_>) {
        self.checked(references_checked(expr), place);
    }

    fn body(&mut self, body: &Body, place: Place<'_>) {
        self.checked(body_references_checked(body), place);
    }

    fn checked(&mut self, named: Checked, place: Place<'_>) {
        self.out.extend(named.wrong);
        self.all(&named.found, place);
        for spelled in &named.spelled {
            self.object(spelled, place);
        }
    }

    fn dependencies(&mut self, on: &[Spelled], place: Place<'_>) {
        let references: Vec<Reference> = on.iter().map(Spelled::reference).collect();
        self.all(&references, place);
        for spelled in on {
            self.object(spelled, place);
        }
    }

    fn all(&mut self, references: &[Reference], place: Place<'_>) {
        for reference in references {
            if let Err(diagnostic) = self.reference(reference, place) {
                self.out.push(*diagnostic);
            }
        }
    }

    fn reference(&self, reference: &Reference, place: Place<'_>) -> Result<(), Box<Diagnostic>> {
        let module = self.module;
        let span = reference.span;
        match &reference.subject {
            Subject::Variable(name) if !module.variables.contains_key(name) => {
                let near = suggest(name, module.variables.keys().map(|k| &**k));
                undeclared(
                    "input variable",
                    &format!("an input variable with the name {name:?}"),
                    near,
                    "var.",
                    span,
                    || format!("Declare it with `variable {name:?} {{}}`."),
                )
            }
            Subject::Local(name) if !module.locals.contains_key(name) => {
                let near = suggest(name, module.locals.keys().map(|k| &**k));
                undeclared(
                    "local value",
                    &format!("a local value with the name {name:?}"),
                    near,
                    "local.",
                    span,
                    || format!("Declare it in a `locals` block: `{name} = ...`."),
                )
            }
            Subject::Resource(addr) if !module.resources.contains_key(addr) => {
                let names: Vec<String> =
                    module.resources.keys().filter(|a| a.mode == addr.mode).map(ToString::to_string).collect();
                let near = suggest(&addr.to_string(), names.iter().map(String::as_str)).or_else(|| {
                    let types = module.resources.keys().filter(|a| a.mode == addr.mode && a.ty == addr.ty);
                    let first = types.map(ToString::to_string).next()?;
                    names.iter().find(|n| **n == first).map(String::as_str)
                });
                let kind = if addr.mode == Mode::Data { "data resource" } else { "managed resource" };
                let what = format!("a {kind} {:?} {:?}", addr.ty, addr.name);
                undeclared("resource", &what, near, "", span, || format!("Declare `{addr}`, or put a text in quotes."))
            }
            Subject::Resource(addr)
                if module
                    .resources
                    .get(addr)
                    .is_some_and(|r| r.check.is_some() && r.check.as_deref() != place.check) =>
            {
                Err(Box::new(
                    Diagnostic::error(
                        "scoped-reference",
                        "Reference to scoped resource",
                        format!("`{addr}` stands in a check block, and only that block can name it."),
                    )
                    .remedy("Put the data source outside of the check block.")
                    .at(span),
                ))
            }
            Subject::Module(name) => match module.calls.get(name) {
                None => {
                    let near = suggest(name, module.calls.keys().map(|k| &**k));
                    undeclared("module", &format!("a module call named {name:?}"), near, "module.", span, || {
                        format!("Declare it with `module {name:?} {{ source = ... }}`.")
                    })
                }
                // Whether it has such an output, evaluation tells: a `try` may ask for one that is not there.
                Some(_) => Ok(()),
            },
            Subject::CountIndex if !place.count => misplaced(
                "count",
                "The \"count\" object can only be used in \"module\", \"resource\", and \"data\" blocks, and only when the \"count\" argument is set.",
                span,
            ),
            Subject::EachValue if !place.each => misplaced(
                "each.value",
                "The value of an element is there only in blocks with the \"for_each\" argument.",
                span,
            ),
            Subject::EachKey if !place.each => misplaced(
                "each",
                "The \"each\" object can be used only in \"module\" or \"resource\" blocks, and only when the \"for_each\" argument is set.",
                span,
            ),
            Subject::SelfObject if place.own.is_none() => misplaced(
                "self",
                "The \"self\" object is not available in this context. This object can be used only in resource provisioner, connection, and postcondition blocks.",
                span,
            ),
            _ => Ok(()),
        }
    }
}

fn undeclared(
    kind: &str,
    what: &str,
    near: Option<&str>,
    prefix: &str,
    span: Span,
    otherwise: impl FnOnce() -> String,
) -> Result<(), Box<Diagnostic>> {
    Err(Box::new(
        Diagnostic::error(
            "undeclared-reference",
            format!("Reference to undeclared {kind}"),
            format!("There is no declaration of {what} in this module."),
        )
        .remedy(near.map_or_else(otherwise, |n| format!("Did you mean `{prefix}{n}`?")))
        .at(span),
    ))
}

fn misplaced(object: &str, what: &str, span: Span) -> Result<(), Box<Diagnostic>> {
    let (summary, remedy) = match object {
        "self" => ("Invalid \"self\" reference", "Name the resource itself."),
        "each.value" => {
            ("each.value cannot be used in this context", "Add `for_each` to the block, or use another value.")
        }
        "each" => {
            ("Reference to \"each\" in context without for_each", "Add `for_each` to the block, or use another value.")
        }
        _ => ("Reference to \"count\" in non-counted context", "Add `count` to the block, or use another value."),
    };
    Err(Box::new(Diagnostic::error("invalid-reference", summary, what).remedy(remedy).at(span)))
}
