//! What a step needs while it runs; the scheduler holds a step back until all its claims fit.

/// One claim.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// What is claimed: `machine:<id>`, `boots:<host>`, `image-store:<host>`, `network:<id>`, `host:<host>`.
    pub on: String,
    /// How much of it.
    pub share: Share,
}

/// How much of a thing is claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Share {
    /// Beside other shared claims.
    Shared,
    /// Alone.
    Exclusive,
    /// So many of a known number of slots; all claims on one thing name the same number.
    Slots {
        /// Taken by this step (at least one, at most `of`).
        take: u32,
        /// In all.
        of: u32,
    },
}

impl Claim {
    /// A shared claim.
    pub fn shared(on: impl Into<String>) -> Self {
        Claim { on: on.into(), share: Share::Shared }
    }

    /// An exclusive claim.
    pub fn exclusive(on: impl Into<String>) -> Self {
        Claim { on: on.into(), share: Share::Exclusive }
    }

    /// A claim of slots.
    pub fn slots(on: impl Into<String>, take: u32, of: u32) -> Self {
        Claim { on: on.into(), share: Share::Slots { take, of } }
    }
}
