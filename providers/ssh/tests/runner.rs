//! The integration tests of the crate, against a real sshd on the loopback address.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "the helpers of tests are tests")]

#[path = "runner/capability.rs"]
mod capability;
#[path = "runner/contents.rs"]
mod contents;
#[path = "runner/shell.rs"]
mod shell;
#[path = "runner/sshd.rs"]
mod sshd;
