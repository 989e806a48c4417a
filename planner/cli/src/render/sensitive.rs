//! What must not be shown: by the marks of values, and by the schema's word.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use cplan_engine::{Change, Registry};
use cplan_model::{AttrChange, InstanceAddr, Kind, Marks, Mode, ResourceAddr, Schema, Value};

/// The schema of a resource or data source, whichever provider has it.
pub(crate) fn schema_of<'a>(registry: &'a Registry, address: &InstanceAddr) -> Option<&'a Schema> {
    schema_of_type(registry, &address.resource)
}

/// The same of a block.
pub(crate) fn schema_of_type<'a>(registry: &'a Registry, resource: &ResourceAddr) -> Option<&'a Schema> {
    let ty = &*resource.ty;
    registry.iter().find_map(|(_, provider)| match resource.mode {
        Mode::Managed => provider.resource(ty).map(|r| r.schema()),
        Mode::Data => provider.data_source(ty).map(|d| d.schema()),
    })
}

/// The values with what is sensitive by itself or by the schema's word marked, and nothing else.
pub(crate) fn marked_by_schema(schema: Option<&Schema>, value: &Value) -> Value {
    by_schema(schema, value)
}

/// The values with what is sensitive marked, so that whoever shows them need know marks only: what the schema says, and
/// every text that is sensitive elsewhere in the same object, because a provider that copies an input into a computed
/// attribute knows no marks.
pub(crate) fn marked(schema: Option<&Schema>, value: &Value) -> Value {
    let value = by_schema(schema, value);
    let mut secrets = BTreeSet::new();
    collect(&value, false, &mut secrets);
    conceal(&value, &secrets)
}

/// A change with what is sensitive marked on both sides and in every attribute.
pub(crate) fn marked_change<'c>(schema: Option<&Schema>, change: &'c Change) -> Cow<'c, Change> {
    let sides = || change.before.iter().chain(&change.after);
    let said = schema.is_some_and(has_sensitive) || change.attributes.iter().any(|a| a.sensitive);
    if !said && !sides().any(|v| v.marks_deep().is_sensitive()) {
        return Cow::Borrowed(change);
    }
    let side = |v: &Option<Value>| v.as_ref().map(|v| by_schema(schema, v));
    let (before, after) = (side(&change.before), side(&change.after));
    let mut secrets = BTreeSet::new();
    before.iter().chain(&after).for_each(|v| collect(v, false, &mut secrets));
    // An attribute that holds a secret somewhere is sensitive, too: there the marks tell which part it is.
    for attribute in change.attributes.iter().filter(|a| a.sensitive) {
        let values = || attribute.before.iter().chain(&attribute.after);
        let whole = !values().any(|v| v.marks_deep().is_sensitive());
        values().for_each(|v| collect(v, whole, &mut secrets));
    }
    let hide = |v: &Option<Value>| v.as_ref().map(|v| conceal(v, &secrets));
    let attributes =
        change.attributes.iter().map(|a| AttrChange { before: hide(&a.before), after: hide(&a.after), ..a.clone() });
    let attributes = attributes.collect();
    Cow::Owned(Change { before: hide(&before), after: hide(&after), attributes, ..change.clone() })
}

/// Whether a schema calls anything sensitive.
fn has_sensitive(schema: &Schema) -> bool {
    schema.attributes.values().any(|a| a.sensitive) || schema.blocks.values().any(|b| has_sensitive(&b.block))
}

fn by_schema(schema: Option<&Schema>, value: &Value) -> Value {
    let (Some(schema), Kind::Object(members)) = (schema, value.kind()) else { return value.clone() };
    let members = members.iter().map(|(name, member)| {
        let member = match (schema.attributes.get(name), schema.blocks.get(name)) {
            (Some(attribute), _) if attribute.sensitive && !member.is_null() => member.clone().mark(Marks::SENSITIVE),
            (_, Some(nested)) if member.as_slice().is_some() => {
                member.map_children(|v| by_schema(Some(&nested.block), v))
            }
            (_, Some(nested)) => by_schema(Some(&nested.block), member),
            _ => member.clone(),
        };
        (name.clone(), member)
    });
    Value::object(members).mark(value.marks())
}

fn collect(value: &Value, sensitive: bool, secrets: &mut BTreeSet<Arc<str>>) {
    let sensitive = sensitive || value.marks().is_sensitive();
    match value.kind() {
        Kind::String(text) if sensitive && !text.is_empty() => {
            secrets.insert(Arc::clone(text));
        }
        _ => value.children().for_each(|v| collect(v, sensitive, secrets)),
    }
}

fn conceal(value: &Value, secrets: &BTreeSet<Arc<str>>) -> Value {
    match value.kind() {
        _ if secrets.is_empty() => value.clone(),
        Kind::String(text) if secrets.contains(text) => value.clone().mark(Marks::SENSITIVE),
        _ => value.map_children(|v| conceal(v, secrets)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::value::inline;
    use cplan_model::{Action, Attribute, Nesting, Reason, Type};

    #[test]
    fn the_schema_marks_what_is_sensitive() {
        let inner = Schema::new("", [("key", Attribute::optional(Type::String, "").sensitive())]);
        let schema = Schema::new("", [("token", Attribute::optional(Type::String, "").sensitive())]).block(
            "peer",
            Nesting::List,
            0,
            None,
            inner,
        );
        let peer = Value::object([("key", Value::string("k"))]);
        let value = Value::object([("token", Value::string("t")), ("peer", Value::tuple([peer]))]);
        assert_eq!(
            inline(&marked(Some(&schema), &value)),
            "{peer = [{key = (sensitive value)}], token = (sensitive value)}"
        );
    }

    #[test]
    fn a_secret_that_a_provider_copied_is_found_out() {
        let value = Value::object([
            ("input", Value::string("hunter2").mark(Marks::SENSITIVE)),
            ("output", Value::tuple([Value::string("hunter2"), Value::string("plain")])),
        ]);
        assert_eq!(
            inline(&marked(None, &value)),
            "{input = (sensitive value), output = [(sensitive value), \"plain\"]}"
        );
    }

    #[test]
    fn what_stands_beside_a_secret_is_shown() {
        let input =
            Value::object([("name", Value::string("dev")), ("token", Value::string("hunter2").mark(Marks::SENSITIVE))]);
        let after = Value::object([("input", input)]);
        let nothing = Value::object::<&str>([]);
        let attributes = cplan_model::changes(
            &Schema::new("", [("input", Attribute::optional(Type::Dynamic, ""))]),
            &nothing,
            &after,
        );
        assert!(attributes[0].sensitive);
        let new = Change::new("terraform_data.a".parse().unwrap(), Action::Create, Some(Reason::New));
        let change = Change { after: Some(after), attributes, ..new };
        let shown = marked_change(None, &change);
        let text = "{name = \"dev\", token = (sensitive value)}";
        assert_eq!(inline(shown.attributes[0].after.as_ref().unwrap()), text);
        assert_eq!(inline(shown.after.as_ref().unwrap()), format!("{{input = {text}}}"));
    }
}
