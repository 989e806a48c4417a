//! Values that are not known yet, nulls of a type and sensitive values, as local values that expressions use.

use std::sync::LazyLock;

use cplan_config::{Config, evaluate};
use cplan_model::Value;

use crate::scope::{empty, folder};

/// Name and expression.
const LOCALS: &[(&str, &str)] = &[
    ("ud", "terraform_data.x.output"),
    ("us", "tostring(terraform_data.x.id)"),
    ("un", "tonumber(terraform_data.x.id)"),
    ("ub", "tobool(terraform_data.x.id)"),
    ("ul", "split(\",\", local.us)"),
    ("uset", "local.us == \"a\" ? toset([\"a\"]) : toset([\"b\", \"c\"])"),
    ("um", "transpose(local.ud)"),
    ("uo", "local.us == \"a\" ? { a = 1, b = \"x\" } : { a = 2, b = \"y\" }"),
    ("ut", "local.us == \"a\" ? [1, \"x\"] : [2, \"y\"]"),
    ("up", "\"foo-${local.us}\""),
    ("nn", "tonumber(null)"),
    ("ns", "tostring(null)"),
    ("nl", "tolist(null)"),
    ("sec", "sensitive(\"x\")"),
    ("secl", "sensitive([\"a\", \"b\"])"),
    ("secm", "sensitive({ a = \"b\" })"),
];

/// The local values as a block, and the resource that they wait for.
pub(crate) fn block() -> String {
    let lines: String = LOCALS.iter().map(|(name, expr)| format!("  {name} = {expr}\n")).collect();
    format!("resource \"terraform_data\" \"x\" {{}}\nlocals {{\n{lines}}}\n")
}

/// A local value.
pub(crate) fn local(name: &str) -> Option<Value> {
    static CONFIG: LazyLock<Config> = LazyLock::new(|| {
        let (_, config, diagnostics) = folder(&block());
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        config
    });
    let (value, diagnostics) = evaluate(&CONFIG.root.locals.get(name)?.value, &empty(std::path::Path::new(".")));
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    Some(value)
}
