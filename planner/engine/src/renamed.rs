//! What names an object that has another address now goes by its new address, too.

use std::collections::BTreeMap;

use cplan_model::InstanceAddr;
use cplan_store::{Record, RecordKey};
use hashbrown::HashMap;

/// Turns dependencies and containers of all records to the new addresses; pairs of old and new. Gives the records that
/// changed.
pub(crate) fn follow(
    records: &mut BTreeMap<RecordKey, Record>,
    moved: &HashMap<InstanceAddr, InstanceAddr>,
) -> Vec<RecordKey> {
    if moved.is_empty() {
        return Vec::new();
    }
    let groups: HashMap<InstanceAddr, InstanceAddr> =
        moved.iter().map(|(from, to)| (from.without_key(), to.without_key())).collect();
    let mut changed = Vec::new();
    for (key, record) in records {
        let mut touched = false;
        for on in &mut record.dependencies {
            if let Some(to) = groups.get(on).filter(|to| *to != on) {
                on.clone_from(to);
                touched = true;
            }
        }
        if let Some(to) = record.container.as_ref().and_then(|c| moved.get(c)) {
            record.container = Some(to.clone());
            touched = true;
        }
        if touched {
            changed.push(key.clone());
        }
    }
    changed
}
