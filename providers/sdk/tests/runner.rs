//! The fake world against the conformance suite, and what it does on command.

#![allow(clippy::unwrap_used, reason = "a test may; clippy sees only the functions with the attribute as tests")]

mod conforming;
mod meddling;
mod setting;
