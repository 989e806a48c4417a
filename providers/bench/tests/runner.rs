//! Whole runs on this host: machines are folders, their shell is the local one, the broker is real.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "the helpers of tests are tests")]

#[path = "../../guest/tests/broker.rs"]
mod broker;
mod local;
mod runs;
