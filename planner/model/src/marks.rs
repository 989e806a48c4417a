//! Marks: what must not be shown or stored. They live in the value's node and survive every operation.

use std::fmt;
use std::ops::BitOr;

/// The set of marks on a value.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Marks(u8);

impl Marks {
    /// No mark.
    pub const NONE: Marks = Marks(0);
    /// Not to be shown.
    pub const SENSITIVE: Marks = Marks(1);
    /// Not to be stored in state or plan.
    pub const EPHEMERAL: Marks = Marks(2);

    /// Whether the value must not be shown.
    pub fn is_sensitive(self) -> bool {
        self.0 & Self::SENSITIVE.0 != 0
    }

    /// Whether the value must not be stored.
    pub fn is_ephemeral(self) -> bool {
        self.0 & Self::EPHEMERAL.0 != 0
    }

    /// Whether there is no mark.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// These marks without `other`.
    #[must_use]
    pub fn without(self, other: Marks) -> Marks {
        Marks(self.0 & !other.0)
    }
}

impl BitOr for Marks {
    type Output = Marks;
    fn bitor(self, other: Marks) -> Marks {
        Marks(self.0 | other.0)
    }
}

impl fmt::Debug for Marks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = Vec::new();
        if self.is_sensitive() {
            names.push("sensitive");
        }
        if self.is_ephemeral() {
            names.push("ephemeral");
        }
        write!(f, "{{{}}}", names.join(", "))
    }
}
