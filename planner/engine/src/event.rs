//! What goes on, for the face: the only way a user interface learns anything.

use cplan_model::{Action, InstanceAddr, Value};

use crate::StepId;

/// The two outputs of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Standard output, and what the provider has to say.
    Out,
    /// Standard error.
    Err,
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// Operations of an interrupted run are being settled.
    Settling {
        /// How many.
        count: usize,
    },
    /// One was settled.
    Settled {
        /// The object.
        address: InstanceAddr,
        /// In words: "adopted", "was not made", "is deleted".
        outcome: String,
    },
    /// Objects are being read back.
    RefreshStarted {
        /// Which, and what is believed of them.
        objects: Vec<(InstanceAddr, Value)>,
    },
    /// All are read.
    RefreshFinished,
    /// A step begins.
    StepStarted {
        /// Which.
        step: StepId,
        /// The object.
        address: InstanceAddr,
        /// What is done.
        action: Action,
    },
    /// What a step waits for; replaces the last status.
    StepStatus {
        /// Which.
        step: StepId,
        /// The object.
        address: InstanceAddr,
        /// In words.
        text: String,
    },
    /// What the user is to know of a step that goes well.
    StepNote {
        /// Which.
        step: StepId,
        /// The object.
        address: InstanceAddr,
        /// In words.
        text: String,
    },
    /// Output of a step, to be kept whole.
    StepLog {
        /// Which.
        step: StepId,
        /// The object.
        address: InstanceAddr,
        /// The output.
        text: String,
        /// Where it was said.
        stream: Stream,
    },
    /// A step is done and its result durable.
    StepFinished {
        /// Which.
        step: StepId,
        /// The object.
        address: InstanceAddr,
        /// What was done.
        action: Action,
    },
    /// A step failed.
    StepFailed {
        /// Which.
        step: StepId,
        /// The object.
        address: InstanceAddr,
        /// What was tried.
        action: Action,
        /// The message.
        error: String,
    },
    /// A step was not begun, because what it depends on failed (or the user interrupted).
    StepSkipped {
        /// Which.
        step: StepId,
        /// The object.
        address: InstanceAddr,
        /// In words.
        because: String,
    },
}

/// Hears events; called from the engine's task, so it must be quick.
pub trait EventSink: Send + Sync {
    /// One event.
    fn event(&self, event: Event);
}

/// Hears nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deaf;

impl EventSink for Deaf {
    fn event(&self, _: Event) {}
}
