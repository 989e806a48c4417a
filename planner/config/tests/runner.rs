//! The language from outside: beside the real terraform, and what its errors say.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking and says what it skips")]

mod corpus;
mod diagnostics;
mod folders;
mod language;
mod oracle;
mod scope;
mod templates;
