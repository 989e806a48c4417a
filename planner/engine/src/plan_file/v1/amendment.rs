//! What a plan does to the state alone, what it defers and what it checks, in format 1.

use std::sync::Arc;

use cplan_store::v1::RecordV1;
use cplan_store::{Record, RecordKey};
use serde::{Deserialize, Serialize};

use super::address::KeyV1;
use super::value::{Reader, Ref, Writer};
use super::{SpanV1, Wrong, address};
use crate::plan::{Amendment, CheckOwner, CheckResult, CheckStatus, DeferReason, Deferred};

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

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckV1 {
    owner: OwnerV1,
    status: StatusV1,
    problems: Vec<String>,
}

/// Module and name, where it is not an instance.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OwnerV1 {
    Resource(String),
    Output(String, String),
    Check(String, String),
    Variable(String, String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StatusV1 {
    Pass,
    Unknown,
    Fail,
    Error,
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

impl From<&CheckResult> for CheckV1 {
    fn from(check: &CheckResult) -> Self {
        CheckV1 {
            owner: (&check.owner).into(),
            status: match check.status {
                CheckStatus::Pass => StatusV1::Pass,
                CheckStatus::Unknown => StatusV1::Unknown,
                CheckStatus::Fail => StatusV1::Fail,
                CheckStatus::Error => StatusV1::Error,
            },
            problems: check.problems.clone(),
        }
    }
}

impl TryFrom<CheckV1> for CheckResult {
    type Error = Wrong;

    fn try_from(dto: CheckV1) -> Result<Self, Wrong> {
        Ok(CheckResult {
            owner: dto.owner.try_into()?,
            status: match dto.status {
                StatusV1::Pass => CheckStatus::Pass,
                StatusV1::Unknown => CheckStatus::Unknown,
                StatusV1::Fail => CheckStatus::Fail,
                StatusV1::Error => CheckStatus::Error,
            },
            problems: dto.problems,
        })
    }
}

impl From<&CheckOwner> for OwnerV1 {
    fn from(owner: &CheckOwner) -> Self {
        match owner {
            CheckOwner::Resource(address) => OwnerV1::Resource(address.to_string()),
            CheckOwner::Output(module, name) => OwnerV1::Output(module.to_string(), name.to_string()),
            CheckOwner::Check(module, name) => OwnerV1::Check(module.to_string(), name.to_string()),
            CheckOwner::Variable(module, name) => OwnerV1::Variable(module.to_string(), name.to_string()),
        }
    }
}

impl TryFrom<OwnerV1> for CheckOwner {
    type Error = Wrong;

    fn try_from(dto: OwnerV1) -> Result<Self, Wrong> {
        Ok(match dto {
            OwnerV1::Resource(text) => CheckOwner::Resource(address::instance(&text)?),
            OwnerV1::Output(module, name) => CheckOwner::Output(address::module(&module)?, Arc::from(name)),
            OwnerV1::Check(module, name) => CheckOwner::Check(address::module(&module)?, Arc::from(name)),
            OwnerV1::Variable(module, name) => CheckOwner::Variable(address::module(&module)?, Arc::from(name)),
        })
    }
}
