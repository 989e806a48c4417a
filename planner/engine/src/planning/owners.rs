//! Which instance an identity belongs to, and with it which instance an object is in.

use std::sync::OnceLock;

use cplan_model::{InstanceAddr, Schema, Value};
use cplan_store::{Record, RecordKey};
use hashbrown::HashMap;

use super::Planner;

/// Who owns what.
#[derive(Default)]
pub(super) struct Owners {
    /// Of the objects that are made or taken in.
    pub(super) planned: HashMap<String, InstanceAddr>,
    /// Of those of the state, under the addresses that they have now. Most plans never ask.
    recorded: OnceLock<HashMap<String, InstanceAddr>>,
}

impl Planner<'_> {
    /// The instance that an identity belongs to, once nothing moves any more.
    pub(super) fn owner(&self, id: &str) -> Option<&InstanceAddr> {
        let owner = |(key, record): (&RecordKey, &Record)| (record.identity.id.clone(), key.address.clone());
        let recorded = || self.state.records.iter().map(owner).collect();
        self.owners.planned.get(id).or_else(|| self.owners.recorded.get_or_init(recorded).get(id))
    }

    /// The instance that holds an object with this configuration.
    pub(super) fn container_of(&self, schema: &Schema, config: &Value) -> Option<InstanceAddr> {
        self.owner(&container_id(schema, config)?).cloned()
    }
}

/// The identity of the container that an object with these values is in.
pub(crate) fn container_id(schema: &Schema, values: &Value) -> Option<String> {
    values.get(schema.container()?)?.get("id")?.as_str().map(str::to_owned)
}
