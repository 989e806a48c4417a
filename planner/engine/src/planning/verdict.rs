//! What is to be done to an instance, from what exists and what is planned.

use std::borrow::Cow;

use cplan_model::{Action, AttrChange, AttrPath, InstanceAddr, Reason, Schema, Value, changes};
use cplan_sdk::{Observed, PlanResponse, Resource};
use cplan_store::{Record, RecordKey, State, Status};

use super::Planner;
use crate::drift;
use crate::proposed::remark;

/// What exists of an instance, and how it is to be taken.
pub(super) struct Before<'s> {
    pub(super) record: Option<Cow<'s, Record>>,
    /// Its values as observed; `None` when nothing is there.
    pub(super) values: Option<Value>,
    /// It was there, and is gone; what it left is cleared away.
    pub(super) missing: bool,
    /// Its container restarted, and it lived only while that ran.
    pub(super) lost: bool,
    /// Why it could not be read; the state's values stand in.
    pub(super) unread: Option<String>,
    pub(super) private: Vec<u8>,
}

impl Planner<'_> {
    /// What the state and the world say of an instance.
    pub(super) fn before<'s>(&self, state: &'s State, key: &RecordKey, resource: &dyn Resource) -> Before<'s> {
        let Some(record) = state.records.get(key) else {
            return Before {
                record: None,
                values: None,
                missing: false,
                lost: false,
                unread: None,
                private: Vec::new(),
            };
        };
        // What is read back is of today; what only the state says may be of a cplan that knew less.
        let stored = resource.upgrade(record.schema_version, record.values.clone());
        let mut before = Before {
            values: Some(stored.unwrap_or_else(|_| record.values.clone())),
            private: record.private.clone(),
            missing: false,
            lost: false,
            unread: None,
            record: Some(Cow::Borrowed(record)),
        };
        match self.observed.get(key) {
            Some(Observed::Present { values, private, boot_id }) => {
                before.values = Some(remark(resource.schema(), &record.values, values));
                before.private.clone_from(private);
                before.lost = drift::lost_by_restart(resource, record, boot_id.as_deref());
            }
            Some(Observed::Absent) => {
                before.values = None;
                before.missing = true;
            }
            Some(Observed::Unreachable { reason }) => before.unread = Some(reason.clone()),
            None => {}
        }
        before
    }

    /// What an in-place plan amounts to.
    #[expect(clippy::too_many_arguments, reason = "each is one thing the verdict hangs on")]
    pub(super) fn judge(
        &self,
        schema: &Schema,
        before: &Before<'_>,
        attributes: &[AttrChange],
        response: &PlanResponse,
        container: Option<&InstanceAddr>,
        resource: &dyn Resource,
        planned: &Value,
    ) -> (Action, Reason) {
        let record = before.record.as_ref();
        if record.is_some_and(|r| r.status != Status::Ready) {
            return (Action::Replace, Reason::Tainted);
        }
        let forced: Vec<AttrPath> = attributes.iter().filter(|c| c.forces_replace).map(|c| c.path.clone()).collect();
        if !forced.is_empty() {
            let of_container = |path: &AttrPath| schema.container().is_some_and(|name| path.root() == Some(name));
            if forced.iter().all(of_container) {
                return (Action::Replace, Reason::ContainerReplaced);
            }
            // The provider says how much of a value cannot change; a leaf is all that is known otherwise.
            let mut paths: Vec<AttrPath> = Vec::new();
            for path in forced {
                let path = response.replace.iter().find(|p| p.is_prefix_of(&path)).cloned().unwrap_or(path);
                if !paths.contains(&path) {
                    paths.push(path);
                }
            }
            let reason = Reason::CannotUpdate(paths);
            return (Action::Replace, reason);
        }
        let restarts = container
            .and_then(|c| self.planned.get(c))
            .and_then(|i| self.changes.get(*i))
            .is_some_and(|c| c.disruption.is_some());
        if restarts && !resource.survives_restart(planned) {
            return (Action::Update, Reason::ContainerRestarted);
        }
        // Unread is not unchanged; where the container starts, what survives is there again.
        if let Some(why) = before.unread.as_ref().filter(|_| !restarts) {
            return (Action::Update, Reason::Unread(why.clone()));
        }
        if before.lost {
            return (Action::Update, Reason::LostByRestart);
        }
        if attributes.is_empty() && response.disruption.is_none() {
            // To become sensitive, or no longer so, is an update of the record.
            let remarked = before.values.as_ref().is_some_and(|prior| {
                let (was, is) = (prior.marks_deep(), planned.marks_deep());
                was != is || (!is.is_empty() && prior != planned && prior.unmarked_deep() == planned.unmarked_deep())
            });
            let action = if remarked { Action::Update } else { Action::NoOp };
            return (action, Reason::Configuration);
        }
        // Drift is what would not have to be done if nobody had touched the object.
        let drifted = record.is_some_and(|r| {
            let wanted = changes(schema, &r.values, planned);
            attributes.iter().all(|c| wanted.iter().all(|still| still.path != c.path))
        });
        (Action::Update, if drifted { Reason::Drift } else { Reason::Configuration })
    }
}
