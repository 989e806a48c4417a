//! The machine-readable twins, in Terraform's shapes, so that its viewers and policy tools work with cplan.

pub(crate) mod checks;
pub(crate) mod configuration;
pub(crate) mod dependency;
pub(crate) mod diagnostic;
pub(crate) mod drift;
pub(crate) mod event;
pub(crate) mod expression;
pub(crate) mod plan;
pub(crate) mod relevant;
pub(crate) mod state;
pub(crate) mod stream;
pub(crate) mod values;

use serde_json::Value as Json;

/// Pretty, with a line end.
pub(crate) fn text(json: &Json) -> String {
    format!("{json:#}\n")
}

/// On one line, with a line end.
pub(crate) fn line(json: &Json) -> String {
    format!("{json}\n")
}
