//! The values that a plan was given.

use std::collections::BTreeMap;
use std::sync::Arc;

use cplan_model::{ModuleInstance, Value};

use crate::plan::Plan;

impl Plan {
    /// The root module's variables, as they were when it was planned; one that nobody gave a value is left out.
    pub fn variables(&self) -> BTreeMap<Arc<str>, Value> {
        let root = self.values.module(&ModuleInstance::root());
        let all = root.into_iter().flat_map(|m| m.variables.iter());
        all.filter(|(_, v)| v.is_known()).map(|(name, v)| (name.clone(), v.clone())).collect()
    }
}
