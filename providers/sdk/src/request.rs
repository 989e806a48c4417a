//! What is asked of a resource and what it answers.

use cplan_model::{AttrPath, Identity, Value};

/// Read one object back.
#[derive(Clone, Debug)]
pub struct ReadRequest {
    /// Which object.
    pub identity: Identity,
    /// What the state has; what the user set keeps its spelling when its meaning is unchanged.
    pub prior: Value,
    /// The provider's own bytes, as it returned them last.
    pub private: Vec<u8>,
    /// The boot id of the container when the object was applied, for contents.
    pub boot_id: Option<String>,
}

/// What was found.
#[derive(Clone, Debug)]
pub enum Observed {
    /// It exists.
    Present {
        /// Its values, in the shape of the schema.
        values: Value,
        /// The provider's own bytes.
        private: Vec<u8>,
        /// For a machine its boot id, for contents that of their machine; a change of it means a restart.
        boot_id: Option<String>,
    },
    /// It does not exist.
    Absent,
    /// Nobody can say, because its container does not answer; the state's values stand.
    Unreachable {
        /// Why, in one sentence.
        reason: String,
    },
}

/// Plan one object.
#[derive(Clone, Debug)]
pub struct PlanRequest {
    /// The identity: of the existing object, or the one chosen for the new one.
    pub identity: Identity,
    /// The configuration, conformed to the schema, unset attributes null, unknowns unknown.
    pub config: Value,
    /// What was observed; `None` plans a create.
    pub prior: Option<Value>,
    /// The configuration merged over the prior: unset computed attributes keep their prior value (or are
    /// unknown on create).
    pub proposed: Value,
    /// The provider's own bytes.
    pub private: Vec<u8>,
}

/// What will be.
#[derive(Clone, Debug, Default)]
pub struct PlanResponse {
    /// The planned values; `None` takes `proposed` as it is. An attribute that cannot be known yet is unknown; one
    /// that follows from the identity or from the known configuration should be known.
    pub planned: Option<Value>,
    /// Attributes that cannot change in place, beyond those the schema says.
    pub replace: Vec<AttrPath>,
    /// What an update does to the running object.
    pub disruption: Option<Disruption>,
    /// The attributes whose change brings the disruption about, where it is one of those.
    pub disrupted_by: Vec<AttrPath>,
    /// The provider's own bytes, handed to apply.
    pub private: Vec<u8>,
}

/// What an update does to what runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Disruption {
    /// One restart: what lives only while it runs is lost, and is applied again after it.
    Restart,
    /// It is started; it was not running.
    Start,
}

/// Make, change or delete one object.
#[derive(Clone, Debug)]
pub struct ApplyRequest {
    /// Which object.
    pub identity: Identity,
    /// What was observed; `None` is a create.
    pub prior: Option<Value>,
    /// What was planned, now with all inputs known; `None` is a delete.
    pub planned: Option<Value>,
    /// The configuration; `None` on delete.
    pub config: Option<Value>,
    /// The provider's own bytes from the plan.
    pub private: Vec<u8>,
    /// The run, for records and logs: `20261122-190700-1a2b`.
    pub run: String,
    /// The other object at the same address, where the new one is made before the old one is deleted: on a create the old
    /// one, on the delete of the old one the new. What both keep stays when the old one goes.
    pub twin: Option<Identity>,
}

/// What is now.
#[derive(Clone, Debug)]
pub struct ApplyResponse {
    /// The values; ignored for a delete.
    pub values: Value,
    /// The provider's own bytes.
    pub private: Vec<u8>,
    /// As in [`Observed::Present`].
    pub boot_id: Option<String>,
}

/// Settle an operation that was begun and not ended, because the process died.
#[derive(Clone, Debug)]
pub struct RecoverRequest {
    /// Which object; it carries this identity if it exists.
    pub identity: Identity,
    /// What was before; `None` if it was a create.
    pub prior: Option<Value>,
    /// What was wanted; `None` if it was a delete.
    pub planned: Option<Value>,
    /// The provider's own bytes.
    pub private: Vec<u8>,
}

/// Take over an existing object.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// What the user calls it.
    pub id: String,
    /// The identity to give it.
    pub identity: Identity,
    /// The configuration that it is imported into, unknowns possible; it says where to look, such as on which machine.
    pub config: Value,
}
