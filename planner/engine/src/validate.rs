//! Everything that can be said about a configuration without a state and without the world.

use std::collections::BTreeMap;
use std::sync::Arc;

use cplan_config::Config;
use cplan_model::Diagnostics;
use cplan_sdk::{Context, Silent};
use cplan_store::State;
use tokio_util::sync::CancellationToken;

use crate::planning::{PlanInput, PlanOptions, Planner};
use crate::registry::Registry;

/// Checks a configuration with variables and resources unknown.
pub fn validate(config: &Arc<Config>, registry: &Registry) -> Diagnostics {
    // Nothing is called that would look at the context.
    let ctx = Context::new("", Arc::new(Silent), CancellationToken::new());
    let input = PlanInput {
        config: config.clone(),
        variables: BTreeMap::new(),
        given: BTreeMap::new(),
        state: State::default(),
        registry,
        options: PlanOptions { refresh: false, ..PlanOptions::default() },
        now: None,
        cwd: None,
    };
    let mut planner = Planner::new(&ctx, input);
    planner.validating = true;
    planner.first_pass();
    planner.diagnostics
}
