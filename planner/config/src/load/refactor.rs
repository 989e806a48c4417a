//! `moved`, `removed` and `import` blocks.

use cplan_model::{Mode, SourceId};
use hcl_edit::structure::Block;

use super::address::address;
use super::block::{Reader, header};
use super::module::Builder;
use crate::{Import, ImportTo, Moved, Removed};

impl Builder {
    pub(super) fn moved(&mut self, block: &Block, source: SourceId) {
        let mut reader = Reader::new(block, source);
        let labels = reader.labels([]);
        let span = reader.header();
        let (from, to) = (reader.required("from"), reader.required("to"));
        let mut target = |expr: &crate::Expr| match address(expr).and_then(|a| a.literal()) {
            Ok(target) => Some(target),
            Err(diagnostic) => {
                reader.diagnostics.push(*diagnostic);
                None
            }
        };
        let ends = (from.as_ref().and_then(&mut target), to.as_ref().and_then(&mut target));
        let places = (from.map(|e| e.span), to.map(|e| e.span));
        if let ((Some(from), Some(to)), (Some(from_span), Some(to_span))) = (ends, places) {
            if from.resource.is_some() != to.resource.is_some() {
                reader.error(
                    "invalid-moved",
                    "Invalid \"moved\" addresses",
                    "The \"from\" and \"to\" addresses must either both refer to resources or both refer to modules."
                        .into(),
                    "Name two resources or two modules.".into(),
                    span,
                );
            } else if labels.is_some() {
                self.module.moved.push(Moved { from, to, span, from_span, to_span });
            }
        }
        self.diagnostics.extend(reader.close());
    }

    pub(super) fn removed(&mut self, block: &Block, source: SourceId) {
        let mut reader = Reader::new(block, source);
        let labels = reader.labels([]);
        let span = reader.header();
        let from = reader.required("from");
        let mut destroy = None;
        for inner in reader.blocks("lifecycle") {
            let mut lifecycle = Reader::new(inner, source);
            lifecycle.labels([]);
            destroy = lifecycle.flag("destroy").or(destroy);
            reader.diagnostics.extend(lifecycle.close());
        }
        for name in ["connection", "provisioner"] {
            for inner in reader.blocks(name) {
                let place = header(inner, source);
                reader.not_supported(&format!("`{name}` blocks"), "Remove the block.", place);
            }
        }
        if let Some(from) = from {
            match address(&from).and_then(|a| a.literal()) {
                Err(diagnostic) => reader.diagnostics.push(*diagnostic),
                Ok(target) => {
                    if target != target.without_keys() {
                        let inner = target.resource.is_some();
                        let kind = if inner { "Resource" } else { "Module" };
                        reader.error(
                            "invalid-removed",
                            &format!("{kind} instance keys not allowed"),
                            format!("A whole {} is removed, never one instance of it.", kind.to_lowercase()),
                            format!("Write `{}`.", target.without_keys()),
                            from.span,
                        );
                    } else if target.resource.as_ref().is_some_and(|r| r.mode == Mode::Data) {
                        reader.error(
                            "invalid-removed",
                            "Data source address not allowed",
                            "Data sources are never destroyed, so they need no removed block.".into(),
                            "Remove this block.".into(),
                            from.span,
                        );
                    } else if labels.is_some() {
                        self.module.removed.push(Removed { from: target, destroy, span, from_span: from.span });
                    }
                }
            }
        }
        self.diagnostics.extend(reader.close());
    }

    pub(super) fn import(&mut self, block: &Block, source: SourceId) {
        let mut reader = Reader::new(block, source);
        let labels = reader.labels([]);
        let span = reader.header();
        let (to, id) = (reader.required("to"), reader.required("id"));
        let for_each = reader.argument("for_each");
        if let Some(provider) = reader.argument("provider") {
            reader.error(
                "invalid-import",
                "Invalid import provider argument",
                "The provider of an import is that of the resource which it is for.".into(),
                "Write the argument in the resource block.".into(),
                provider.span,
            );
        }
        let to = to.and_then(|to| match address(&to) {
            Ok(found) => match found.resource {
                Some(resource) if resource.mode == Mode::Managed => {
                    Some(ImportTo { modules: found.modules, resource, key: found.key, span: to.span })
                }
                _ => {
                    reader.error(
                        "invalid-import",
                        "Invalid import address",
                        "Only managed resources can be imported.".into(),
                        "Write `TYPE.NAME` or `module.NAME.TYPE.NAME`.".into(),
                        to.span,
                    );
                    None
                }
            },
            Err(diagnostic) => {
                reader.diagnostics.push(*diagnostic);
                None
            }
        });
        self.diagnostics.extend(reader.close());
        if let (Some(_), Some(to), Some(id)) = (labels, to, id) {
            self.module.imports.push(Import { to, id, for_each, span });
        }
    }
}
