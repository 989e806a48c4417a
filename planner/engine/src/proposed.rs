//! The proposed new values: the configuration merged over what exists. Pure.

use std::sync::Arc;

use cplan_model::{AttrPath, AttributeMode, Kind, Marks, Schema, Step, Type, Value};
use cplan_sdk::Resource;

/// Merges: what the configuration sets wins; an unset computed attribute keeps its prior value, or is unknown when
/// there is none; an unset optional attribute is null.
pub(crate) fn propose(schema: &Schema, config: &Value, prior: Option<&Value>) -> Value {
    if config.as_map().is_none() {
        return config.clone();
    }
    let mut items: Vec<(Arc<str>, Value)> = Vec::with_capacity(schema.attributes.len() + schema.blocks.len());
    for (name, attribute) in &schema.attributes {
        let set = config.get(name).filter(|v| !v.is_null());
        let value = match (set, attribute.mode) {
            (Some(value), mode) if mode != AttributeMode::Computed => value.clone(),
            (_, AttributeMode::Computed | AttributeMode::OptionalComputed) => match prior.and_then(|p| p.get(name)) {
                Some(kept) => kept.clone(),
                None => Value::unknown(attribute.ty.clone()),
            },
            _ => Value::null(attribute.ty.clone()),
        };
        items.push((name.clone(), value));
    }
    for (name, nested) in &schema.blocks {
        let Some(value) = config.get(name) else { continue };
        let before = prior.and_then(|p| p.get(name));
        let merged = match value.kind() {
            Kind::List(_, blocks) => {
                let merged: Vec<Value> = blocks
                    .iter()
                    .enumerate()
                    .map(|(i, b)| propose(&nested.block, b, before.and_then(Value::as_slice).and_then(|s| s.get(i))))
                    .collect();
                Value::list(merged.first().map_or_else(|| nested.block.object_type(), Value::ty), merged)
            }
            Kind::Object(_) => propose(&nested.block, value, before.filter(|b| !b.is_null())),
            _ => value.clone(),
        };
        items.push((name.clone(), merged.mark(value.marks())));
    }
    Value::object(items)
}

/// The configuration with the attributes at `paths` taken from `prior`.
pub(crate) fn ignore(config: &Value, prior: &Value, paths: &[AttrPath]) -> Value {
    paths.iter().fold(config.clone(), |config, path| graft(&config, prior, &path.0))
}

/// Terraform's rules: a path counts where it leads somewhere in both values. Names go into objects and keys into maps;
/// a key behind which nothing stands may come and go, and of what is no map it means all.
fn graft(config: &Value, prior: &Value, steps: &[Step]) -> Value {
    let Some((first, rest)) = steps.split_first() else { return prior.clone() };
    let grafted = match (first, config.kind(), prior.kind()) {
        (Step::Key(name), _, _) if rest.is_empty() => return graft_key(config, prior, name),
        (Step::Attr(name), Kind::Object(items), Kind::Object(olds)) => match (items.get(name), olds.get(name)) {
            (Some(new), Some(old)) => config.with(name, graft(new, old, rest)),
            _ => return config.clone(),
        },
        (Step::Key(name), Kind::Map(ty, items), Kind::Map(_, olds)) => match (items.get(name), olds.get(name)) {
            (Some(new), Some(old)) => {
                Value::new(Kind::Map(ty.clone(), items.with(name.clone(), graft(new, old, rest))))
            }
            _ => return config.clone(),
        },
        (Step::Index(n), kind, _) => {
            let (Some(items), Some(olds)) = (config.as_slice(), prior.as_slice()) else { return config.clone() };
            let items = items.iter().enumerate().map(|(i, new)| match olds.get(i) {
                Some(old) if i == *n => graft(new, old, rest),
                _ => new.clone(),
            });
            match kind {
                Kind::List(ty, _) => Value::list(ty.clone(), items),
                _ => Value::tuple(items),
            }
        }
        _ => return config.clone(),
    };
    grafted.mark(config.marks())
}

fn graft_key(config: &Value, prior: &Value, name: &Arc<str>) -> Value {
    let (Kind::Map(ty, items), Some(olds)) = (config.kind(), prior.as_map()) else { return prior.clone() };
    let items = match olds.get(name) {
        Some(old) => items.with(name.clone(), old.clone()),
        None => items.without(name),
    };
    Value::new(Kind::Map(ty.clone(), items)).mark(config.marks())
}

/// `to` with the marks that `from` has at the same places, and those that the schema demands; providers see and
/// return values without marks.
pub(crate) fn remark(schema: &Schema, from: &Value, to: &Value) -> Value {
    let marked = transfer(from, to);
    schema.attributes.iter().filter(|(_, a)| a.sensitive).fold(marked, |value, (name, _)| match value.get(name) {
        Some(v) if !v.is_null() => {
            let v = v.clone().mark(Marks::SENSITIVE);
            value.with(name, v)
        }
        _ => value,
    })
}

fn transfer(from: &Value, to: &Value) -> Value {
    if from.marks_deep().is_empty() {
        return to.clone();
    }
    let value = match (from.as_map(), to.kind()) {
        (Some(olds), Kind::Object(items)) => Value::object(
            items.iter().map(|(k, v)| (k.clone(), olds.get(k).map_or_else(|| v.clone(), |o| transfer(o, v)))),
        ),
        (Some(olds), Kind::Map(t, items)) => Value::map(
            t.clone(),
            items.iter().map(|(k, v)| (k.clone(), olds.get(k).map_or_else(|| v.clone(), |o| transfer(o, v)))),
        ),
        _ => match (from.as_slice(), to.kind()) {
            (Some(olds), Kind::List(t, items)) => Value::list(t.clone(), zip(olds, items)),
            (Some(olds), Kind::Tuple(items)) => Value::tuple(zip(olds, items)),
            _ => to.clone(),
        },
    };
    value.mark(from.marks() | to.marks())
}

fn zip(olds: &[Value], items: &[Value]) -> Vec<Value> {
    items.iter().enumerate().map(|(i, v)| olds.get(i).map_or_else(|| v.clone(), |o| transfer(o, v))).collect()
}

/// Null for what is not known: what a half-made object does not have yet, and what the journal cannot know before the
/// provider answers.
pub(crate) fn nulls_for_unknowns(value: &Value) -> Value {
    if value.is_wholly_known() {
        value.clone()
    } else if value.is_known() {
        value.map_children(nulls_for_unknowns)
    } else {
        Value::null(value.ty()).mark(value.marks())
    }
}

/// A value as a resource is told it: marks stay within the process, so that one that lives there can carry them on.
pub(crate) fn told(resource: &dyn Resource, value: &Value) -> Value {
    if resource.in_process() { value.clone() } else { value.unmarked_deep() }
}

/// Everything unknown that a schema's object can be, as a resource is seen before it is planned.
pub(crate) fn unknown_object(schema: &Schema) -> Value {
    let attributes = schema.attributes.iter().map(|(n, a)| {
        let value = Value::unknown(a.ty.clone());
        (n.clone(), if a.sensitive { value.mark(Marks::SENSITIVE) } else { value })
    });
    let blocks = schema.blocks.iter().map(|(n, b)| {
        let inner = b.block.object_type();
        let ty = match b.nesting {
            cplan_model::Nesting::Single => inner,
            cplan_model::Nesting::List => Type::list(inner),
            cplan_model::Nesting::Set => Type::set(inner),
        };
        (n.clone(), Value::unknown(ty))
    });
    Value::object(attributes.chain(blocks))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cplan_model::Attribute;

    fn schema() -> Schema {
        Schema::new(
            "",
            [
                ("name", Attribute::required(Type::String, "")),
                ("note", Attribute::optional(Type::String, "")),
                ("id", Attribute::computed(Type::String, "")),
                ("secret", Attribute::computed(Type::String, "").sensitive()),
            ],
        )
    }

    fn object(name: &str, id: Option<&str>) -> Value {
        let null = || Value::null(Type::String);
        Value::object([
            ("name", Value::string(name)),
            ("note", null()),
            ("id", id.map_or_else(null, Value::string)),
            ("secret", id.map_or_else(null, Value::string)),
        ])
    }

    #[test]
    fn computed_is_unknown_on_create_and_kept_on_update() {
        let create = propose(&schema(), &object("a", None), None);
        assert!(!create.get("id").unwrap().is_known());
        assert!(create.get("note").unwrap().is_null());
        let update = propose(&schema(), &object("b", None), Some(&object("a", Some("7"))));
        assert_eq!(update.get("id").unwrap().as_str(), Some("7"));
        assert_eq!(update.get("name").unwrap().as_str(), Some("b"));
    }

    #[test]
    fn ignored_attributes_come_from_the_prior() {
        let ignored = ignore(&object("new", None), &object("old", None), &[AttrPath::attr("name")]);
        assert_eq!(ignored.get("name").unwrap().as_str(), Some("old"));
    }

    #[test]
    fn marks_come_back() {
        let config = object("a", None).with("name", Value::string("a").mark(Marks::SENSITIVE));
        let marked = remark(&schema(), &config, &object("a", Some("7")));
        assert!(marked.get("name").unwrap().marks().is_sensitive());
        assert!(marked.get("secret").unwrap().marks().is_sensitive());
        assert!(marked.get("id").unwrap().marks().is_empty());
    }
}
