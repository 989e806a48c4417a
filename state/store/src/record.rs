//! Records: one per instance, direct dependencies only; and the intents of operations under way.

use std::collections::BTreeMap;

use cplan_model::{Action, Checks, Identity, InstanceAddr, Value};

/// Where a record stands: the address, and a key for an object that was replaced and not yet deleted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordKey {
    /// The instance.
    pub address: InstanceAddr,
    /// Eight hex digits for a deposed object.
    pub deposed: Option<String>,
}

impl From<InstanceAddr> for RecordKey {
    fn from(address: InstanceAddr) -> Self {
        RecordKey { address, deposed: None }
    }
}

/// How far an object can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// As the last apply left it.
    Ready,
    /// Made, but not finished: it will be replaced.
    Tainted,
    /// An operation on it was begun and its outcome is not known.
    OutcomeUnknown,
}

/// One object as cplan believes it to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The provider's name.
    pub provider: String,
    /// The schema version of `values`.
    pub schema_version: u64,
    /// The values, all known.
    pub values: Value,
    /// The provider's own bytes.
    pub private: Vec<u8>,
    /// The name of the real object.
    pub identity: Identity,
    /// What it depends on directly, for the order of deletes.
    pub dependencies: Vec<InstanceAddr>,
    /// The machine (or other container) that holds it.
    pub container: Option<InstanceAddr>,
    /// The host it is on, where that is known.
    pub host: Option<String>,
    /// How far it can be relied on.
    pub status: Status,
    /// Whether a replacement is made before it is deleted.
    pub create_before_destroy: bool,
    /// The boot id (of itself or of its container) when it was last applied.
    pub boot_id: Option<String>,
    /// The run that last changed it.
    pub last_run: Option<String>,
}

/// A root module output.
#[derive(Clone, Debug, PartialEq)]
pub struct StateOutput {
    /// Its value, all known.
    pub value: Value,
    /// Not shown unless asked for by name.
    pub sensitive: bool,
}

/// Everything that is believed, at one serial.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// A UUID, fixed when the state is first created.
    pub lineage: String,
    /// Raised by every command that changes content.
    pub serial: u64,
    /// The objects, in order of address.
    pub records: BTreeMap<RecordKey, Record>,
    /// The root module's outputs.
    pub outputs: BTreeMap<String, StateOutput>,
    /// What came of the conditions of the configuration in the last apply.
    pub checks: Checks,
}

impl State {
    /// An empty one of a new lineage.
    pub fn fresh() -> Self {
        State { lineage: uuid::Uuid::new_v4().to_string(), ..State::default() }
    }
}

/// Identifies an intent within a state; given by the engine, increasing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IntentId(pub u64);

/// An operation that is about to be done: durable before the call that changes the world.
#[derive(Clone, Debug, PartialEq)]
pub struct Intent {
    /// Which intent.
    pub id: IntentId,
    /// The run.
    pub run: String,
    /// The object.
    pub key: RecordKey,
    /// The operation: create, update or delete (a replace is two intents).
    pub action: Action,
    /// The provider's name.
    pub provider: String,
    /// The resource schema's version.
    pub schema_version: u64,
    /// The name the real object has or will have.
    pub identity: Identity,
    /// Before; `None` for a create.
    pub prior: Option<Value>,
    /// Wanted, all known; `None` for a delete.
    pub planned: Option<Value>,
    /// The provider's own bytes from the plan.
    pub private: Vec<u8>,
    /// For the record, should the object be adopted.
    pub dependencies: Vec<InstanceAddr>,
    /// For the record, should the object be adopted.
    pub container: Option<InstanceAddr>,
}
