//! The integration tests of the crate.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "the helpers of tests are tests")]

#[path = "runner/capability.rs"]
mod capability;
#[path = "runner/host_bridge.rs"]
mod host_bridge;
#[path = "runner/shaper.rs"]
mod shaper;
