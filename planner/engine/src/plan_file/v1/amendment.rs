//! What a plan does to the state alone and what it defers, in format 1.

use cplan_store::v1::RecordV1;
use cplan_store::{Record, RecordKey};
use serde::{Deserialize, Serialize};

use super::address::KeyV1;
use super::value::{Reader, Ref, Writer};
use super::{SpanV1, Wrong, address};
use crate::plan::{Amendment, DeferReason, Deferred};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum AmendmentV1 {
    Move(KeyV1, KeyV1),
    Adopt(Box<RecordV1>),
    Refresh(Box<RecordV1>),
    Gone(KeyV1),
    Forget(KeyV1),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeferredV1 {
    address: String,
    reason: DeferReasonV1,
    waits_for: Vec<String>,
    place: SpanV1,
    known: Option<Ref>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DeferReasonV1 {
    InstancesUnknown,
    Prerequisite,
}

impl Writer {
    pub(super) fn amendment(&mut self, amendment: &Amendment) -> AmendmentV1 {
        let record = |key: &RecordKey, record: &Record| Box::new(RecordV1::from((key, record)));
        match amendment {
            Amendment::Move { from, to } => AmendmentV1::Move(from.into(), to.into()),
            Amendment::Adopt { key, record: adopted } => AmendmentV1::Adopt(record(key, adopted)),
            Amendment::Refresh { key, record: Some(read) } => AmendmentV1::Refresh(record(key, read)),
            Amendment::Refresh { key, record: None } => AmendmentV1::Gone(key.into()),
            Amendment::Forget { key } => AmendmentV1::Forget(key.into()),
        }
    }

    pub(super) fn deferred(&mut self, deferred: &Deferred) -> DeferredV1 {
        DeferredV1 {
            address: deferred.address.to_string(),
            reason: match deferred.reason {
                DeferReason::InstancesUnknown => DeferReasonV1::InstancesUnknown,
                DeferReason::Prerequisite => DeferReasonV1::Prerequisite,
            },
            waits_for: address::texts(&deferred.waits_for),
            place: deferred.place.into(),
            known: self.optional(deferred.known.as_ref()),
        }
    }
}

impl Reader {
    pub(super) fn amendment(&self, dto: AmendmentV1) -> Result<Amendment, Wrong> {
        let record = |dto: RecordV1| {
            let (key, record) = <(RecordKey, Record)>::try_from(dto).map_err(|e| e.to_string())?;
            Ok::<_, Wrong>((key, Box::new(record)))
        };
        Ok(match dto {
            AmendmentV1::Move(from, to) => Amendment::Move { from: from.try_into()?, to: to.try_into()? },
            AmendmentV1::Adopt(dto) => {
                let (key, record) = record(*dto)?;
                Amendment::Adopt { key, record }
            }
            AmendmentV1::Refresh(dto) => {
                let (key, record) = record(*dto)?;
                Amendment::Refresh { key, record: Some(record) }
            }
            AmendmentV1::Gone(key) => Amendment::Refresh { key: key.try_into()?, record: None },
            AmendmentV1::Forget(key) => Amendment::Forget { key: key.try_into()? },
        })
    }

    pub(super) fn deferred(&self, dto: DeferredV1) -> Result<Deferred, Wrong> {
        Ok(Deferred {
            address: address::instance(&dto.address)?,
            reason: match dto.reason {
                DeferReasonV1::InstancesUnknown => DeferReason::InstancesUnknown,
                DeferReasonV1::Prerequisite => DeferReason::Prerequisite,
            },
            waits_for: address::instances(&dto.waits_for)?,
            place: dto.place.into(),
            known: self.optional(dto.known)?,
        })
    }
}
