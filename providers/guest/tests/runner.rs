//! The binary against a real broker on loopback.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "the helpers of tests are tests")]

mod broker;
mod loopback;
