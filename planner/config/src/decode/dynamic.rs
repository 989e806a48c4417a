//! Nested blocks as they stand and as `dynamic` blocks generate them.

use std::collections::HashMap;
use std::sync::Arc;

use cplan_model::{Diagnostic, Schema, Span, Value};
use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body};

use super::Decoder;
use crate::evaluate::pairs;

/// A nested block to decode.
pub(super) enum Found<'b> {
    Block {
        body: &'b Body,
        place: Span,
        /// The iterators around it.
        locals: Vec<(Arc<str>, Value)>,
    },
    /// Any number of blocks, known only later.
    Open,
}

impl Found<'_> {
    pub(super) fn place(&self) -> Option<Span> {
        match self {
            Found::Block { place, .. } => Some(*place),
            Found::Open => None,
        }
    }
}

/// The blocks of a body by type, dynamic ones expanded.
pub(super) fn expand<'b>(
    decoder: &mut Decoder<'_>,
    body: &'b Body,
    schema: &Schema,
    blocks: &[&str],
    arguments: &[&str],
) -> HashMap<&'b str, Vec<Found<'b>>> {
    let mut found: HashMap<&'b str, Vec<Found<'b>>> = HashMap::new();
    for block in body.blocks() {
        let name = block.ident.as_str();
        let place = decoder.header(block);
        if decoder.json && body.has_attribute(name) && !schema.blocks.contains_key(name) {
            continue;
        }
        if name == "dynamic" && !schema.blocks.contains_key("dynamic") {
            let Some(label) = block.labels.first().map(|l| l.as_str()) else {
                decoder.diagnostics.push(
                    Diagnostic::error(
                        "dynamic-block",
                        "Missing type for dynamic",
                        "A dynamic block needs the type of the blocks to generate.",
                    )
                    .remedy("Write `dynamic \"TYPE\" {`.")
                    .at(place),
                );
                continue;
            };
            if block.labels.len() > 1 {
                decoder.diagnostics.push(
                    Diagnostic::error(
                        "block-labels",
                        "Extraneous label for dynamic",
                        "A dynamic block has one label: the type of the blocks to generate.",
                    )
                    .remedy("Remove the other labels.")
                    .at(place),
                );
                continue;
            }
            if !schema.blocks.contains_key(label) {
                decoder.diagnostics.push(
                    Diagnostic::error(
                        "unsupported-block",
                        "Unsupported block type",
                        format!("Blocks of type `{label}` are not expected here."),
                    )
                    .remedy(match crate::suggest(label, blocks.iter().copied()) {
                        Some(near) => format!("Did you mean `{near}`?"),
                        None => "Remove it.".into(),
                    })
                    .at(place),
                );
                continue;
            }
            found.entry(label).or_default().extend(generate(decoder, block, label));
        } else if !schema.blocks.contains_key(name) {
            decoder.unsupported(block, blocks, arguments);
        } else {
            if let Some(label) = block.labels.first().and_then(|l| l.span()) {
                decoder.diagnostics.push(
                    Diagnostic::error(
                        "block-labels",
                        format!("Extraneous label for {name}"),
                        format!("No labels are expected for `{name}` blocks."),
                    )
                    .remedy("Remove the label.")
                    .at(Span::new(decoder.source, label.start, label.end)),
                );
            }
            let locals = decoder.locals.clone();
            found.entry(name).or_default().push(Found::Block { body: &block.body, place, locals });
        }
    }
    found
}

fn generate<'b>(decoder: &mut Decoder<'_>, block: &'b Block, label: &str) -> Vec<Found<'b>> {
    let place = decoder.header(block);
    let fail = |decoder: &mut Decoder<'_>, what: &str, remedy: &str, span: Span| {
        decoder
            .diagnostics
            .push(Diagnostic::error("dynamic-block", "Invalid dynamic block", what).remedy(remedy).at(span));
    };
    for argument in block.body.attributes() {
        if !["for_each", "iterator"].contains(&argument.key.as_str()) {
            let d = super::unsupported_argument(argument, decoder.source, &["for_each", "iterator"], &["content"]);
            decoder.diagnostics.push(d);
        }
    }
    let iterator = match block.body.get_attribute("iterator").map(|a| &a.value) {
        None => label,
        Some(Expression::Variable(name)) => name.as_str(),
        Some(other) => {
            let span = other.span().map_or(place, |r| Span::new(decoder.source, r.start, r.end));
            fail(decoder, "The iterator must be a plain name.", "Write `iterator = NAME`.", span);
            return vec![Found::Open];
        }
    };
    let contents: Vec<&Block> = block.body.get_blocks("content").collect();
    let [content] = contents.as_slice() else {
        fail(
            decoder,
            "A dynamic block needs exactly one `content` block.",
            "Put the arguments of the generated blocks into `content { ... }`.",
            place,
        );
        return vec![Found::Open];
    };
    let Some(each) = block.body.get_attribute("for_each") else {
        fail(decoder, "A dynamic block needs the argument `for_each`.", "Add `for_each = COLLECTION`.", place);
        return vec![Found::Open];
    };
    let before = decoder.diagnostics.len();
    let collection = decoder.eval(&each.value);
    if decoder.diagnostics.len() > before {
        return vec![Found::Open];
    }
    let what = match pairs(&collection) {
        Ok(Some(pairs)) => {
            let marks = collection.marks();
            return pairs
                .into_iter()
                .map(|(key, value)| {
                    let mut locals = decoder.locals.clone();
                    let one = Value::object([("key", key.mark(marks)), ("value", value.mark(marks))]);
                    locals.push((iterator.into(), one));
                    Found::Block { body: &content.body, place, locals }
                })
                .collect();
        }
        Ok(None) => return vec![Found::Open],
        Err(_) if collection.is_null() => "Cannot use a null value in for_each.".to_owned(),
        Err(_) => format!(
            "Cannot use a {} value in for_each. An iterable collection is required.",
            collection.ty().friendly()
        ),
    };
    decoder.diagnostics.push(
        Diagnostic::error("dynamic-block", "Invalid dynamic for_each value", what)
            .remedy("Give it a list, set, map, tuple or object.")
            .at(decoder.span(&each.value)),
    );
    vec![Found::Open]
}
