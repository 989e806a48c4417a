//! Expressions as a plan's JSON tells them: the value of a constant, or what is referred to.

use cplan_config::{Expr, Spelled, Subject, literal_value, spelled};
use cplan_model::{InstanceKey, Step};
use serde_json::{Value as Json, json};

use super::values::json as value_json;
use crate::render::value::SENSITIVE;

/// `{"constant_value": …}`, `{"references": […]}`, both where what is named is not chosen, or `{}`. A constant is masked where it shall be
/// hidden.
pub(crate) fn expression(expr: &Expr, hidden: bool) -> Json {
    let mut out = json!({});
    if let Some(value) = literal_value(expr) {
        let hidden = hidden && !value.is_null();
        out["constant_value"] = if hidden { json!(SENSITIVE) } else { value_json(&value, true) };
    }
    let references: Vec<String> = spelled(expr).iter().flat_map(references).collect();
    if !references.is_empty() {
        out["references"] = json!(references);
    }
    out
}

/// A reference from its whole spelling back to its subject, one step shorter each, and at last what holds that.
fn references(spelled: &Spelled) -> Vec<String> {
    let subject = subject(&spelled.subject);
    let key = spelled.key.as_ref().map(key).unwrap_or_default();
    let instance = format!("{subject}{key}");
    let base = spelled.output.as_ref().map_or_else(|| instance.clone(), |o| format!("{instance}.{o}"));
    let steps: Vec<String> = spelled.steps.iter().map(step).collect();
    let mut out: Vec<String> = (0..=steps.len()).rev().map(|n| format!("{base}{}", steps[..n].concat())).collect();
    if spelled.output.is_some() {
        out.push(instance);
    } else if spelled.key.is_some() {
        out.push(subject);
    }
    out
}

/// A reference as it is written, up to the first attribute.
pub(crate) fn whole(spelled: &Spelled) -> String {
    let output = spelled.output.as_ref().map(|o| format!(".{o}")).unwrap_or_default();
    format!("{}{}{output}", subject(&spelled.subject), spelled.key.as_ref().map(key).unwrap_or_default())
}

/// A subject as it is written.
pub(crate) fn subject(subject: &Subject) -> String {
    match subject {
        Subject::Variable(name) => format!("var.{name}"),
        Subject::Local(name) => format!("local.{name}"),
        Subject::Resource(addr) => addr.to_string(),
        Subject::Module(name) => format!("module.{name}"),
        Subject::CountIndex => "count.index".to_owned(),
        Subject::EachKey => "each.key".to_owned(),
        Subject::EachValue => "each.value".to_owned(),
        Subject::PathModule => "path.module".to_owned(),
        Subject::PathRoot => "path.root".to_owned(),
        Subject::PathCwd => "path.cwd".to_owned(),
        Subject::Workspace => "terraform.workspace".to_owned(),
        Subject::Applying => "terraform.applying".to_owned(),
        Subject::SelfObject => "self".to_owned(),
    }
}

fn key(key: &InstanceKey) -> String {
    match key {
        InstanceKey::Int(n) => format!("[{n}]"),
        InstanceKey::Str(text) => format!("[{}]", json!(&**text)),
    }
}

fn step(step: &Step) -> String {
    match step {
        Step::Attr(name) => format!(".{name}"),
        Step::Index(n) => format!("[{n}]"),
        Step::Key(text) => format!("[{}]", json!(&**text)),
        Step::Element(_) => String::new(),
    }
}
