//! What must not be shown: by the marks of values, and by the schema's word.

use cplan_engine::Registry;
use cplan_model::{InstanceAddr, Kind, Marks, Mode, Schema, Value};

/// The schema of a resource or data source, whichever provider has it.
pub(crate) fn schema_of<'a>(registry: &'a Registry, address: &InstanceAddr) -> Option<&'a Schema> {
    let ty = &*address.resource.ty;
    registry.iter().find_map(|provider| match address.resource.mode {
        Mode::Managed => provider.resource(ty).map(|r| r.schema()),
        Mode::Data => provider.data_source(ty).map(|d| d.schema()),
    })
}

/// The values with the sensitive attributes of their schema marked, so that whoever shows them need know marks only.
pub(crate) fn marked(schema: Option<&Schema>, value: &Value) -> Value {
    let Some(schema) = schema else { return value.clone() };
    let Kind::Object(members) = value.kind() else { return value.clone() };
    let marked_members = members.iter().map(|(name, member)| {
        let member = match (schema.attributes.get(name), schema.blocks.get(name)) {
            (Some(attribute), _) if attribute.sensitive && !member.is_null() => member.clone().mark(Marks::SENSITIVE),
            (_, Some(nested)) if member.as_slice().is_some() => member.map_children(|v| marked(Some(&nested.block), v)),
            (_, Some(nested)) => marked(Some(&nested.block), member),
            _ => member.clone(),
        };
        (name.clone(), member)
    });
    Value::object(marked_members).mark(value.marks())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::value::inline;
    use cplan_model::{Attribute, Nesting, Type};

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
}
