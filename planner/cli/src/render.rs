//! What is shown: every function takes values and gives the whole text, so that tests compare whole texts.

pub(crate) mod attributes;
pub(crate) mod cache;
pub(crate) mod change;
pub(crate) mod diagnostic;
pub(crate) mod doctor;
pub(crate) mod drift;
pub(crate) mod failure;
pub(crate) mod json;
pub(crate) mod literal;
pub(crate) mod outputs;
pub(crate) mod plan;
pub(crate) mod progress;
pub(crate) mod reason;
pub(crate) mod sensitive;
pub(crate) mod snippet;
pub(crate) mod state;
pub(crate) mod style;
pub(crate) mod value;
pub(crate) mod why;
pub(crate) mod wrap;
