//! The scope of an expression in a module instance.

use std::cell::RefCell;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use cplan_config::{Clock, ForEach, Reference, Scope, Subject, evaluate, prepare_variable};
use cplan_model::{Diagnostic, InstanceKey, Marks, ModuleInstance, Type, Value};
use hashbrown::HashMap;

use super::{Instances, Repeat, Values};

/// Values evaluated anew because what they hang on became known since they were planned: during apply, or in the console.
#[derive(Debug, Default)]
pub(crate) struct Live {
    applying: bool,
    /// What hangs on the time of day stays unknown, as it is in the plan.
    timeless: bool,
    memo: RefCell<HashMap<(ModuleInstance, Subject), Value>>,
}

impl Live {
    /// While a plan is carried out.
    pub(crate) fn applying() -> Self {
        Live { applying: true, ..Live::default() }
    }

    /// In the console, of a plan.
    pub(crate) fn planned() -> Self {
        Live { timeless: true, ..Live::default() }
    }

    /// Whether a planned value is still the value: it is known, and does not hang on whether a plan is carried out.
    fn lasts(&self, value: &Value) -> bool {
        value.is_wholly_known() && !(self.applying && value.marks_deep().is_ephemeral())
    }

    /// Forgets what may have become known since. What was known stays: a `uuid()` in a local value is one for all.
    pub(crate) fn renew(&self) {
        self.memo.borrow_mut().retain(|_, value| value.is_wholly_known());
    }
}

/// What an expression sees. With `live`, whatever was not wholly known when it was planned is evaluated anew.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(super) values: &'a Values,
    pub(super) module: &'a ModuleInstance,
    pub(super) repeat: &'a Repeat,
    pub(super) live: Option<&'a Live>,
    pub(super) itself: Option<&'a Value>,
}

impl<'a> View<'a> {
    /// The same, with what `self` means.
    pub(crate) fn with_self(self, itself: Option<&'a Value>) -> Self {
        View { itself, ..self }
    }
}

impl View<'_> {
    fn unknown() -> Value {
        Value::unknown(Type::Dynamic)
    }

    /// The planned value, or in a live view, where that is not wholly known, the one evaluated now.
    fn fresh(
        &self,
        module: &ModuleInstance,
        subject: Subject,
        planned: Option<&Value>,
        now: impl FnOnce(&Live) -> Option<Value>,
    ) -> Value {
        match (planned, self.live) {
            (Some(value), live) if live.map_or_else(|| value.is_wholly_known(), |l| l.lasts(value)) => value.clone(),
            (planned, None) => planned.cloned().unwrap_or_else(Self::unknown),
            (planned, Some(live)) => {
                let key = (module.clone(), subject);
                if let Some(value) = live.memo.borrow().get(&key) {
                    return value.clone();
                }
                let value = now(live).or_else(|| planned.cloned()).unwrap_or_else(Self::unknown);
                live.memo.borrow_mut().insert(key, value.clone());
                value
            }
        }
    }

    fn variable(&self, name: &Arc<str>) -> Value {
        let Some(here) = self.values.module(self.module) else { return Self::unknown() };
        self.fresh(self.module, Subject::Variable(name.clone()), here.variables.get(name), |live| {
            let (parent, call) = parent_of(self.module)?;
            let outer = self.values.module(&parent)?;
            let call = outer.module.calls.get(&call)?;
            let (input, _) = call.inputs.get(name)?;
            let repeat = match &here.repeat {
                Repeat::Each(_, value) if !live.lasts(value) => {
                    self.values.repeat_of(&parent, here.repeat.key().as_ref(), call.repeat.as_ref(), live)
                }
                planned => planned.clone(),
            };
            let (value, _) = evaluate(input, &self.values.view(&parent, &repeat, Some(live)));
            let (value, _) = prepare_variable(here.module.variables.get(name)?, name, value, None);
            Some(value)
        })
    }

    fn local(&self, name: &Arc<str>) -> Value {
        let Some(here) = self.values.module(self.module) else { return Self::unknown() };
        self.fresh(self.module, Subject::Local(name.clone()), here.locals.get(name), |live| {
            let local = here.module.locals.get(name)?;
            Some(evaluate(&local.value, &self.values.view(self.module, &Repeat::None, Some(live))).0)
        })
    }

    fn output(&self, module: &ModuleInstance, name: &Arc<str>) -> Option<Value> {
        let inner = self.values.module(module)?;
        let output = inner.module.outputs.get(name)?;
        // An output that was not evaluated yet cannot be what the reference needs: the graph has an edge to that.
        let planned = inner.outputs.get(name)?;
        Some(self.fresh(module, Subject::Module(name.clone()), Some(planned), |live| {
            let (value, _) = evaluate(&output.value, &self.values.view(module, &Repeat::None, Some(live)));
            Some(if output.sensitive { value.mark(Marks::SENSITIVE) } else { value })
        }))
    }

    fn call(&self, name: &Arc<str>, reference: &Reference) -> Value {
        let Some(here) = self.values.module(self.module) else { return Self::unknown() };
        let (Some(instances), Some(call)) = (here.calls.get(name), here.module.calls.get(name)) else {
            return Self::unknown();
        };
        if matches!(instances, Instances::Unknown) {
            return Self::unknown();
        }
        let only = call.output_of(reference);
        instances.aggregate(|repeat| {
            let module = self.module.child(name, repeat.key());
            let names = call.module.outputs.keys().filter(|n| only.is_none_or(|o| o == *n));
            Value::object(names.filter_map(|n| Some((n.clone(), self.output(&module, n)?))))
        })
    }
}

impl Values {
    /// The `each` and `count` of an instance of a block, evaluated with what is known now.
    pub(crate) fn repeat_of(
        &self,
        module: &ModuleInstance,
        key: Option<&InstanceKey>,
        repeat: Option<&ForEach>,
        live: &Live,
    ) -> Repeat {
        match (key, repeat) {
            (Some(InstanceKey::Int(n)), _) => Repeat::Count(*n),
            (Some(InstanceKey::Str(key)), Some(ForEach::Each(expr))) => {
                let (all, _) = evaluate(expr, &self.view(module, &Repeat::None, Some(live)));
                let value = all.get(key).cloned().unwrap_or_else(|| Value::string(key.clone()));
                Repeat::Each(key.clone(), value)
            }
            _ => Repeat::None,
        }
    }
}

impl Scope for View<'_> {
    fn lookup(&self, reference: &Reference) -> Result<Value, Diagnostic> {
        let dir = |path: &Path| Value::string(path.to_string_lossy().as_ref());
        Ok(match &reference.subject {
            Subject::Variable(name) => self.variable(name),
            Subject::Local(name) => self.local(name),
            Subject::Resource(addr) => self.values.resource(self.module, addr),
            Subject::Module(name) => self.call(name, reference),
            Subject::CountIndex => match self.repeat {
                Repeat::Count(n) => Value::number(*n),
                _ => Value::unknown(Type::Number),
            },
            Subject::EachKey => match self.repeat {
                Repeat::Each(key, _) => Value::string(key.clone()),
                _ => Value::unknown(Type::String),
            },
            Subject::EachValue => match self.repeat {
                Repeat::Each(_, value) => value.clone(),
                _ => Self::unknown(),
            },
            Subject::PathRoot => Value::string("."),
            Subject::PathCwd => dir(self.values.cwd().unwrap_or(self.values.root_dir())),
            Subject::PathModule => match self.values.module(self.module) {
                Some(here) => dir(&relative(self.values.root_dir(), &here.module.dir)),
                None => Value::string("."),
            },
            Subject::Workspace => Value::string("default"),
            Subject::Applying => Value::bool(self.live.is_some_and(|live| live.applying)).mark(Marks::EPHEMERAL),
            Subject::SelfObject => self.itself.cloned().unwrap_or_else(Self::unknown),
        })
    }

    /// Relative paths in functions mean the root module's folder, as in Terraform.
    fn module_dir(&self) -> &Path {
        self.values.root_dir()
    }

    /// The time of the plan; and in a live view, the time of day.
    fn clock(&self) -> Clock {
        Clock {
            planned: self.values.planned_at,
            now: self.live.filter(|live| !live.timeless).map(|_| SystemTime::now()),
        }
    }

    fn is_console(&self) -> bool {
        self.live.is_some_and(|live| !live.applying)
    }

    fn provider_source(&self, local: &str) -> Option<&str> {
        let here = self.values.module(self.module)?;
        here.module.settings.required_providers.get(local)?.source.as_deref()
    }
}

fn parent_of(module: &ModuleInstance) -> Option<(ModuleInstance, Arc<str>)> {
    let ((call, _), above) = module.0.split_last()?;
    Some((ModuleInstance(above.into()), call.clone()))
}

/// `to` as seen from `from`; both absolute and without dots.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let (a, b): (Vec<_>, Vec<_>) = (from.components().collect(), to.components().collect());
    let common = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let up = a[common..].iter().map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(b[common..].iter().copied()).collect();
    if path.as_os_str().is_empty() { PathBuf::from(".") } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn module_paths_are_relative_to_the_root() {
        assert_eq!(relative(Path::new("/a/b"), Path::new("/a/b")), PathBuf::from("."));
        assert_eq!(relative(Path::new("/a/b"), Path::new("/a/b/m")), PathBuf::from("m"));
        assert_eq!(relative(Path::new("/a/examples/x"), Path::new("/a/modules/m")), PathBuf::from("../../modules/m"));
    }
}
