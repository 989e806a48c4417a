//! `resource` and `data` blocks.

use std::collections::btree_map::Entry;
use std::sync::Arc;

use cplan_model::{Mode, ResourceAddr, SourceId, Span};
use hcl_edit::Span as _;
use hcl_edit::structure::Block;

use super::block::{Reader, header, unsupported_block};
use super::module::Builder;
use crate::{BodySource, ProviderRef, ResourceBlock, Subject};

/// Arguments that belong to the language, not to the resource.
const META: [&str; 4] = ["count", "for_each", "depends_on", "provider"];

impl Builder {
    /// A block at the top of a file, or a data source in a `check` block.
    pub(super) fn resource(&mut self, mut block: Block, source: SourceId, check: Option<Arc<str>>) {
        let mut reader = Reader::new(&block, source);
        let mode = if block.has_ident("data") { Mode::Data } else { Mode::Managed };
        let labels = reader.labels(["type", "name"]);
        let span = reader.header();
        if check.is_some() {
            reader.within_check();
        }
        let repeat = reader.repeat();
        let depends_on = reader.depends_on();
        let lifecycle = reader.lifecycle(mode);
        let provider = reader.provider();
        reader.reserved_blocks(&["locals"]);
        if mode == Mode::Data {
            for inner in block.body.blocks().filter(|b| ["provisioner", "connection"].contains(&b.ident.as_str())) {
                reader.diagnostics.push(unsupported_block::<&str>(inner, source, &[], &[]));
            }
        }
        for inner in reader.blocks("provisioner").into_iter().filter(|_| mode == Mode::Managed) {
            let place = header(inner, source);
            reader.not_supported("`provisioner` blocks", "Use a `lab_command` or `lab_file` resource.", place);
        }
        reader.single("connection");
        for inner in reader.blocks("connection").into_iter().filter(|_| mode == Mode::Managed) {
            let place = header(inner, source);
            let what = "A `connection` block is for provisioners, and there are none.";
            reader.warning("ignored-setting", "Setting without effect", what, "Remove the block.", place);
        }
        self.diagnostics.extend(reader.diagnostics);
        let Some([ty, name]) = labels else { return };
        let provider = provider.unwrap_or_else(|| ProviderRef::of_type(&ty));
        let addr = ResourceAddr { mode, ty: self.of_type(ty), name };
        // To depend on oneself says nothing.
        let own = Subject::Resource(addr.clone());
        let depends_on = depends_on.into_iter().filter(|r| r.subject != own).collect();
        let place = match self.module.resources.entry(addr.clone()) {
            Entry::Vacant(place) => place,
            Entry::Occupied(first) => {
                let first = first.get().span;
                let kind = if mode == Mode::Data { "data" } else { "resource" };
                let summary = format!("Duplicate {kind} {:?} configuration", addr.ty);
                self.duplicate(&summary, &format!("resource `{addr}`"), first, span);
                return;
            }
        };
        let body = taken(&mut block, source, self.json, &META, &["lifecycle", "provisioner", "connection", "locals"]);
        place.insert(Arc::new(ResourceBlock { addr, span, provider, repeat, depends_on, lifecycle, check, body }));
    }
}

/// Takes a block's content out of it, without what the language itself takes. What stands in a block `_` is the
/// resource's own, even under a name that the language would take.
pub(super) fn taken(
    block: &mut Block,
    source: SourceId,
    json: bool,
    arguments: &[&str],
    blocks: &[&str],
) -> Arc<BodySource> {
    let start = header(block, source);
    let end = block.span().map_or(start.end as usize, |r| r.end);
    let mut body = std::mem::take(&mut block.body);
    for name in arguments {
        body.remove_attribute(name);
    }
    for name in blocks {
        body.remove_blocks(name);
    }
    for escaped in body.remove_blocks("_") {
        for structure in escaped.body {
            body.push(structure);
        }
    }
    Arc::new(BodySource { body, span: Span::new(source, start.start as usize, end), json })
}

impl Reader<'_> {
    /// What a data source in a `check` block cannot have.
    fn within_check(&mut self) {
        for name in ["count", "for_each"] {
            if let Some(expr) = self.argument(name) {
                self.error(
                    "invalid-check",
                    &format!("Invalid {name:?} attribute"),
                    "The \"count\" and \"for_each\" meta-arguments are not supported within nested data blocks.".into(),
                    "Put the data source outside of the check block.".into(),
                    expr.span,
                );
            }
        }
        for inner in self.blocks("lifecycle") {
            let place = header(inner, self.source);
            self.error(
                "invalid-check",
                "Invalid lifecycle block",
                "Nested data blocks do not support \"lifecycle\" blocks.".into(),
                "Write conditions as `assert` blocks of the check.".into(),
                place,
            );
        }
    }
}
