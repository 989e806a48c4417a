//! What the `provider` blocks of a folder say, for commands that plan nothing.

use std::collections::BTreeMap;

use cplan_model::{Diagnostics, Value};
use cplan_sdk::Context;

use crate::planning::{PlanInput, Planner};

/// The settings by the key of their configuration (`lab`, `lab.other`), as a plan would give them to providers; nothing
/// is set up, and one that hangs on what is not known yet is not wholly known. The diagnostics are those of the whole folder.
pub fn provider_settings(ctx: &Context, input: PlanInput<'_>) -> (BTreeMap<String, Value>, Diagnostics) {
    let mut planner = Planner::new(ctx, input);
    planner.first_pass();
    planner.given_settings()
}
