//! The plan: what will be done, in which order, why, and from which state. It leaves no choice to apply.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use cplan_config::Config;
use cplan_model::{Action, AttrChange, AttrPath, Checks, Identity, InstanceAddr, Reason, Span, Value};
use cplan_sdk::{Claim, Disruption};
use cplan_store::{Record, RecordKey};

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
    /// What it was made for.
    pub mode: PlanMode,
    /// What changes in the state alone, before any step: one transaction.
    pub amendments: Vec<Amendment>,
    /// What waits for something that only an apply can tell; the next plan has it.
    pub deferred: Vec<Deferred>,
    /// The conditions of the configuration and what came of them so far.
    pub checks: Checks,
    /// Whether `-target` or `-exclude` left things out.
    pub partial: bool,
    /// Whether the world was read, and not only the state.
    pub refreshed: bool,
    /// Whether there were errors: it says what could be planned, and cannot be applied.
    pub errored: bool,
    /// The root module's variables that somebody gave, as they were given.
    pub(crate) given: BTreeMap<Arc<str>, Value>,
    /// The settings of every provider that a block configures, by its key.
    pub(crate) providers: BTreeMap<String, Value>,
    pub(crate) values: Values,
}

/// What a plan is made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlanMode {
    /// To make the world what the configuration says.
    #[default]
    Normal,
    /// To delete everything.
    Destroy,
    /// To make the state what the world is.
    RefreshOnly,
}

/// A change of the state that touches nothing else.
#[derive(Clone, Debug)]
pub enum Amendment {
    /// A record has another address from now on.
    Move {
        /// Where it is.
        from: RecordKey,
        /// Where it will be.
        to: RecordKey,
    },
    /// An object that exists is taken in.
    Adopt {
        /// Its address.
        key: RecordKey,
        /// What is recorded.
        record: Box<Record>,
    },
    /// What was read takes the place of what was recorded.
    Refresh {
        /// Its address.
        key: RecordKey,
        /// What is recorded from now on; `None` when the object is gone.
        record: Option<Box<Record>>,
    },
    /// The object stays, and is no longer ours.
    Forget {
        /// Its address.
        key: RecordKey,
    },
}

/// A block whose instances cannot be named yet, or that hangs on such a one.
#[derive(Clone, Debug)]
pub struct Deferred {
    /// The block, in its module instance.
    pub address: InstanceAddr,
    /// Why.
    pub reason: DeferReason,
    /// The resources that it waits for.
    pub waits_for: Vec<InstanceAddr>,
    /// The place of the `count` or `for_each`, or the block.
    pub place: Span,
    /// What is known of the instances.
    pub known: Option<Value>,
}

/// Why something is deferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeferReason {
    /// Its `count` or `for_each` (or that of its module) is not known.
    InstancesUnknown,
    /// It depends on something that is deferred.
    Prerequisite,
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
    /// The attributes that bring it about.
    pub disrupted_by: Vec<AttrPath>,
    /// The machine that holds it, where it is known.
    pub container: Option<InstanceAddr>,
    /// For an object that was replaced and not deleted then: its key.
    pub deposed: Option<String>,
    /// A replacement makes the new object before it deletes the old one.
    pub create_first: bool,
    /// The address that the state has it under.
    pub moved_from: Option<InstanceAddr>,
    /// It is taken in under this id.
    pub importing: Option<String>,
    /// What differs and is left as it is, because `ignore_changes` says so.
    pub ignored: Vec<AttrPath>,
}

impl Change {
    /// A change of which only this is known.
    pub fn new(address: InstanceAddr, action: Action, reason: Option<Reason>) -> Self {
        Change {
            address,
            action,
            reason,
            before: None,
            after: None,
            attributes: Vec::new(),
            disruption: None,
            disrupted_by: Vec::new(),
            container: None,
            deposed: None,
            create_first: false,
            moved_from: None,
            importing: None,
            ignored: Vec::new(),
        }
    }
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
    /// Judges the conditions of an instance that has no operation of its own; they were unknown.
    Conditions(InstanceAddr),
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
    /// The object that this create replaces stays for now, under this deposed key.
    pub deposes: Option<String>,
    /// The old object of a later replacement is deleted after the new one is made.
    pub create_before_destroy: bool,
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
    /// The same before; as now where there was none.
    pub was_sensitive: bool,
}

impl OutputChange {
    /// Whether its value is not shown: for what it is or for what it was.
    pub fn is_hidden(&self) -> bool {
        self.sensitive || self.was_sensitive
    }

    /// Whether apply would store anything else than is stored.
    pub fn is_no_op(&self) -> bool {
        self.before == self.after && self.sensitive == self.was_sensitive
    }
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
    /// To take in.
    pub import: usize,
    /// To forget.
    pub forget: usize,
}

impl Plan {
    /// When it was made, as `plantimestamp()` answers.
    pub fn timestamp(&self) -> Option<SystemTime> {
        self.values.planned_at()
    }

    /// Whether apply would do nothing: no steps, no output changes, and nothing for the state to take in. What was read
    /// and differs is worth an apply only to a plan that was made for that.
    pub fn is_empty(&self) -> bool {
        let counts = |a: &Amendment| match (self.mode, a) {
            (PlanMode::RefreshOnly, amendment) => !matches!(amendment, Amendment::Move { .. }),
            (_, amendment) => !matches!(amendment, Amendment::Refresh { .. }),
        };
        // Where nothing is made, what is unknown stays so.
        let stays = |o: &OutputChange| {
            let open = o.after.as_ref().is_some_and(|after| !after.is_wholly_known());
            o.is_no_op() || (self.mode == PlanMode::RefreshOnly && open)
        };
        self.steps.is_empty() && self.outputs.iter().all(stays) && !self.amendments.iter().any(counts)
    }

    /// What has another address from now on: where the state has it, and where it will be.
    pub fn moves(&self) -> Vec<(&RecordKey, &RecordKey)> {
        let mut was: BTreeMap<&RecordKey, &RecordKey> = BTreeMap::new();
        for amendment in &self.amendments {
            if let Amendment::Move { from, to } = amendment {
                let first = was.remove(from).unwrap_or(from);
                was.insert(to, first);
            }
        }
        was.into_iter().map(|(to, from)| (from, to)).filter(|(from, to)| from != to).collect()
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
                Action::Forget => summary.forget += 1,
                Action::NoOp | Action::Read => {}
            }
            summary.import += usize::from(change.importing.is_some());
        }
        summary
    }

    /// The operations among the steps.
    pub fn operations(&self) -> impl Iterator<Item = (StepId, &Operation)> {
        self.steps.iter().filter_map(|s| match &s.work {
            Work::Operation(operation) => Some((s.id, &**operation)),
            Work::Join | Work::Conditions(_) => None,
        })
    }
}
