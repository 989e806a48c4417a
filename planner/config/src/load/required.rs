//! `required_providers` blocks.

use std::sync::Arc;

use cplan_model::{SourceId, Span, Type, convert};
use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::Block;

use super::block::{Reader, header};
use super::module::Builder;
use super::settings::satisfied;
use crate::{Expr, RequiredProvider, constant};

impl Builder {
    pub(super) fn required(&mut self, block: &Block, source: SourceId) {
        let mut reader = Reader::new(block, source);
        reader.labels([]);
        let span = reader.header();
        if let Some(first) = self.required {
            self.duplicate("Duplicate required providers configuration", "block `required_providers`", first, span);
            return;
        }
        self.required = Some(span);
        for inner in block.body.blocks() {
            let name = inner.ident.as_str();
            reader.error(
                "unsupported-block",
                &format!("Unexpected {name:?} block"),
                "Blocks are not allowed here.".into(),
                format!("Write `{name} = {{ ... }}`."),
                header(inner, source),
            );
        }
        for attribute in block.body.attributes() {
            let span = attribute.key.span().map_or(span, |r| Span::new(source, r.start, r.end));
            let name: Arc<str> = attribute.key.as_str().into();
            let expr = Expr::new(&attribute.value, source);
            if !self.normal(&name, expr.span) {
                continue;
            }
            let mut found = RequiredProvider { source: None, version: None, aliases: Vec::new(), span };
            match &*expr.tree {
                Expression::Object(items) => {
                    for (key, value) in items {
                        let value = Expr::new(value.expr(), source);
                        match key_text(key) {
                            Some("source") => found.source = reader.provider_source(&value),
                            Some("version") => found.version = reader.constraint(&value),
                            Some("configuration_aliases") => found.aliases = reader.aliases(&name, &value),
                            _ => reader.error(
                                "unsupported-argument",
                                "Invalid required_providers object",
                                "It can only contain \"version\", \"source\" and \"configuration_aliases\".".into(),
                                "Settings of a provider belong in a `provider` block.".into(),
                                value.span,
                            ),
                        }
                    }
                }
                _ => found.version = reader.constraint(&expr),
            }
            self.module.settings.required_providers.insert(name, found);
        }
        self.diagnostics.extend(reader.diagnostics);
    }
}

impl Reader<'_> {
    fn text(&mut self, expr: &Expr, summary: &str) -> Option<String> {
        let text = constant(expr).ok().and_then(|v| convert(&v, &Type::String).ok());
        let text = text.and_then(|v| v.as_str().map(str::to_owned));
        if text.is_none() {
            self.error(
                "wrong-type",
                summary,
                "A string must stand here that is written down.".into(),
                "Write it in quotes.".into(),
                expr.span,
            );
        }
        text
    }

    fn provider_source(&mut self, expr: &Expr) -> Option<String> {
        let text = self.text(expr, "Invalid source")?;
        let parts: Vec<&str> = text.split('/').collect();
        let good = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':'))
        };
        if parts.len() > 3 || !parts.iter().all(|p| good(p)) {
            self.error(
                "invalid-source",
                "Invalid provider source string",
                "The \"source\" attribute must be in the format \"[hostname/][namespace/]name\".".into(),
                "Write something like \"cplan/lab\".".into(),
                expr.span,
            );
        }
        Some(text)
    }

    fn constraint(&mut self, expr: &Expr) -> Option<String> {
        let text = self.text(expr, "Invalid version constraint")?;
        if text.split(',').any(|one| satisfied(one, &[0]).is_none()) {
            self.bad_version(&text, expr.span);
        }
        Some(text)
    }

    /// Tells of a text that is no version constraint.
    pub(super) fn bad_version(&mut self, text: &str, span: Span) {
        self.error(
            "required-version",
            "Invalid version constraint",
            format!("{text:?} is not a version constraint."),
            "Write something like \">= 1.2.0\" or \"~> 1.2\".".into(),
            span,
        );
    }
}

fn key_text(key: &ObjectKey) -> Option<&str> {
    match key {
        ObjectKey::Ident(name) | ObjectKey::Expression(Expression::Variable(name)) => Some(name.as_str()),
        ObjectKey::Expression(Expression::String(name)) => Some(name.as_str()),
        ObjectKey::Expression(_) => None,
    }
}
