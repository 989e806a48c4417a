//! The plan that deletes everything.

use std::sync::Arc;

use cplan_model::{Diagnostics, Reason};
use cplan_sdk::Context;

use crate::event::EventSink;
use crate::plan::{OutputChange, Plan};
use crate::planning::{PlanInput, Planner};

/// Plans the deletion of every object of the state. The world is not read first: a delete of what is gone is a
/// success, and a machine that is dead must not stand in the way.
pub async fn plan_destroy(
    ctx: &Context,
    input: PlanInput<'_>,
    _events: Arc<dyn EventSink>,
) -> (Option<Plan>, Diagnostics) {
    let mut planner = Planner::new(ctx, input);
    if !planner.prepare().await {
        return (None, planner.diagnostics);
    }
    let records = planner.state.records.iter().map(|(k, r)| (k.clone(), r.clone())).collect();
    planner.remove(records, &Reason::Destroy);
    let outputs = std::mem::take(&mut planner.state.outputs).into_iter().map(|(name, output)| OutputChange {
        name: name.into(),
        before: Some(output.value),
        after: None,
        sensitive: output.sensitive,
    });
    planner.finish(outputs.collect())
}
