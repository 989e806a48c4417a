//! The values of a document, each once.

use std::sync::Arc;

use cplan_model::{AttrPath, Kind, Marks, Step, Value};
use cplan_store::v1::ValueV1;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use serde::{Deserialize, Serialize};

use super::Wrong;

/// The position of a value among those of the document.
pub(super) type Ref = usize;

/// One step of a path.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PathStepV1 {
    Attr(String),
    Index(usize),
    Key(String),
    Element(Ref),
}

/// Collects the values of a document.
#[derive(Default)]
pub(super) struct Writer {
    known: Vec<Value>,
    index: HashMap<Value, Ref>,
    /// The same by the places of their contents: most values are shared, and so need not be looked at again.
    by_place: HashMap<(usize, Marks), Ref>,
}

/// Where the content of a value is in memory; `None` where that is not all that the value is. The content stays there
/// as long as the writer has the value.
fn place(value: &Value) -> Option<(usize, Marks)> {
    let place = match value.kind() {
        Kind::Object(members) => members.place(),
        Kind::Tuple(items) => Arc::as_ptr(items).cast::<Value>().addr(),
        _ => return None,
    };
    Some((place, value.marks()))
}

impl Writer {
    pub(super) fn value(&mut self, value: &Value) -> Ref {
        let place = place(value);
        if let Some(at) = place.and_then(|place| self.by_place.get(&place)) {
            return *at;
        }
        let at = self.known.len();
        match self.index.entry(value.clone()) {
            Entry::Occupied(entry) => return *entry.get(),
            Entry::Vacant(entry) => entry.insert(at),
        };
        self.known.push(value.clone());
        if let Some(place) = place {
            self.by_place.insert(place, at);
        }
        at
    }

    pub(super) fn optional(&mut self, value: Option<&Value>) -> Option<Ref> {
        value.map(|value| self.value(value))
    }

    pub(super) fn path(&mut self, path: &AttrPath) -> Vec<PathStepV1> {
        let step = |step: &Step| match step {
            Step::Attr(name) => PathStepV1::Attr(name.to_string()),
            Step::Index(n) => PathStepV1::Index(*n),
            Step::Key(key) => PathStepV1::Key(key.to_string()),
            Step::Element(value) => PathStepV1::Element(self.value(value)),
        };
        path.0.iter().map(step).collect()
    }

    /// The value at a position.
    pub(super) fn at(&self, at: Ref) -> Option<&Value> {
        self.known.get(at)
    }
}

/// The values of a document.
pub(super) struct Reader {
    known: Vec<Value>,
}

impl Reader {
    pub(super) fn new(known: Vec<ValueV1>) -> Result<Self, Wrong> {
        let known = known.into_iter().map(|value| value.planned().map_err(|e| e.to_string()));
        Ok(Reader { known: known.collect::<Result<_, _>>()? })
    }

    pub(super) fn value(&self, at: Ref) -> Result<Value, Wrong> {
        self.known.get(at).cloned().ok_or_else(|| "it names a value that it does not have".to_owned())
    }

    pub(super) fn optional(&self, at: Option<Ref>) -> Result<Option<Value>, Wrong> {
        at.map(|at| self.value(at)).transpose()
    }

    pub(super) fn path(&self, path: Vec<PathStepV1>) -> Result<AttrPath, Wrong> {
        let step = |step| {
            Ok(match step {
                PathStepV1::Attr(name) => Step::Attr(name.into()),
                PathStepV1::Index(n) => Step::Index(n),
                PathStepV1::Key(key) => Step::Key(key.into()),
                PathStepV1::Element(at) => Step::Element(self.value(at)?),
            })
        };
        path.into_iter().map(step).collect::<Result<_, Wrong>>().map(AttrPath)
    }
}
