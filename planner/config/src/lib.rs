//! HCL text to [`Config`]; expressions to values. Knows nothing of state or of providers' worlds.
//!
//! The way of a file: load -> parse -> block -> Config; the way of an expression: references (static) and
//! evaluate (with a [`Scope`]); the way of a resource body: decode (with a schema and a scope).

mod config;
mod scope;

pub use config::{
    Body, BodySource, CheckRule, Config, Expr, ForEach, Lifecycle, Local, Module, ModuleCall, Output, ProviderBlock,
    ResourceBlock, Settings, TypeDefaults, Variable,
};
pub use scope::{Reference, Scope, Subject};
