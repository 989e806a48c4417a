//! `resource`, `data` and `provider` blocks.

use std::sync::Arc;

use cplan_model::{Mode, ResourceAddr, SourceId, Span};
use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::Block;

use super::block::{Reader, header};
use super::module::Builder;
use crate::{BodySource, ProviderBlock, ProviderRef, ResourceBlock};

/// Arguments that belong to the language, not to the resource.
const META: [&str; 4] = ["count", "for_each", "depends_on", "provider"];

impl Builder {
    pub(super) fn resource(&mut self, block: &Block, source: SourceId) {
        let mut reader = Reader::new(block, source);
        let labels = reader.labels(["type", "name"]);
        let span = reader.header();
        let repeat = reader.repeat();
        let depends_on = reader.depends_on();
        let lifecycle = reader.lifecycle();
        let chosen = reader.argument("provider");
        for name in ["provisioner", "connection"] {
            for inner in reader.blocks(name) {
                let place = header(inner, source);
                reader.error(
                    "not-supported",
                    "Not supported yet",
                    format!("`{name}` blocks are part of the language, but this version cannot do them yet."),
                    "Use a `lab_command` or `lab_file` resource.".into(),
                    place,
                );
            }
        }
        let provider = match chosen.as_ref().map(|e| &*e.tree) {
            None => None,
            Some(Expression::Variable(name)) => Some(Arc::from(name.as_str())),
            Some(_) => {
                let place = chosen.as_ref().map_or(span, |e| e.span);
                reader.error(
                    "invalid-meta",
                    "Invalid provider reference",
                    "The provider argument takes the plain name of a provider; aliases are not supported yet.".into(),
                    "Write `provider = NAME`.".into(),
                    place,
                );
                None
            }
        };
        self.diagnostics.extend(reader.diagnostics);
        let Some([ty, name]) = labels else { return };
        let mode = if block.has_ident("data") { Mode::Data } else { Mode::Managed };
        let provider = ProviderRef::default_of(provider.unwrap_or_else(|| ty.split('_').next().unwrap_or(&ty).into()));
        let addr = ResourceAddr { mode, ty, name };
        if let Some(first) = self.module.resources.get(&addr) {
            let first = first.span;
            self.duplicate(&format!("resource `{addr}`"), first, span);
            return;
        }
        let body = body(block, source, &META, &["lifecycle", "provisioner", "connection"]);
        self.module.resources.insert(
            addr.clone(),
            ResourceBlock { addr, span, provider, repeat, depends_on, lifecycle, check: None, body },
        );
    }

    pub(super) fn provider(&mut self, block: &Block, source: SourceId) {
        let mut reader = Reader::new(block, source);
        let labels = reader.labels(["name"]);
        let span = reader.header();
        if let Some(alias) = reader.argument("alias") {
            reader.error(
                "not-supported",
                "Not supported yet",
                "Provider aliases are part of the language, but this version cannot do them yet.".into(),
                "Configure each provider once.".into(),
                alias.span,
            );
        }
        self.diagnostics.extend(reader.diagnostics);
        let Some([name]) = labels else { return };
        let name = ProviderRef::default_of(name);
        if let Some(first) = self.module.providers.get(&name) {
            let first = first.span;
            self.duplicate(&format!("provider `{name}`"), first, span);
            return;
        }
        self.module
            .providers
            .insert(name, ProviderBlock { span, body: body(block, source, &["alias", "version"], &[]) });
    }
}

/// A block's content without what the language itself takes.
fn body(block: &Block, source: SourceId, arguments: &[&str], blocks: &[&str]) -> Arc<BodySource> {
    let mut body = block.body.clone();
    for name in arguments {
        body.remove_attribute(name);
    }
    for name in blocks {
        body.remove_blocks(name);
    }
    let start = header(block, source);
    let end = block.span().map_or(start.end as usize, |r| r.end);
    Arc::new(BodySource { body, span: Span::new(source, start.start as usize, end) })
}
