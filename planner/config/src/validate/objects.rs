//! What stands behind the name of a resource: the key of an instance, and attributes that its schema has.
//!
//! This is a matter of the text, so that it is refused where it would never be evaluated or `try` would catch it.

use cplan_model::{Diagnostic, Nesting, Schema, Step, Type, Value};

use super::{Checker, Place};
use crate::evaluate::{attribute, index};
use crate::{ForEach, Module, ResourceBlock, Spelled, Subject, suggest};

/// The schemas of resources and data sources.
pub trait Schemas {
    /// The schema of a block in a module; `None` where there is none, which is told of elsewhere.
    fn schema(&self, module: &Module, block: &ResourceBlock) -> Option<&Schema>;
}

/// No schema is known.
impl Schemas for () {
    fn schema(&self, _: &Module, _: &ResourceBlock) -> Option<&Schema> {
        None
    }
}

impl Checker<'_> {
    /// Checks what follows a resource or `self`.
    pub(super) fn object(&mut self, spelled: &Spelled, place: Place<'_>) {
        let block = match &spelled.subject {
            Subject::Resource(addr) => self.module.resources.get(addr).map(|block| &**block),
            Subject::SelfObject => place.own,
            _ => None,
        };
        let Some(block) = block else { return };
        if matches!(spelled.subject, Subject::Resource(_))
            && let Some(diagnostic) = wrong_key(block, spelled)
        {
            self.out.push(diagnostic.at(spelled.span));
        }
        let Some(schema) = self.schemas.schema(self.module, block) else { return };
        if let Err(diagnostic) = has_attribute(block, schema, &spelled.steps) {
            self.out.push((*diagnostic).at(spelled.span));
        }
    }
}

/// A key where there is one object, or none where there are several.
fn wrong_key(block: &ResourceBlock, spelled: &Spelled) -> Option<Diagnostic> {
    let addr = &block.addr;
    let error =
        |summary, what: String, remedy: String| Some(Diagnostic::error("instance-key", summary, what).remedy(remedy));
    match &block.repeat {
        None if spelled.key.is_some() => error(
            "Unexpected resource instance key",
            format!("`{addr}` has neither `count` nor `for_each`, so references to it have no index."),
            format!("Write `{addr}`."),
        ),
        Some(repeat) if spelled.key.is_none() && !spelled.steps.is_empty() => {
            let (argument, key, all) = match repeat {
                ForEach::Count(_) => ("count", "count.index", format!("{addr}[*]")),
                ForEach::Each(_) => ("for_each", "each.key", format!("values({addr})[*]")),
            };
            error(
                "Missing resource instance key",
                format!("`{addr}` has `{argument}`, so only its instances have attributes."),
                format!("Name one of them, such as `{addr}[{key}]`, or all: `{all}`."),
            )
        }
        _ => None,
    }
}

/// Whether the steps lead to something that objects of a block have by its schema.
///
/// # Errors
/// Where they do not; the diagnostic has no place.
pub fn has_attribute(block: &ResourceBlock, schema: &Schema, steps: &[Step]) -> Result<(), Box<Diagnostic>> {
    let Some((first, rest)) = steps.split_first() else { return Ok(()) };
    let Step::Attr(name) = first else {
        let remedy = match first {
            Step::Key(name) => format!("Write `.{name}`."),
            _ => "Write `.NAME`.".into(),
        };
        let what = "Attributes of an object are named behind a dot here, without brackets.";
        return Err(Box::new(
            Diagnostic::error("invalid-index-operation", "Invalid index operation", what).remedy(remedy),
        ));
    };
    let ty = match (schema.attributes.get(name), schema.blocks.get(name)) {
        (Some(attribute), _) => attribute.ty.clone(),
        (None, Some(nested)) => {
            let ty = nested.block.object_type();
            match nested.nesting {
                Nesting::Single => ty,
                Nesting::List => Type::list(ty),
                Nesting::Set => Type::set(ty),
            }
        }
        (None, None) if **name == *"count" => {
            return Err(Box::new(
                Diagnostic::error(
                    "instance-key",
                    "Invalid resource count attribute",
                    format!("`{}` has no attribute `count` that tells how many instances there are.", block.addr),
                )
                .remedy(format!("Write `length({})`.", block.addr)),
            ));
        }
        (None, None) => return Err(Box::new(unsupported(name, schema))),
    };
    let mut value = Value::unknown(ty);
    for step in rest {
        value = match step {
            Step::Attr(name) => attribute(&value, name)?,
            Step::Key(key) => index(&value, &Value::string(key.clone()))?,
            Step::Index(n) => index(&value, &Value::number(*n as u64))?,
            Step::Element(_) => return Ok(()),
        };
    }
    Ok(())
}

fn unsupported(name: &str, schema: &Schema) -> Diagnostic {
    let names: Vec<&str> = schema.attributes.keys().chain(schema.blocks.keys()).map(|n| &**n).collect();
    let remedy = match suggest(name, names.iter().copied()) {
        Some(near) => format!("Did you mean `{near}`?"),
        None => format!("It has {}.", names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")),
    };
    let what = format!("This object has no argument, nested block, or exported attribute named {name:?}.");
    Diagnostic::error("unsupported-attribute", "Unsupported attribute", what).remedy(remedy)
}
