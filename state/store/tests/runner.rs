//! The store's tests: one binary.

mod contract;
mod samples;
