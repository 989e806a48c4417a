//! Objects that `import` blocks name and no block describes: what a block for each would say.

use cplan_config::ProviderRef;
use cplan_model::{Diagnostics, InstanceAddr, Schema, Value};
use cplan_sdk::Context;

use crate::planning::{PlanInput, Planner};

/// An object that a block may be written for.
#[derive(Clone, Debug)]
pub struct Unwritten {
    /// Where it is to be taken in: in the root module, without a key.
    pub address: InstanceAddr,
    /// The provider's name for it.
    pub id: String,
    /// What its type has.
    pub schema: Schema,
    /// As it is.
    pub values: Value,
}

/// Looks at the objects that are to be taken in and have no block. Those that no block can be written for are left to the
/// plan, which refuses them.
pub async fn unwritten(ctx: &Context, input: PlanInput<'_>) -> (Vec<Unwritten>, Diagnostics) {
    let mut planner = Planner::new(ctx, input);
    planner.writing = true;
    let mut found = Vec::new();
    if !planner.prepare().await {
        return (found, planner.diagnostics);
    }
    for address in planner.without_block() {
        let ty = &address.resource.ty;
        let key = crate::planning::provider_key(&planner.config, &[], &ProviderRef::of_type(ty));
        let Some(resource) = planner.registry.resource(&key, ty) else { continue };
        let schema = resource.schema().clone();
        let nothing = crate::planning::null_object(&schema);
        let identity = crate::choose_identity(&planner.state.lineage, planner.state.serial, &address);
        if let Some((id, values, ..)) = planner.take_in(&address, resource, &identity, &nothing).await {
            found.push(Unwritten { address, id, schema, values });
        }
    }
    (found, planner.diagnostics)
}
