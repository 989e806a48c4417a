//! The formats of records.

pub mod csv;
pub mod json;
