//! The one binary of the end-to-end tests.
#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod corpus;
mod host;
mod oracle;
mod policy;
mod refusals;
mod sessions;
mod software;
