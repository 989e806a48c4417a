//! The values that a plan was given.

use std::collections::BTreeMap;
use std::sync::Arc;

use cplan_model::{ModuleInstance, Value};

use crate::plan::Plan;

impl Plan {
    /// The root module's variables when it was planned: as they were given, and otherwise their defaults; one that has
    /// neither is left out.
    pub fn variables(&self) -> BTreeMap<Arc<str>, Value> {
        let root = self.values.module(&ModuleInstance::root());
        let all = root.into_iter().flat_map(|m| m.variables.iter());
        let told = |(name, value): (&Arc<str>, &Value)| (name.clone(), self.given.get(name).unwrap_or(value).clone());
        all.filter(|(_, v)| v.is_known()).map(told).collect()
    }
}
