//! The way back: from an argument to what its expression names, and on from there.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cplan_config::{Config, Expr, ForEach, Spelled, Subject, spelled, written};
use cplan_engine::{Console, Registry};
use cplan_model::{AttrPath, InstanceAddr, ModuleInstance, ResourceAddr, Span, Step, Value};
use cplan_store::{RecordKey, State};

use super::target::{Named, Target, module_at};
use crate::render::sensitive::{marked, schema_of};
use crate::render::why::Cause;

/// How far back a value is followed.
const DEEPEST: usize = 24;

/// Follows values through a configuration.
pub(super) struct Tracer<'a, F> {
    config: &'a Config,
    console: &'a Console,
    state: &'a State,
    registry: &'a Registry,
    origins: &'a BTreeMap<Arc<str>, String>,
    /// A file's path as the user can open it.
    path: F,
    /// What is told already.
    seen: HashSet<String>,
}

impl<'a, F: Fn(&Path) -> PathBuf> Tracer<'a, F> {
    /// One that has followed nothing yet.
    pub(super) fn new(
        config: &'a Config,
        console: &'a Console,
        state: &'a State,
        registry: &'a Registry,
        origins: &'a BTreeMap<Arc<str>, String>,
        path: F,
    ) -> Self {
        Tracer { config, console, state, registry, origins, path, seen: HashSet::new() }
    }

    /// Where the target comes from.
    pub(super) fn trace(&mut self, target: &Target) -> Cause {
        self.follow(target, 0)
    }

    fn follow(&mut self, target: &Target, depth: usize) -> Cause {
        let prefix = if target.module.is_root() { String::new() } else { format!("{}.", target.module) };
        let path = AttrPath(target.steps.clone()).to_string();
        let behind = if path.is_empty() || path.starts_with('[') { path } else { format!(".{path}") };
        let what = match &target.named {
            Named::Variable(name) => format!("{prefix}var.{name}{behind}"),
            Named::Local(name) => format!("{prefix}local.{name}{behind}"),
            Named::Output(name) => format!("{prefix}output.{name}{behind}"),
            Named::Resource(resource, key) => {
                let address =
                    InstanceAddr { module: target.module.clone(), resource: resource.clone(), key: key.clone() };
                format!("{address}{behind}")
            }
        };
        let mut cause = Cause { what, ..Cause::default() };
        if depth > DEEPEST || !self.seen.insert(cause.what.clone()) {
            cause.because = "as told above".to_owned();
            return cause;
        }
        match &target.named {
            Named::Variable(name) => self.variable(target, name, &mut cause, depth),
            Named::Local(name) => {
                if let Some(local) = module_at(self.config, &target.module).and_then(|m| m.locals.get(&**name)) {
                    self.expression(&target.module, &local.value, &target.steps, &mut cause, depth);
                }
            }
            Named::Output(name) => {
                if let Some(output) = module_at(self.config, &target.module).and_then(|m| m.outputs.get(&**name)) {
                    self.expression(&target.module, &output.value, &target.steps, &mut cause, depth);
                }
            }
            Named::Resource(resource, _) => self.resource(target, resource, &mut cause, depth),
        }
        cause
    }

    fn variable(&mut self, target: &Target, name: &str, cause: &mut Cause, depth: usize) {
        let Some(variable) = module_at(self.config, &target.module).and_then(|m| m.variables.get(name)) else { return };
        cause.value = self.console.variable(&target.module, name).map(|v| part(&v, &target.steps));
        if let Some(((call, _), above)) = target.module.0.split_last() {
            let above = ModuleInstance(above.into());
            let call = module_at(self.config, &above).and_then(|m| m.calls.get(call));
            if let Some((input, _)) = call.and_then(|c| c.inputs.get(name)) {
                cause.place = self.place(input.span);
                cause.text = format!("{name} = {}", self.text(input.span));
                self.references(&above, input, call.and_then(|c| c.repeat.as_ref()), cause, depth);
                return;
            }
        } else if let Some(origin) = self.origins.get(name) {
            cause.place = self.place(variable.span);
            cause.because = format!("given by {origin}");
            return;
        }
        cause.place = self.place(variable.span);
        cause.because = if variable.default.is_some() { "its default".to_owned() } else { "not given".to_owned() };
    }

    fn resource(&mut self, target: &Target, resource: &ResourceAddr, cause: &mut Cause, depth: usize) {
        let Named::Resource(_, key) = &target.named else { return };
        let address = InstanceAddr { module: target.module.clone(), resource: resource.clone(), key: key.clone() };
        let record = self.state.records.get(&RecordKey::from(address.clone()));
        cause.value = record.map(|r| part(&marked(schema_of(self.registry, &address), &r.values), &target.steps));
        let Some(block) = module_at(self.config, &target.module).and_then(|m| m.resources.get(resource)) else {
            cause.because = "it is in the state and not in the configuration".to_owned();
            return;
        };
        let repeat = block.repeat.clone();
        let arguments = written(&block.body).arguments;
        let Some(Step::Attr(first)) = target.steps.first() else {
            cause.place = self.place(block.span);
            cause.value = None;
            for (name, _) in &arguments {
                let inner = Target { steps: vec![Step::Attr(name.clone())], ..target.clone() };
                cause.from.push(self.follow(&inner, depth + 1));
            }
            return;
        };
        match arguments.iter().find(|(name, _)| name == first) {
            Some((name, expr)) => {
                cause.place = self.place(expr.span);
                cause.text = format!("{name} = {}", self.text(expr.span));
                self.references(&target.module, expr, repeat.as_ref(), cause, depth);
            }
            // What went in comes out.
            None if *resource.ty == *"terraform_data" && **first == *"output" => {
                let mut steps = target.steps.clone();
                steps[0] = Step::Attr("input".into());
                cause.place = self.place(block.span);
                cause.because = "what was given as `input`".to_owned();
                cause.from.push(self.follow(&Target { steps, ..target.clone() }, depth + 1));
            }
            None if written(&block.body).blocks.iter().any(|(name, _)| name == first) => {
                cause.place = self.place(block.span);
                cause.because = format!("set by the `{first}` blocks");
            }
            None => {
                cause.place = self.place(block.span);
                let provider = &block.provider.name;
                cause.because = format!("not set in the configuration; provider `{provider}` says what it is");
                let schema = schema_of(self.registry, &address);
                let known = schema.is_none_or(|s| s.attributes.contains_key(first) || s.blocks.contains_key(first));
                if !known {
                    cause.because = format!("`{}` has no attribute `{first}`", resource.ty);
                }
            }
        }
    }

    fn expression(&mut self, module: &ModuleInstance, expr: &Expr, steps: &[Step], cause: &mut Cause, depth: usize) {
        cause.place = self.place(expr.span);
        cause.text = self.text(expr.span);
        cause.value = Some(part(&self.console.value_in(module, expr), steps));
        self.references(module, expr, None, cause, depth);
    }

    /// What an expression names; `each` and `count` lead to the expression that the block repeats over.
    fn references(
        &mut self,
        module: &ModuleInstance,
        expr: &Expr,
        repeat: Option<&ForEach>,
        cause: &mut Cause,
        depth: usize,
    ) {
        for reference in spelled(expr) {
            let found = match (&reference.subject, repeat) {
                (Subject::CountIndex | Subject::EachKey | Subject::EachValue, Some(repeat)) => {
                    self.repetition(module, repeat, &reference, depth)
                }
                _ => match target_of(module, &reference) {
                    Some(target) => self.follow(&target, depth + 1),
                    None => continue,
                },
            };
            if !cause.from.iter().any(|c| c.what == found.what) {
                cause.from.push(found);
            }
        }
    }

    fn repetition(&mut self, module: &ModuleInstance, repeat: &ForEach, reference: &Spelled, depth: usize) -> Cause {
        let (name, expr) = match repeat {
            ForEach::Count(expr) => ("count", expr),
            ForEach::Each(expr) => ("for_each", expr),
        };
        let what = match reference.subject {
            Subject::CountIndex => "count.index",
            Subject::EachKey => "each.key",
            _ => "each.value",
        };
        let mut cause = Cause { what: what.to_owned(), ..Cause::default() };
        cause.place = self.place(expr.span);
        cause.text = format!("{name} = {}", self.text(expr.span));
        if depth < DEEPEST {
            self.references(module, expr, None, &mut cause, depth + 1);
        }
        cause
    }

    fn place(&self, span: Span) -> Option<String> {
        let (path, line, column) = self.config.sources.locate(span)?;
        Some(format!("{}:{line}:{column}", (self.path)(path).display()))
    }

    /// The text of an expression on one line.
    fn text(&self, span: Span) -> String {
        let file = self.config.sources.get(span.source);
        let text = file.and_then(|f| f.text.get(span.start as usize..span.end as usize)).unwrap_or_default();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.chars().count() > 100 { text.chars().take(99).collect::<String>() + "…" } else { text }
    }
}

/// What a reference in a module leads to.
fn target_of(module: &ModuleInstance, reference: &Spelled) -> Option<Target> {
    let steps = reference.steps.clone();
    let here = |named| Some(Target { module: module.clone(), named, steps: steps.clone() });
    match &reference.subject {
        Subject::Variable(name) => here(Named::Variable(name.to_string())),
        Subject::Local(name) => here(Named::Local(name.to_string())),
        Subject::Resource(resource) => here(Named::Resource(resource.clone(), reference.key.clone())),
        Subject::Module(name) => {
            let output = reference.output.as_ref()?;
            let inner = module.child(name, reference.key.clone());
            Some(Target { module: inner, named: Named::Output(output.to_string()), steps })
        }
        _ => None,
    }
}

/// A part of a value, with the marks of what holds it.
fn part(value: &Value, steps: &[Step]) -> Value {
    let mut value = value.clone();
    for step in steps {
        let marks = value.marks();
        let inner = match step {
            Step::Attr(name) | Step::Key(name) => value.get(name),
            Step::Index(n) => value.as_slice().and_then(|items| items.get(*n)),
            Step::Element(_) => None,
        };
        value = inner.cloned().unwrap_or_else(|| Value::unknown(cplan_model::Type::Dynamic)).mark(marks);
    }
    value
}
