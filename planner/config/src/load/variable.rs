//! `variable` blocks.

use cplan_model::{Diagnostic, SourceId, Type, convert};
use hcl_edit::structure::Block;

use super::block::Reader;
use super::module::Builder;
use crate::types::type_constraint;
use crate::variables::with_defaults;
use crate::{TypeDefaults, Variable, constant};

impl Builder {
    pub(super) fn variable(&mut self, block: &Block, source: SourceId) {
        let mut reader = Reader::new(block, source);
        let labels = reader.labels(["name"]);
        let span = reader.header();
        let constraint = reader.argument("type");
        let untyped = constraint.is_none();
        let (ty, defaults) = match constraint.map(|expr| type_constraint(&expr.tree, source)) {
            None => (Type::Dynamic, TypeDefaults::default()),
            Some(Ok(found)) => found,
            Some(Err(diagnostic)) => {
                reader.diagnostics.push(*diagnostic);
                (Type::Dynamic, TypeDefaults::default())
            }
        };
        let nullable = reader.bool("nullable").unwrap_or(true);
        let default = reader.argument("default").and_then(|expr| {
            let value = match constant(&expr) {
                Ok(value) => with_defaults(&value, &defaults),
                Err(diagnostic) => {
                    reader.diagnostics.push(*diagnostic);
                    return None;
                }
            };
            if value.is_null() && !nullable {
                reader.error(
                    "invalid-default",
                    "Invalid default value for variable",
                    "The default value must not be null, because the variable is not nullable.".into(),
                    "Give another default, or remove `nullable = false`.".into(),
                    expr.span,
                );
                return None;
            }
            convert(&value, &ty)
                .map_err(|error| {
                    reader.error(
                        "invalid-default",
                        "Invalid default value for variable",
                        format!(
                            "This default value is not compatible with the variable's type constraint: {}.",
                            crate::clause(&error)
                        ),
                        format!("Write a default of type `{ty}`."),
                        expr.span,
                    );
                })
                .ok()
        });
        let sensitive = reader.bool("sensitive").unwrap_or(false);
        let description = reader.string("description");
        if reader.bool("ephemeral") == Some(true) {
            reader.not_supported("Ephemeral variables", "Use `sensitive = true`.", span);
        }
        let validations = reader.rules("validation");
        self.diagnostics.extend(reader.close());
        let Some([name]) = labels else { return };
        const TAKEN: [&str; 8] =
            ["source", "version", "providers", "count", "for_each", "lifecycle", "depends_on", "locals"];
        if TAKEN.contains(&&*name) {
            self.diagnostics.push(
                Diagnostic::error(
                    "invalid-name",
                    "Invalid variable name",
                    format!("The variable name {name:?} is reserved due to its special meaning inside module blocks."),
                )
                .remedy("Rename the variable.")
                .at(span),
            );
            return;
        }
        if let Some(first) = self.module.variables.get(&name) {
            let first = first.span;
            self.duplicate("Duplicate variable declaration", &format!("variable `{name}`"), first, span);
            return;
        }
        let variable = Variable { span, ty, untyped, defaults, default, nullable, sensitive, validations, description };
        self.module.variables.insert(name, variable);
    }
}
