//! What came of conditions, in format 1: one entry per block, and in it only what is not as one would think.

use cplan_model::{CheckOwner, CheckResult, CheckStatus, CheckedBlock};
use serde::{Deserialize, Serialize};

use crate::format::FormatError;

/// A block with its objects.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckV1 {
    kind: String,
    block: String,
    #[serde(default, skip_serializing_if = "StatusV1::is_pass")]
    status: StatusV1,
    objects: Vec<ObjectV1>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ObjectV1 {
    /// Left out where it is the block's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(default, skip_serializing_if = "StatusV1::is_pass")]
    status: StatusV1,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
}

#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StatusV1 {
    #[default]
    Pass,
    Unknown,
    Fail,
    Error,
}

impl StatusV1 {
    fn is_pass(&self) -> bool {
        *self == StatusV1::Pass
    }
}

impl From<CheckStatus> for StatusV1 {
    fn from(status: CheckStatus) -> Self {
        match status {
            CheckStatus::Pass => StatusV1::Pass,
            CheckStatus::Unknown => StatusV1::Unknown,
            CheckStatus::Fail => StatusV1::Fail,
            CheckStatus::Error => StatusV1::Error,
        }
    }
}

impl From<StatusV1> for CheckStatus {
    fn from(status: StatusV1) -> Self {
        match status {
            StatusV1::Pass => CheckStatus::Pass,
            StatusV1::Unknown => CheckStatus::Unknown,
            StatusV1::Fail => CheckStatus::Fail,
            StatusV1::Error => CheckStatus::Error,
        }
    }
}

impl From<(&CheckOwner, &CheckedBlock)> for CheckV1 {
    fn from((block, found): (&CheckOwner, &CheckedBlock)) -> Self {
        let object = |object: &CheckResult| ObjectV1 {
            address: (object.owner != *block).then(|| object.owner.to_string()),
            status: object.status.into(),
            problems: object.problems.clone(),
        };
        CheckV1 {
            kind: block.kind().to_owned(),
            block: block.to_string(),
            status: found.status.into(),
            objects: found.objects.iter().map(object).collect(),
        }
    }
}

impl TryFrom<CheckV1> for (CheckOwner, CheckedBlock) {
    type Error = FormatError;

    fn try_from(dto: CheckV1) -> Result<Self, FormatError> {
        let owner = |text: &str| {
            CheckOwner::parse(&dto.kind, text)
                .ok_or_else(|| FormatError::from(format!("`{text}` has no conditions of the kind `{}`", dto.kind)))
        };
        let block = owner(&dto.block)?;
        let mut objects = Vec::with_capacity(dto.objects.len());
        for object in &dto.objects {
            let owner = object.address.as_deref().map(owner).transpose()?.unwrap_or_else(|| block.clone());
            objects.push(CheckResult { owner, status: object.status.into(), problems: object.problems.clone() });
        }
        Ok((block, CheckedBlock { status: dto.status.into(), objects }))
    }
}
