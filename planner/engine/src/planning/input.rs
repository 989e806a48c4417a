//! What is asked of a plan.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use cplan_config::Config;
use cplan_model::{InstanceAddr, Target, Value};
use cplan_store::State;

use crate::plan::PlanMode;
use crate::registry::Registry;

/// What a plan is made from.
pub struct PlanInput<'a> {
    /// The configuration.
    pub config: Arc<Config>,
    /// The root module's variables.
    pub variables: BTreeMap<Arc<str>, Value>,
    /// Those of them that somebody gave, as they were given.
    pub given: BTreeMap<Arc<str>, Value>,
    /// The state.
    pub state: State,
    /// The providers.
    pub registry: &'a Registry,
    /// What is asked for.
    pub options: PlanOptions,
    /// The time of day, which the plan is dated by: `plantimestamp()`. Not known while validating.
    pub now: Option<SystemTime>,
    /// The folder that cplan was called in, `path.cwd`; that of the configuration where there is none.
    pub cwd: Option<PathBuf>,
}

/// What a plan is to be about.
#[derive(Clone, Debug)]
pub struct PlanOptions {
    /// What it is made for.
    pub mode: PlanMode,
    /// Whether the world is read; without, the state is believed.
    pub refresh: bool,
    /// Only these and what they need; all where there are none.
    pub targets: Vec<Target>,
    /// All but these and what needs them.
    pub excludes: Vec<Target>,
    /// Instances to replace though nothing else asks for it.
    pub replace: Vec<InstanceAddr>,
    /// Objects to take in beside those that `import` blocks name: where, and how their providers know them.
    pub imports: BTreeMap<InstanceAddr, String>,
}

impl Default for PlanOptions {
    fn default() -> Self {
        PlanOptions {
            mode: PlanMode::Normal,
            refresh: true,
            targets: Vec::new(),
            excludes: Vec::new(),
            replace: Vec::new(),
            imports: BTreeMap::new(),
        }
    }
}
