//! `check` blocks, and the conditions of all other blocks.

use std::sync::Arc;

use cplan_model::SourceId;
use hcl_edit::structure::Block;

use super::block::{Reader, header};
use super::module::Builder;
use crate::{CheckBlock, CheckRule};

impl Reader<'_> {
    /// The conditions in the blocks of a type (`precondition`, `assert`, ...).
    pub(super) fn rules(&mut self, name: &'static str) -> Vec<CheckRule> {
        let mut rules = Vec::new();
        for block in self.blocks(name) {
            let mut inner = Reader::new(block, self.source);
            let labels = inner.labels([]);
            let found = (inner.required("condition"), inner.required("error_message"), inner.header());
            self.diagnostics.extend(inner.close());
            if let (Some(_), (Some(condition), Some(error_message), span)) = (labels, found) {
                rules.push(CheckRule { condition, error_message, span });
            }
        }
        rules
    }
}

impl Builder {
    pub(super) fn check(&mut self, block: &Block, source: SourceId) {
        let mut reader = Reader::new(block, source);
        let labels = reader.labels(["name"]);
        let span = reader.header();
        let asserts = reader.rules("assert");
        let data = reader.blocks("data");
        if block.body.get_blocks("assert").next().is_none() {
            reader.error(
                "invalid-check",
                "Zero assert blocks",
                "Check blocks must have at least one assert block.".into(),
                "Add `assert { condition = ..., error_message = ... }` with each argument on its line.".into(),
                span,
            );
        }
        if let Some(second) = data.get(1) {
            reader.error(
                "invalid-check",
                "Multiple data resource blocks",
                "A check block may have only one data source of its own.".into(),
                "Put the other into another check block, or outside.".into(),
                header(second, source),
            );
        }
        self.diagnostics.extend(reader.close());
        let Some([name]) = labels else { return };
        if let Some(first) = self.module.checks.get(&name) {
            let first = first.span;
            self.duplicate(&format!("Duplicate check {name:?} configuration"), &format!("check `{name}`"), first, span);
            return;
        }
        if let Some(data) = data.first() {
            self.resource((*data).clone(), source, Some(Arc::clone(&name)));
        }
        self.module.checks.insert(name, CheckBlock { span, asserts });
    }
}
