//! The store's tests: one binary.

#![allow(clippy::unwrap_used, reason = "a test may; clippy sees only the functions with the attribute as tests")]

mod conditions;
mod contract;
mod damaged;
mod formats;
mod held;
mod killed;
mod readers;
mod replaced;
mod samples;
mod terraform;
mod values;
