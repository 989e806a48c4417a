//! Format 1: JSON, every value tagged with its kind, numbers exact in decimal, map entries in order.
//!
//! Public as far as plan files are written in it, too.

mod check;
mod object;
mod records;
mod value;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use check::CheckV1;
pub(crate) use object::IntentV1;
pub use object::{ActionV1, BytesV1, IdentityV1, RecordV1};
pub use value::{TypeV1, UnknownV1, ValueV1};

use records::{RecordsV1, WrittenRecords};

use super::{FORMAT, FormatError};
use crate::contents::Contents;
use crate::{State, StateOutput};

/// A whole state with its open intents.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContentsV1 {
    format: u32,
    lineage: String,
    serial: u64,
    /// Left out where it counts nothing, as in an exported state.
    #[serde(default, skip_serializing_if = "is_zero")]
    revision: u64,
    records: RecordsV1,
    outputs: BTreeMap<String, OutputV1>,
    /// Left out where there are no conditions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    checks: Vec<CheckV1>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    intents: Vec<IntentV1>,
}

/// [`ContentsV1`] of what is borrowed; only to be written.
#[derive(Serialize)]
pub(crate) struct WrittenContents<'a> {
    format: u32,
    lineage: &'a str,
    serial: u64,
    #[serde(skip_serializing_if = "is_zero")]
    revision: u64,
    records: WrittenRecords<'a>,
    outputs: BTreeMap<&'a str, OutputV1>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checks: Vec<CheckV1>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    intents: Vec<IntentV1>,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// A root module output.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OutputV1 {
    value: ValueV1,
    sensitive: bool,
}

impl From<&State> for ContentsV1 {
    fn from(state: &State) -> Self {
        ContentsV1 {
            format: FORMAT,
            lineage: state.lineage.clone(),
            serial: state.serial,
            revision: 0,
            records: RecordsV1(state.records.clone()),
            outputs: state.outputs.iter().map(|(name, output)| (name.clone(), output.into())).collect(),
            checks: state.checks.iter().map(CheckV1::from).collect(),
            intents: Vec::new(),
        }
    }
}

impl TryFrom<ContentsV1> for State {
    type Error = FormatError;

    fn try_from(dto: ContentsV1) -> Result<Self, FormatError> {
        Ok(Contents::try_from(dto)?.state)
    }
}

impl<'a> From<&'a Contents> for WrittenContents<'a> {
    fn from(contents: &'a Contents) -> Self {
        let state = &contents.state;
        WrittenContents {
            format: FORMAT,
            lineage: &state.lineage,
            serial: state.serial,
            revision: contents.revision,
            records: WrittenRecords(&state.records),
            outputs: state.outputs.iter().map(|(name, output)| (name.as_str(), output.into())).collect(),
            checks: state.checks.iter().map(CheckV1::from).collect(),
            intents: contents.intents.values().map(IntentV1::from).collect(),
        }
    }
}

impl TryFrom<ContentsV1> for Contents {
    type Error = FormatError;

    fn try_from(dto: ContentsV1) -> Result<Self, FormatError> {
        let RecordsV1(records) = dto.records;
        let mut outputs = BTreeMap::new();
        for (name, output) in dto.outputs {
            outputs.insert(name, output.try_into()?);
        }
        let mut intents = BTreeMap::new();
        for intent in dto.intents {
            let intent: crate::Intent = intent.try_into()?;
            intents.insert(intent.id, intent);
        }
        let checks = dto.checks.into_iter().map(TryInto::try_into).collect::<Result<_, FormatError>>()?;
        let state = State { lineage: dto.lineage, serial: dto.serial, records, outputs, checks };
        Ok(Contents { state, intents, revision: dto.revision })
    }
}

impl From<&StateOutput> for OutputV1 {
    fn from(output: &StateOutput) -> Self {
        OutputV1 { value: (&output.value).into(), sensitive: output.sensitive }
    }
}

impl TryFrom<OutputV1> for StateOutput {
    type Error = FormatError;

    fn try_from(dto: OutputV1) -> Result<Self, FormatError> {
        Ok(StateOutput { value: dto.value.try_into()?, sensitive: dto.sensitive })
    }
}
