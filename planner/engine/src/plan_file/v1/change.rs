//! What a plan shows, in format 1: changes, drift, outputs.

use std::sync::Arc;

use cplan_model::{AttrChange, Reason};
use cplan_sdk::Disruption;
use cplan_store::v1::ActionV1;
use serde::{Deserialize, Serialize};

use super::value::{PathStepV1, Reader, Ref, Writer};
use super::{Wrong, address, all};
use crate::drift::{DriftEntry, DriftKind};
use crate::plan::{Change, OutputChange};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeV1 {
    address: String,
    action: ActionV1,
    reason: Option<ReasonV1>,
    before: Option<Ref>,
    after: Option<Ref>,
    attributes: Vec<AttrChangeV1>,
    disruption: Option<DisruptionV1>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    disrupted_by: Vec<Vec<PathStepV1>>,
    container: Option<String>,
    deposed: Option<String>,
    create_first: bool,
    moved_from: Option<String>,
    importing: Option<String>,
    ignored: Vec<Vec<PathStepV1>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReasonV1 {
    New,
    Configuration,
    Drift,
    Missing,
    Removed,
    Destroy,
    Tainted,
    CannotUpdate(Vec<Vec<PathStepV1>>),
    ContainerReplaced,
    ContainerRestarted,
    LostByRestart,
    Unread(String),
    InputsUnknown,
    DependencyPending,
    CheckNested,
    Requested,
    Triggered(String),
    CountIndex,
    EachKey,
    WrongRepetition,
    NoModule,
    NoMoveTarget,
    Deposed,
    RemovedBlock,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AttrChangeV1 {
    path: Vec<PathStepV1>,
    before: Option<Ref>,
    after: Option<Ref>,
    sensitive: bool,
    forces_replace: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DisruptionV1 {
    Restart,
    Start,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DriftV1 {
    address: String,
    kind: DriftKindV1,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DriftKindV1 {
    Changed(Vec<AttrChangeV1>),
    Missing,
    LostByRestart,
    Unreachable(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OutputV1 {
    name: String,
    before: Option<Ref>,
    after: Option<Ref>,
    sensitive: bool,
    was_sensitive: bool,
}

impl Writer {
    pub(super) fn change(&mut self, change: &Change) -> ChangeV1 {
        ChangeV1 {
            address: change.address.to_string(),
            action: change.action.into(),
            reason: change.reason.as_ref().map(|reason| self.reason(reason)),
            before: self.optional(change.before.as_ref()),
            after: self.optional(change.after.as_ref()),
            attributes: change.attributes.iter().map(|attribute| self.attribute(attribute)).collect(),
            disruption: change.disruption.map(|disruption| match disruption {
                Disruption::Restart => DisruptionV1::Restart,
                Disruption::Start => DisruptionV1::Start,
            }),
            disrupted_by: change.disrupted_by.iter().map(|path| self.path(path)).collect(),
            container: address::text(change.container.as_ref()),
            deposed: change.deposed.clone(),
            create_first: change.create_first,
            moved_from: address::text(change.moved_from.as_ref()),
            importing: change.importing.clone(),
            ignored: change.ignored.iter().map(|path| self.path(path)).collect(),
        }
    }

    pub(super) fn reason(&mut self, reason: &Reason) -> ReasonV1 {
        match reason {
            Reason::New => ReasonV1::New,
            Reason::Configuration => ReasonV1::Configuration,
            Reason::Drift => ReasonV1::Drift,
            Reason::Missing => ReasonV1::Missing,
            Reason::Removed => ReasonV1::Removed,
            Reason::Destroy => ReasonV1::Destroy,
            Reason::Tainted => ReasonV1::Tainted,
            Reason::CannotUpdate(paths) => ReasonV1::CannotUpdate(paths.iter().map(|p| self.path(p)).collect()),
            Reason::ContainerReplaced => ReasonV1::ContainerReplaced,
            Reason::ContainerRestarted => ReasonV1::ContainerRestarted,
            Reason::LostByRestart => ReasonV1::LostByRestart,
            Reason::Unread(why) => ReasonV1::Unread(why.clone()),
            Reason::InputsUnknown => ReasonV1::InputsUnknown,
            Reason::DependencyPending => ReasonV1::DependencyPending,
            Reason::CheckNested => ReasonV1::CheckNested,
            Reason::Requested => ReasonV1::Requested,
            Reason::Triggered(by) => ReasonV1::Triggered(by.to_string()),
            Reason::CountIndex => ReasonV1::CountIndex,
            Reason::EachKey => ReasonV1::EachKey,
            Reason::WrongRepetition => ReasonV1::WrongRepetition,
            Reason::NoModule => ReasonV1::NoModule,
            Reason::NoMoveTarget => ReasonV1::NoMoveTarget,
            Reason::Deposed => ReasonV1::Deposed,
            Reason::RemovedBlock => ReasonV1::RemovedBlock,
        }
    }

    fn attribute(&mut self, change: &AttrChange) -> AttrChangeV1 {
        AttrChangeV1 {
            path: self.path(&change.path),
            before: self.optional(change.before.as_ref()),
            after: self.optional(change.after.as_ref()),
            sensitive: change.sensitive,
            forces_replace: change.forces_replace,
        }
    }

    pub(super) fn drift(&mut self, entry: &DriftEntry) -> DriftV1 {
        let kind = match &entry.kind {
            DriftKind::Changed(changes) => {
                DriftKindV1::Changed(changes.iter().map(|change| self.attribute(change)).collect())
            }
            DriftKind::Missing => DriftKindV1::Missing,
            DriftKind::LostByRestart => DriftKindV1::LostByRestart,
            DriftKind::Unreachable(why) => DriftKindV1::Unreachable(why.clone()),
        };
        DriftV1 { address: entry.address.to_string(), kind }
    }

    pub(super) fn output(&mut self, output: &OutputChange) -> OutputV1 {
        OutputV1 {
            name: output.name.to_string(),
            before: self.optional(output.before.as_ref()),
            after: self.optional(output.after.as_ref()),
            sensitive: output.sensitive,
            was_sensitive: output.was_sensitive,
        }
    }
}

impl Reader {
    pub(super) fn change(&self, dto: ChangeV1) -> Result<Change, Wrong> {
        Ok(Change {
            address: address::instance(&dto.address)?,
            action: dto.action.into(),
            reason: dto.reason.map(|reason| self.reason(reason)).transpose()?,
            before: self.optional(dto.before)?,
            after: self.optional(dto.after)?,
            attributes: all(dto.attributes, |attribute| self.attribute(attribute))?,
            disruption: dto.disruption.map(|disruption| match disruption {
                DisruptionV1::Restart => Disruption::Restart,
                DisruptionV1::Start => Disruption::Start,
            }),
            disrupted_by: all(dto.disrupted_by, |path| self.path(path))?,
            container: address::optional(dto.container.as_deref())?,
            deposed: dto.deposed,
            create_first: dto.create_first,
            moved_from: address::optional(dto.moved_from.as_deref())?,
            importing: dto.importing,
            ignored: all(dto.ignored, |path| self.path(path))?,
        })
    }

    pub(super) fn reason(&self, dto: ReasonV1) -> Result<Reason, Wrong> {
        Ok(match dto {
            ReasonV1::New => Reason::New,
            ReasonV1::Configuration => Reason::Configuration,
            ReasonV1::Drift => Reason::Drift,
            ReasonV1::Missing => Reason::Missing,
            ReasonV1::Removed => Reason::Removed,
            ReasonV1::Destroy => Reason::Destroy,
            ReasonV1::Tainted => Reason::Tainted,
            ReasonV1::CannotUpdate(paths) => Reason::CannotUpdate(all(paths, |path| self.path(path))?),
            ReasonV1::ContainerReplaced => Reason::ContainerReplaced,
            ReasonV1::ContainerRestarted => Reason::ContainerRestarted,
            ReasonV1::LostByRestart => Reason::LostByRestart,
            ReasonV1::Unread(why) => Reason::Unread(why),
            ReasonV1::InputsUnknown => Reason::InputsUnknown,
            ReasonV1::DependencyPending => Reason::DependencyPending,
            ReasonV1::CheckNested => Reason::CheckNested,
            ReasonV1::Requested => Reason::Requested,
            ReasonV1::Triggered(by) => Reason::Triggered(by.into()),
            ReasonV1::CountIndex => Reason::CountIndex,
            ReasonV1::EachKey => Reason::EachKey,
            ReasonV1::WrongRepetition => Reason::WrongRepetition,
            ReasonV1::NoModule => Reason::NoModule,
            ReasonV1::NoMoveTarget => Reason::NoMoveTarget,
            ReasonV1::Deposed => Reason::Deposed,
            ReasonV1::RemovedBlock => Reason::RemovedBlock,
        })
    }

    fn attribute(&self, dto: AttrChangeV1) -> Result<AttrChange, Wrong> {
        Ok(AttrChange {
            path: self.path(dto.path)?,
            before: self.optional(dto.before)?,
            after: self.optional(dto.after)?,
            sensitive: dto.sensitive,
            forces_replace: dto.forces_replace,
        })
    }

    pub(super) fn drift(&self, dto: DriftV1) -> Result<DriftEntry, Wrong> {
        let kind = match dto.kind {
            DriftKindV1::Changed(changes) => DriftKind::Changed(all(changes, |change| self.attribute(change))?),
            DriftKindV1::Missing => DriftKind::Missing,
            DriftKindV1::LostByRestart => DriftKind::LostByRestart,
            DriftKindV1::Unreachable(why) => DriftKind::Unreachable(why),
        };
        Ok(DriftEntry { address: address::instance(&dto.address)?, kind })
    }

    pub(super) fn output(&self, dto: OutputV1) -> Result<OutputChange, Wrong> {
        Ok(OutputChange {
            name: Arc::from(dto.name),
            before: self.optional(dto.before)?,
            after: self.optional(dto.after)?,
            sensitive: dto.sensitive,
            was_sensitive: dto.was_sensitive,
        })
    }
}
