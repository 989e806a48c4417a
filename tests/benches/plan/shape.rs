//! The shapes of configurations, as text: nothing but `terraform_data`, so that neither tool waits for a provider.

use std::fmt::Write as _;

/// How the instances of a configuration hang together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// As many blocks as instances.
    Blocks,
    /// One block with `count`.
    Count,
    /// One block with `for_each` over a set in a local value.
    Set,
    /// One block with `for_each` over a map in a local value.
    Map,
    /// Blocks in ten layers, each block hanging on one of the layer before.
    Layers,
    /// Blocks that each hang on the one before.
    Chain,
}

/// What a tool is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Plan with no state.
    New,
    /// Plan with everything there.
    Noop,
    /// Make everything.
    Apply,
}

/// How many layers [`Shape::Layers`] has.
pub(crate) const LAYERS: usize = 10;
/// The most elements that `range()` gives.
const RANGE: usize = 1000;

impl Shape {
    pub(crate) const ALL: [Shape; 6] =
        [Shape::Blocks, Shape::Count, Shape::Set, Shape::Map, Shape::Layers, Shape::Chain];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Shape::Blocks => "blocks",
            Shape::Count => "count",
            Shape::Set => "for_each_set",
            Shape::Map => "for_each_map",
            Shape::Layers => "layers",
            Shape::Chain => "chain",
        }
    }

    /// The block that block `i` refers to.
    pub(crate) fn before(self, i: usize, size: usize) -> Option<usize> {
        match self {
            Shape::Layers => i.checked_sub(size.div_ceil(LAYERS)),
            Shape::Chain => i.checked_sub(1),
            _ => None,
        }
    }

    /// The input of instance `i`, once everything is known.
    pub(crate) fn input(self, i: usize, size: usize) -> String {
        match self.before(i, size) {
            // What comes first in its chain gives its value to all that follow.
            Some(_) if self == Shape::Chain => "v0".to_owned(),
            Some(_) => format!("v{}", i % size.div_ceil(LAYERS)),
            None => format!("v{i}"),
        }
    }

    /// A configuration with `size` instances.
    pub(crate) fn text(self, size: usize) -> String {
        let mut out = String::new();
        let resource = |repeat: &str, input: &str| {
            format!("resource \"terraform_data\" \"x\" {{\n  {repeat}\n  input = {input}\n}}\n")
        };
        // Terraform gives no range of more than 1,024 elements.
        let outer = size.div_ceil(RANGE);
        let each = |entry: &str| {
            format!("[for i in range({outer}) : {{for j in range({RANGE}) : {entry} if i * {RANGE} + j < {size}}}]")
        };
        match self {
            Shape::Blocks | Shape::Layers | Shape::Chain => {
                for i in 0..size {
                    let input = match self.before(i, size) {
                        Some(before) => format!("terraform_data.x{before}.output"),
                        None => format!("\"v{i}\""),
                    };
                    let _ = writeln!(out, "resource \"terraform_data\" \"x{i}\" {{\n  input = {input}\n}}\n");
                }
            }
            Shape::Count => out += &resource(&format!("count = {size}"), "\"v${count.index}\""),
            Shape::Set => {
                let keys = if outer == 1 {
                    format!("[for i in range({size}) : \"k${{i}}\"]")
                } else {
                    let inner =
                        format!("[for j in range({RANGE}) : \"k${{i * {RANGE} + j}}\" if i * {RANGE} + j < {size}]");
                    format!("flatten([for i in range({outer}) : {inner}])")
                };
                let _ = writeln!(out, "locals {{\n  keys = toset({keys})\n}}\n");
                out += &resource("for_each = local.keys", "each.key");
            }
            Shape::Map => {
                let items = if outer == 1 {
                    format!("{{for i in range({size}) : \"k${{i}}\" => \"v${{i}}\"}}")
                } else {
                    format!("merge({}...)", each(&format!("\"k${{i * {RANGE} + j}}\" => \"v${{i * {RANGE} + j}}\"")))
                };
                let _ = writeln!(out, "locals {{\n  items = {items}\n}}\n");
                out += &resource("for_each = local.items", "each.value");
            }
        }
        out
    }
}

impl Step {
    pub(crate) const ALL: [Step; 3] = [Step::New, Step::Noop, Step::Apply];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Step::New => "new",
            Step::Noop => "noop",
            Step::Apply => "apply",
        }
    }

    pub(crate) fn says(self) -> &'static str {
        match self {
            Step::New => "plan from nothing",
            Step::Noop => "no-op plan",
            Step::Apply => "apply",
        }
    }
}
