//! The plan: what will be done, in which order, why, and from which state. It leaves no choice to apply.

use std::sync::Arc;
use std::time::SystemTime;

use cplan_config::Config;
use cplan_model::{Action, AttrChange, Identity, InstanceAddr, Reason, Value};
use cplan_sdk::{Claim, Disruption};
use cplan_store::RecordKey;

use crate::DriftEntry;
use crate::values::Values;

/// The position of a step in [`Plan::steps`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StepId(pub usize);

/// An immutable plan.
#[derive(Clone)]
pub struct Plan {
    /// The state it was made from; apply refuses any other.
    pub lineage: String,
    /// See `lineage`.
    pub serial: u64,
    /// The configuration it was made from.
    pub config: Arc<Config>,
    /// What happens to each instance, no-ops included, in order of address.
    pub changes: Vec<Change>,
    /// What moved behind our back since the last apply.
    pub drift: Vec<DriftEntry>,
    /// What to do; every edge points to an earlier or later position of this list, never in a circle.
    pub steps: Vec<PlanStep>,
    /// Root outputs, in order of name.
    pub outputs: Vec<OutputChange>,
    pub(crate) values: Values,
}

/// What happens to one instance.
#[derive(Clone, Debug)]
pub struct Change {
    /// The instance.
    pub address: InstanceAddr,
    /// What is done.
    pub action: Action,
    /// Why; `None` for a no-op.
    pub reason: Option<Reason>,
    /// As observed; `None` where there is nothing.
    pub before: Option<Value>,
    /// As planned, unknowns included; `None` for a delete.
    pub after: Option<Value>,
    /// Leaf by leaf.
    pub attributes: Vec<AttrChange>,
    /// What an update does to the running object.
    pub disruption: Option<Disruption>,
    /// The machine that holds it, where it is known.
    pub container: Option<InstanceAddr>,
}

/// One thing to do.
#[derive(Clone, Debug)]
pub struct PlanStep {
    /// Its position.
    pub id: StepId,
    /// What it is.
    pub work: Work,
    /// Steps that must have succeeded before.
    pub after: Vec<StepId>,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Work {
    /// Nothing: stands for "all of these".
    Join,
    /// Makes, changes, deletes or reads an object.
    Operation(Box<Operation>),
}

/// An operation on one object.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The object.
    pub key: RecordKey,
    /// Create, update, delete or read.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// The provider's name.
    pub provider: String,
    /// The name the real object has or will have.
    pub identity: Identity,
    /// What exists; `None` where nothing does.
    pub prior: Option<Value>,
    /// What shall be, unknowns included; `None` for a delete.
    pub planned: Option<Value>,
    /// The configuration it was planned from; `None` for a delete.
    pub config: Option<Value>,
    /// The provider's own bytes.
    pub private: Vec<u8>,
    /// Its inputs were unknown: it is finalised (planned once more) when they are known.
    pub finalise: bool,
    /// The object goes with its container: nothing is called, only the record is removed.
    pub with_container: bool,
    /// What it needs while it runs.
    pub claims: Vec<Claim>,
    /// The groups it depends on, for its record (addresses without keys).
    pub dependencies: Vec<InstanceAddr>,
    /// The machine that holds it, where it is known.
    pub container: Option<InstanceAddr>,
    /// The identity of the machine that holds it, where it is known.
    pub container_id: Option<String>,
}

/// What happens to a root output.
#[derive(Clone, Debug)]
pub struct OutputChange {
    /// Its name.
    pub name: Arc<str>,
    /// Before; `None` where there was none.
    pub before: Option<Value>,
    /// After, unknowns included; `None` when it goes.
    pub after: Option<Value>,
    /// Not shown unless asked for by name.
    pub sensitive: bool,
}

/// How many instances meet which action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// To create (replacements included, as Terraform counts).
    pub create: usize,
    /// To change in place.
    pub update: usize,
    /// To delete (replacements included).
    pub delete: usize,
}

impl Plan {
    /// When it was made, as `plantimestamp()` answers.
    pub fn timestamp(&self) -> Option<SystemTime> {
        self.values.planned_at()
    }

    /// Whether apply would do nothing: no steps and no output changes.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.outputs.iter().all(|o| o.before == o.after)
    }

    /// The counts of the last line.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for change in &self.changes {
            match change.action {
                Action::Create => summary.create += 1,
                Action::Update => summary.update += 1,
                Action::Delete => summary.delete += 1,
                Action::Replace => {
                    summary.create += 1;
                    summary.delete += 1;
                }
                Action::NoOp | Action::Read => {}
            }
        }
        summary
    }

    /// The operations among the steps.
    pub fn operations(&self) -> impl Iterator<Item = (StepId, &Operation)> {
        self.steps.iter().filter_map(|s| match &s.work {
            Work::Operation(operation) => Some((s.id, &**operation)),
            Work::Join => None,
        })
    }
}
