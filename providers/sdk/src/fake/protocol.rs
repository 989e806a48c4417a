//! What is said over the socket, one JSON line each way, and what the world keeps.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// An object of the world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Object {
    /// `fake_thing`
    pub ty: String,
    /// The identity that it carries.
    pub id: String,
    /// The value of its attribute `name`.
    pub name: String,
    /// Its attributes.
    pub values: Map<String, Json>,
    /// The id of the box that holds it.
    pub container: Option<String>,
    /// Whether it is lost when its box restarts.
    pub volatile: bool,
    /// For a box: changes with every start.
    pub boot_id: Option<String>,
    /// How often it was changed by a provider.
    pub generation: u64,
}

impl Object {
    /// Whether it is a box that runs, or no box.
    pub fn is_running(&self) -> bool {
        self.values.get("running").and_then(Json::as_bool).unwrap_or(true)
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// An operation of a provider began.
    Start,
    /// It ended well.
    Done,
    /// It failed as it was told to, before it changed anything.
    FailedBefore,
    /// It failed as it was told to, after it did its work.
    FailedAfter,
    /// A create was refused, because an object with that identity exists.
    Duplicate,
    /// An update or a delete found nothing.
    Missing,
    /// It was refused, because the box that holds the object does not run.
    Unreachable,
    /// The object went, because its box restarted, stopped or was deleted.
    Lost,
    /// Somebody else changed the object.
    Meddled,
    /// A batch was read; `name` says how many.
    Read,
    /// A provider was asked for several operations with one call; `name` says how many.
    Together,
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Microseconds since 1970.
    pub at: u64,
    /// What happened.
    pub event: Event,
    /// `create`, `update`, `delete`, or what was done otherwise.
    pub op: String,
    /// The same for the start and the end of one operation.
    pub serial: u64,
    /// The object's type.
    pub ty: String,
    /// The object's identity.
    pub id: String,
    /// The object's name.
    pub name: String,
}

/// How an operation misbehaves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Behaviour {
    /// Milliseconds before the effect.
    pub(crate) before: u64,
    /// Milliseconds between the effect and the answer.
    pub(crate) after: u64,
    /// The how many-eth operation of its kind on objects of this type and name fails.
    pub(crate) fail: Option<u64>,
    /// It fails after the effect instead of before it.
    pub(crate) fail_after: bool,
}

/// What a provider or a test asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(crate) enum Request {
    Create {
        object: Object,
        generate: Vec<String>,
        behaviour: Behaviour,
    },
    Update {
        object: Object,
        restart: bool,
        behaviour: Behaviour,
    },
    Delete {
        ty: String,
        id: String,
        name: String,
        behaviour: Behaviour,
    },
    /// Objects by id, and the box, if one is named; `settle` waits for operations on them to end.
    Read {
        ids: Vec<String>,
        container: Option<String>,
        settle: bool,
    },
    /// So many operations on contents of a box come from one call.
    Together {
        ty: String,
        container: String,
        count: usize,
    },
    Find {
        ty: String,
        name: String,
    },
    Objects,
    Poke {
        id: String,
        values: Map<String, Json>,
    },
    Stop {
        id: String,
    },
    Remove {
        id: String,
    },
}

/// What the world answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Response {
    /// The object as it is now; `None` when it does not exist.
    Object(Option<Object>),
    Objects(Vec<Object>),
    /// In the order of the ids; and the box.
    Read {
        objects: Vec<Option<Object>>,
        container: Option<Object>,
    },
    Failed {
        event: Event,
        message: String,
        object: Option<Object>,
    },
}
