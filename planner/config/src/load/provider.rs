//! `provider` blocks and what names them: the `provider` argument, `providers` of module calls.

use std::collections::BTreeMap;
use std::sync::Arc;

use cplan_model::{SourceId, Span};
use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, ObjectKey, TraversalOperator};
use hcl_edit::structure::Block;

use super::block::{Reader, header, is_name};
use super::module::Builder;
use super::resource::taken;
use super::settings::satisfied;
use crate::{Expr, ProviderBlock, ProviderRef};

/// What a provider block may not have, for Terraform keeps it for later.
const RESERVED: [&str; 4] = ["count", "depends_on", "for_each", "source"];

impl Builder {
    pub(super) fn provider(&mut self, block: &Block, source: SourceId) {
        let mut reader = Reader::new(block, source);
        let labels = reader.labels(["name"]);
        let span = reader.header();
        let given = reader.argument("alias");
        let alias: Option<Arc<str>> = reader.string("alias").map(Arc::from);
        if let Some(expr) = &given
            && !alias.as_deref().is_some_and(is_name)
        {
            reader.error(
                "invalid-name",
                "Invalid provider configuration alias",
                "An alias must be a name: letters, digits, underscores and dashes, and no digit first.".into(),
                "Write `alias = \"NAME\"`.".into(),
                expr.span,
            );
        }
        let text = reader.string_or_null("version");
        if let Some(expr) = reader.argument("version") {
            if let Some(text) = text.filter(|text| satisfied(text, &[0]).is_none()) {
                reader.bad_version(&text, expr.span);
            }
            reader.warning(
                "ignored-setting",
                "Version constraints inside provider configuration blocks are deprecated",
                "The version of a provider belongs in `required_providers`.",
                "Move it there.",
                expr.span,
            );
        }
        for name in RESERVED {
            if let Some(expr) = reader.argument(name) {
                reader.error(
                    "reserved",
                    "Reserved argument name in provider block",
                    format!("The provider argument name {name:?} is reserved."),
                    "Remove it.".into(),
                    expr.span,
                );
            }
        }
        reader.reserved_blocks(&["lifecycle", "locals"]);
        self.diagnostics.extend(reader.diagnostics);
        let Some([name]) = labels else { return };
        if !self.normal(&name, span) || (given.is_some() && !alias.as_deref().is_some_and(is_name)) {
            return;
        }
        let name = ProviderRef { name, alias };
        if let Some(first) = self.module.providers.get(&name) {
            let first = first.span;
            self.duplicate("Duplicate provider configuration", &format!("provider `{name}`"), first, span);
            return;
        }
        let body = taken(&mut block.clone(), source, self.json, &["alias", "version"], &[]);
        self.module.providers.insert(name, ProviderBlock { span, body });
    }

    /// Whether a provider's local name is in small letters.
    pub(super) fn normal(&mut self, name: &str, span: Span) -> bool {
        let normal = name.to_lowercase();
        let good = normal == name;
        if !good {
            self.diagnostics.push(
                cplan_model::Diagnostic::error(
                    "invalid-name",
                    "Invalid provider local name",
                    format!("Provider names must be normalized, and {name:?} is not."),
                )
                .remedy(format!("Write {normal:?}."))
                .at(span),
            );
        }
        good
    }
}

impl Reader<'_> {
    /// The `provider` argument of a resource.
    pub(super) fn provider(&mut self) -> Option<ProviderRef> {
        let expr = self.argument("provider")?;
        self.provider_ref(&expr.tree, expr.span)
    }

    /// `providers = { inner = outer }` of a module call.
    pub(super) fn providers(&mut self) -> BTreeMap<ProviderRef, (ProviderRef, Span)> {
        let mut out: BTreeMap<ProviderRef, (ProviderRef, Span)> = BTreeMap::new();
        let Some(expr) = self.argument("providers") else { return out };
        let Expression::Object(items) = &*expr.tree else {
            self.error(
                "invalid-meta",
                "Invalid expression",
                "A static map expression is required.".into(),
                "Write `providers = { NAME = NAME }`.".into(),
                expr.span,
            );
            return out;
        };
        for (key, value) in items {
            let named;
            let (key, place) = match key {
                ObjectKey::Ident(name) => {
                    named = Expression::from(name.value().clone());
                    (&named, name.span())
                }
                ObjectKey::Expression(key) => (key, key.span()),
            };
            let place = place.map_or(expr.span, |r| Span::new(self.source, r.start, r.end));
            let inner = self.provider_ref(key, place);
            let place = value.expr().span().map_or(place, |r| Span::new(self.source, r.start, r.end));
            let outer = self.provider_ref(value.expr(), place);
            let (Some(inner), Some(outer)) = (inner, outer) else { continue };
            if out.contains_key(&inner) {
                self.error(
                    "duplicate",
                    "Duplicate provider address",
                    format!("A configuration is passed to `{inner}` twice."),
                    "Remove one of the two.".into(),
                    place,
                );
                continue;
            }
            out.insert(inner, (outer, place));
        }
        out
    }

    /// `lab` or `lab.west`, in quotes too.
    pub(super) fn provider_ref(&mut self, expr: &Expression, span: Span) -> Option<ProviderRef> {
        let quoted;
        let expr = match expr {
            Expression::String(text) => {
                self.quoted(span);
                quoted = hcl_edit::parser::parse_expr(text.as_str()).ok();
                quoted.as_ref()
            }
            Expression::Parenthesis(inner) => Some(inner.inner()),
            other => Some(other),
        };
        let found = expr.and_then(provider_ref);
        if found.is_none() {
            self.error(
                "invalid-meta",
                "Invalid provider configuration reference",
                "A provider's name must stand here, optionally followed by a period and an alias.".into(),
                "Write `NAME` or `NAME.ALIAS`.".into(),
                span,
            );
        }
        found
    }

    /// `configuration_aliases = [lab.west]`
    pub(super) fn aliases(&mut self, name: &str, expr: &Expr) -> Vec<ProviderRef> {
        let Expression::Array(items) = &*expr.tree else {
            self.error(
                "invalid-meta",
                "Invalid expression",
                "A static list expression is required.".into(),
                format!("Write `configuration_aliases = [{name}.ALIAS]`."),
                expr.span,
            );
            return Vec::new();
        };
        let mut out = Vec::new();
        for item in items {
            let span = item.span().map_or(expr.span, |r| Span::new(self.source, r.start, r.end));
            match provider_ref(item) {
                Some(found) if *found.name == *name => out.push(found),
                found => self.error(
                    "invalid-meta",
                    "Invalid configuration_aliases value",
                    match found {
                        Some(found) => format!(
                            "Configuration aliases must be prefixed with the provider name: expected {name:?}, but found {:?}.",
                            found.name
                        ),
                        None => "A provider's name and an alias must stand here.".into(),
                    },
                    format!("Write `{name}.ALIAS`."),
                    span,
                ),
            }
        }
        out
    }
}

fn provider_ref(expr: &Expression) -> Option<ProviderRef> {
    match expr {
        Expression::Variable(name) => Some(ProviderRef::default_of(name.as_str())),
        Expression::Traversal(t) => match (&t.expr, &t.operators[..]) {
            (Expression::Variable(name), [only]) => match only.value() {
                TraversalOperator::GetAttr(alias) => {
                    Some(ProviderRef { name: name.as_str().into(), alias: Some(alias.as_str().into()) })
                }
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

impl Reader<'_> {
    /// Blocks that Terraform keeps for later.
    pub(super) fn reserved_blocks(&mut self, names: &[&'static str]) {
        let kind = self.block.ident.as_str();
        for name in names {
            for inner in self.blocks(name) {
                let place = header(inner, self.source);
                self.error(
                    "reserved",
                    &format!("Reserved block type name in {kind} block"),
                    format!("The block type name {name:?} is reserved."),
                    "Remove the block.".into(),
                    place,
                );
            }
        }
    }
}
