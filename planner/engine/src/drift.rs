//! Drift: what moved between the state and the world.

use cplan_model::{AttrChange, InstanceAddr, changes};
use cplan_sdk::{Observed, Resource};
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
    resource: &dyn Resource,
    record: &Record,
    observed: &Observed,
) -> Option<DriftEntry> {
    let entry = |kind| Some(DriftEntry { address: address.clone(), kind });
    match observed {
        Observed::Absent => entry(DriftKind::Missing),
        Observed::Unreachable { reason } => entry(DriftKind::Unreachable(reason.clone())),
        Observed::Present { values, boot_id, .. } => {
            let changed =
                if *values == record.values { Vec::new() } else { changes(resource.schema(), &record.values, values) };
            if !changed.is_empty() {
                return entry(DriftKind::Changed(changed));
            }
            lost_by_restart(resource, record, boot_id.as_deref()).then(|| entry(DriftKind::LostByRestart))?
        }
    }
}

/// Whether an object went with a restart of its container that nobody planned, whatever the read says: the boot id
/// is another one, and it lives only while the container runs.
pub(crate) fn lost_by_restart(resource: &dyn Resource, record: &Record, boot_id: Option<&str>) -> bool {
    let restarted = matches!((record.boot_id.as_deref(), boot_id), (Some(was), Some(is)) if was != is);
    restarted && resource.schema().container().is_some() && !resource.survives_restart(&record.values)
}
