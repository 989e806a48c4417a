//! The one binary of the end-to-end tests.

mod policy;
mod refusals;
