//! The integration tests of the crate.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "the helpers of tests are tests")]

mod capability;
mod changes;
mod cloud;
mod derived;
mod foreign;
mod guest;
mod image;
mod lab;
mod machine;
mod network;
mod plain_ssh;
mod system;
mod uefi;
