//! The table taken apart and put together again, for plans that are saved.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use cplan_model::{ModuleInstance, ResourceAddr, Value};

use super::{Instances, Repeat, Resource, Values};

/// Everything in one module instance.
pub(crate) struct SavedModule {
    pub(crate) instance: ModuleInstance,
    pub(crate) repeat: Repeat,
    pub(crate) variables: BTreeMap<Arc<str>, Value>,
    pub(crate) locals: BTreeMap<Arc<str>, Value>,
    pub(crate) outputs: BTreeMap<Arc<str>, Value>,
    pub(crate) resources: BTreeMap<ResourceAddr, Instances<Value>>,
    pub(crate) calls: BTreeMap<Arc<str>, Instances<Repeat>>,
}

impl Values {
    /// All module instances: outer ones first, those of one module in order of expansion.
    pub(crate) fn save<T>(&self, mut f: impl FnMut(SavedModule) -> T) -> Vec<T> {
        let paths: BTreeMap<_, _> = self.by_path.iter().collect();
        let instances = paths.into_values().flatten();
        let sorted = |values: &hashbrown::HashMap<Arc<str>, Value>| {
            values.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
        };
        instances
            .filter_map(|instance| {
                let module = self.modules.get(instance)?;
                Some(f(SavedModule {
                    instance: instance.clone(),
                    repeat: module.repeat.clone(),
                    variables: sorted(&module.variables),
                    locals: sorted(&module.locals),
                    outputs: sorted(&module.outputs),
                    resources: module.resources.iter().map(|(a, r)| (a.clone(), r.instances.clone())).collect(),
                    calls: module.calls.iter().map(|(name, repeats)| (name.clone(), repeats.clone())).collect(),
                }))
            })
            .collect()
    }

    /// Takes in what [`Values::save`] gave, in that order. False where the configuration has no such module.
    pub(crate) fn restore(&mut self, saved: SavedModule) -> bool {
        if let Some(((call, _), above)) = saved.instance.0.split_last() {
            let above = ModuleInstance(above.into());
            let called = self.modules.get(&above).and_then(|outer| outer.module.calls.get(call));
            let Some(module) = called.map(|call| call.module.clone()) else { return false };
            self.add_module(saved.instance.clone(), &module, saved.repeat);
        }
        let Some(module) = self.modules.get_mut(&saved.instance) else { return false };
        module.variables = saved.variables.into_iter().collect();
        module.locals = saved.locals.into_iter().collect();
        module.outputs = saved.outputs.into_iter().collect();
        let whole = |instances| Resource { instances, whole: OnceLock::new() };
        module.resources = saved.resources.into_iter().map(|(addr, instances)| (addr, whole(instances))).collect();
        module.calls = saved.calls.into_iter().collect();
        true
    }
}
