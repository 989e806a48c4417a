//! The name by which the real object is found again, chosen by the engine before it exists.

use std::fmt;

/// Chosen when a create is planned, stored in the intent and in the state, carried by the object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// A UUID in lower-case hyphenated form, unique per object (a replacement gets a new one).
    pub id: String,
    /// The lab: the first eight hex digits of the state's lineage; the same for all objects of a state.
    pub lab: String,
    /// A name that is unique within the lab among objects of a type, made of `[a-z0-9-]`, at most 40 long.
    pub name: String,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} ({})", self.lab, self.name, self.id)
    }
}
