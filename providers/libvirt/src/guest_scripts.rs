//! What both kinds of guests that are built here do alike when they start, as scripts that their own ones read.

/// The addresses of the seed, by MAC.
pub(crate) const ADDRESSES: &str = include_str!("guest_scripts/addresses.sh");
/// A clock that keeps time where the processor is emulated.
pub(crate) const CLOCK: &str = include_str!("guest_scripts/clock.sh");
