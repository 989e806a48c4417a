//! Drift: what moved between the state and the world.

use cplan_model::{AttrChange, InstanceAddr, Schema, changes};
use cplan_sdk::Observed;
use cplan_store::Record;

/// One object that is not as the last apply left it.
#[derive(Clone, Debug)]
pub struct DriftEntry {
    /// The object.
    pub address: InstanceAddr,
    /// How it differs.
    pub kind: DriftKind,
}

/// How an object differs from its record.
#[derive(Clone, Debug)]
pub enum DriftKind {
    /// Attributes have other values (before = the state's, after = the world's).
    Changed(Vec<AttrChange>),
    /// It is gone.
    Missing,
    /// Its container restarted, and it lived only while that ran.
    LostByRestart,
    /// Nobody can say, because its container does not answer. Not counted as drift of its own.
    Unreachable(String),
}

impl DriftEntry {
    /// Whether it counts as drift (exit code 2).
    pub fn counts(&self) -> bool {
        !matches!(self.kind, DriftKind::Unreachable(_))
    }
}

/// Compares a record with what was observed.
pub(crate) fn compare(
    address: &InstanceAddr,
    schema: &Schema,
    record: &Record,
    observed: &Observed,
    survives_restart: bool,
) -> Option<DriftEntry> {
    let entry = |kind| Some(DriftEntry { address: address.clone(), kind });
    match observed {
        Observed::Absent => entry(DriftKind::Missing),
        Observed::Unreachable { reason } => entry(DriftKind::Unreachable(reason.clone())),
        Observed::Present { values, boot_id, .. } => {
            let changed = changes(schema, &record.values, values);
            if !changed.is_empty() {
                return entry(DriftKind::Changed(changed));
            }
            let restarted = matches!((&record.boot_id, boot_id), (Some(was), Some(is)) if was != is);
            if restarted && !survives_restart && schema.container().is_some() {
                return entry(DriftKind::LostByRestart);
            }
            None
        }
    }
}
