//! What everything evaluates to: one table per module instance, and the scope that expressions see.

mod saved;
mod scope;

use std::collections::BTreeMap;
use std::path::{Path as FsPath, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use cplan_config::Module;
use cplan_model::{InstanceAddr, InstanceKey, ModuleInstance, ResourceAddr, Type, Value};
use hashbrown::HashMap;

pub(crate) use saved::SavedModule;
pub(crate) use scope::{Live, View};

use crate::graph::Path;

/// The `each` and `count` of an instance.
#[derive(Clone, Debug)]
pub(crate) enum Repeat {
    None,
    Count(u64),
    Each(Arc<str>, Value),
    /// Some instance of an expansion that is not known yet.
    Unknown,
}

impl Repeat {
    pub(crate) fn key(&self) -> Option<InstanceKey> {
        match self {
            Repeat::Count(n) => Some(InstanceKey::Int(*n)),
            Repeat::Each(key, _) => Some(InstanceKey::Str(key.clone())),
            Repeat::None | Repeat::Unknown => None,
        }
    }
}

/// All instances of a resource or of a module call.
#[derive(Clone, Debug)]
pub(crate) enum Instances<T> {
    Single(T),
    Count(Vec<T>),
    Each(BTreeMap<Arc<str>, T>),
    Unknown,
}

impl<T> Instances<T> {
    fn get_mut(&mut self, key: Option<&InstanceKey>) -> Option<&mut T> {
        match (self, key) {
            (Instances::Single(t), None) => Some(t),
            (Instances::Count(ts), Some(InstanceKey::Int(n))) => ts.get_mut(usize::try_from(*n).ok()?),
            (Instances::Each(ts), Some(InstanceKey::Str(s))) => ts.get_mut(s),
            _ => None,
        }
    }

    /// As a reference without a key sees it.
    pub(crate) fn aggregate(&self, value: impl Fn(&T) -> Value) -> Value {
        match self {
            Instances::Single(t) => value(t),
            Instances::Count(ts) => Value::tuple(ts.iter().map(value)),
            Instances::Each(ts) => Value::object(ts.iter().map(|(k, t)| (k.clone(), value(t)))),
            Instances::Unknown => Value::unknown(Type::Dynamic),
        }
    }
}

#[derive(Clone, Debug)]
struct Resource {
    instances: Instances<Value>,
    whole: OnceLock<Value>,
}

#[derive(Clone, Debug)]
pub(crate) struct ModuleValues {
    pub(crate) module: Arc<Module>,
    /// The `each` and `count` that the call's inputs see.
    pub(crate) repeat: Repeat,
    pub(crate) variables: HashMap<Arc<str>, Value>,
    pub(crate) locals: HashMap<Arc<str>, Value>,
    pub(crate) outputs: HashMap<Arc<str>, Value>,
    resources: HashMap<ResourceAddr, Resource>,
    pub(crate) calls: HashMap<Arc<str>, Instances<Repeat>>,
}

/// What everything evaluates to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values {
    modules: HashMap<ModuleInstance, ModuleValues>,
    by_path: HashMap<Path, Vec<ModuleInstance>>,
    root_dir: PathBuf,
    /// The folder that cplan was called in, where it is another one.
    cwd: Option<PathBuf>,
    /// When the plan is or was made; not known while validating.
    planned_at: Option<SystemTime>,
}

impl Values {
    pub(crate) fn new(root: &Arc<Module>, cwd: Option<PathBuf>, planned_at: Option<SystemTime>) -> Self {
        let mut values = Values { root_dir: root.dir.clone(), cwd, planned_at, ..Values::default() };
        values.add_module(ModuleInstance::root(), root, Repeat::None);
        values
    }

    pub(crate) fn planned_at(&self) -> Option<SystemTime> {
        self.planned_at
    }

    pub(crate) fn root_dir(&self) -> &FsPath {
        &self.root_dir
    }

    pub(crate) fn cwd(&self) -> Option<&FsPath> {
        self.cwd.as_deref()
    }

    /// Adds a module instance, empty; one that is there already stays.
    pub(crate) fn add_module(&mut self, instance: ModuleInstance, module: &Arc<Module>, repeat: Repeat) {
        if self.modules.contains_key(&instance) {
            return;
        }
        let path: Path = instance.0.iter().map(|(call, _)| call.clone()).collect();
        self.by_path.entry(path).or_default().push(instance.clone());
        self.modules.insert(
            instance,
            ModuleValues {
                module: module.clone(),
                repeat,
                variables: HashMap::new(),
                locals: HashMap::new(),
                outputs: HashMap::new(),
                resources: HashMap::with_capacity(module.resources.len()),
                calls: HashMap::new(),
            },
        );
    }

    /// Forgets the instances below a call, because its expansion is evaluated anew.
    pub(crate) fn remove_children(&mut self, parent: &ModuleInstance, call: &Arc<str>) {
        let below =
            |m: &ModuleInstance| parent.contains(m) && m.0.get(parent.0.len()).is_some_and(|(name, _)| name == call);
        self.modules.retain(|m, _| !below(m));
        for list in self.by_path.values_mut() {
            list.retain(|m| !below(m));
        }
    }

    /// The instances of a module, in order of expansion.
    pub(crate) fn instances_of(&self, path: &Path) -> Vec<ModuleInstance> {
        self.by_path.get(path).cloned().unwrap_or_default()
    }

    pub(crate) fn module(&self, instance: &ModuleInstance) -> Option<&ModuleValues> {
        self.modules.get(instance)
    }

    pub(crate) fn module_mut(&mut self, instance: &ModuleInstance) -> Option<&mut ModuleValues> {
        self.modules.get_mut(instance)
    }

    pub(crate) fn set_resource(&mut self, module: &ModuleInstance, addr: &ResourceAddr, instances: Instances<Value>) {
        if let Some(module) = self.modules.get_mut(module) {
            module.resources.insert(addr.clone(), Resource { instances, whole: OnceLock::new() });
        }
    }

    /// Every module instance, in order of address.
    pub(crate) fn all_modules(&self) -> Vec<ModuleInstance> {
        let mut all: Vec<ModuleInstance> = self.modules.keys().cloned().collect();
        all.sort();
        all
    }

    /// Whether a module, or one that it is in, stands for instances that are not known.
    pub(crate) fn is_vague(&self, module: &ModuleInstance) -> bool {
        (1..=module.0.len()).any(|n| {
            let above = ModuleInstance(module.0[..n].into());
            self.modules.get(&above).is_some_and(|m| matches!(m.repeat, Repeat::Unknown))
        })
    }

    /// Whether the configuration has an instance.
    pub(crate) fn has_instance(&self, address: &InstanceAddr) -> bool {
        self.modules.get(&address.module).and_then(|m| m.resources.get(&address.resource)).is_some_and(|r| {
            match (&r.instances, &address.key) {
                (Instances::Single(_), None) | (Instances::Unknown, _) => true,
                (Instances::Count(ts), Some(InstanceKey::Int(n))) => *n < ts.len() as u64,
                (Instances::Each(ts), Some(InstanceKey::Str(s))) => ts.contains_key(s),
                _ => false,
            }
        })
    }

    /// Whether a resource is known to have no instances.
    pub(crate) fn has_none(&self, module: &ModuleInstance, addr: &ResourceAddr) -> bool {
        match self.modules.get(module).and_then(|m| m.resources.get(addr)).map(|r| &r.instances) {
            Some(Instances::Count(ts)) => ts.is_empty(),
            Some(Instances::Each(ts)) => ts.is_empty(),
            _ => false,
        }
    }

    /// The value of one instance.
    pub(crate) fn instance(&self, address: &InstanceAddr) -> Option<Value> {
        let resource = self.modules.get(&address.module)?.resources.get(&address.resource)?;
        match (&resource.instances, &address.key) {
            (Instances::Single(t), None) => Some(t.clone()),
            (Instances::Count(ts), Some(InstanceKey::Int(n))) => ts.get(usize::try_from(*n).ok()?).cloned(),
            (Instances::Each(ts), Some(InstanceKey::Str(s))) => ts.get(s).cloned(),
            _ => None,
        }
    }

    /// The keys of a resource's instances; none where they are not known.
    pub(crate) fn keys_of(&self, module: &ModuleInstance, addr: &ResourceAddr) -> Vec<Option<InstanceKey>> {
        match self.modules.get(module).and_then(|m| m.resources.get(addr)).map(|r| &r.instances) {
            Some(Instances::Single(_)) => vec![None],
            Some(Instances::Count(ts)) => (0..ts.len() as u64).map(|n| Some(InstanceKey::Int(n))).collect(),
            Some(Instances::Each(ts)) => ts.keys().map(|k| Some(InstanceKey::Str(k.clone()))).collect(),
            Some(Instances::Unknown) | None => Vec::new(),
        }
    }

    /// Replaces the value of one instance, during apply.
    pub(crate) fn set_instance(&mut self, address: &InstanceAddr, value: Value) {
        let resource = self.modules.get_mut(&address.module).and_then(|m| m.resources.get_mut(&address.resource));
        if let Some(resource) = resource
            && let Some(slot) = resource.instances.get_mut(address.key.as_ref())
        {
            *slot = value;
            resource.whole = OnceLock::new();
        }
    }

    /// A resource as a reference without a key sees it; unknown where nothing was evaluated.
    pub(crate) fn resource(&self, module: &ModuleInstance, addr: &ResourceAddr) -> Value {
        match self.modules.get(module).and_then(|m| m.resources.get(addr)) {
            Some(resource) => resource.whole.get_or_init(|| resource.instances.aggregate(Value::clone)).clone(),
            None => Value::unknown(Type::Dynamic),
        }
    }

    /// What an expression in a module instance sees.
    pub(crate) fn view<'a>(
        &'a self,
        module: &'a ModuleInstance,
        repeat: &'a Repeat,
        live: Option<&'a Live>,
    ) -> View<'a> {
        View { values: self, module, repeat, live, itself: None }
    }
}
