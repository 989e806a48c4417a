//! Reading one block: its arguments, what it does not allow, its place.

use std::sync::Arc;

use cplan_model::{Diagnostic, Diagnostics, SourceId, Span, Type, convert};
use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Attribute, Block};

use crate::{Expr, constant, suggest};

/// A block being read. [`Reader::close`] tells of what was not asked for.
pub(super) struct Reader<'a> {
    pub(super) block: &'a Block,
    pub(super) source: SourceId,
    pub(super) diagnostics: Diagnostics,
    known: Vec<&'static str>,
    known_blocks: Vec<&'static str>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(block: &'a Block, source: SourceId) -> Self {
        Reader { block, source, diagnostics: Diagnostics::new(), known: Vec::new(), known_blocks: Vec::new() }
    }

    /// The header: type and labels.
    pub(super) fn header(&self) -> Span {
        header(self.block, self.source)
    }

    /// The labels, if there are as many as wanted.
    pub(super) fn labels<const N: usize>(&mut self, names: [&str; N]) -> Option<[Arc<str>; N]> {
        let labels: Vec<Arc<str>> = self.block.labels.iter().map(|l| l.as_str().into()).collect();
        let kind = self.block.ident.as_str();
        if labels.len() < N {
            let missing = names[labels.len()];
            self.error(
                "block-labels",
                &format!("Missing {missing} for {kind}"),
                format!("All {kind} blocks must have {N} labels ({}).", names.join(", ")),
                format!(
                    "Write `{kind}{} {{`.",
                    names.iter().map(|n| format!(" \"{}\"", n.to_uppercase())).collect::<String>()
                ),
                self.header(),
            );
            return None;
        }
        if labels.len() > N {
            let what = if N == 0 {
                format!("No labels are expected for {kind} blocks.")
            } else {
                format!("Only {N} labels ({}) are expected for {kind} blocks.", names.join(", "))
            };
            self.error(
                "block-labels",
                &format!("Extraneous label for {kind}"),
                what,
                "Remove the label.".into(),
                self.header(),
            );
            return None;
        }
        let before = self.diagnostics.len();
        for (i, label) in labels.iter().enumerate() {
            if !is_name(label) {
                let span =
                    self.block.labels[i].span().map_or(self.header(), |r| Span::new(self.source, r.start, r.end));
                self.error(
                    "invalid-name",
                    &match names[i] {
                        "name" => format!("Invalid {kind} name"),
                        other => format!("Invalid {kind} {other} name"),
                    },
                    "A name must start with a letter or underscore and may contain only letters, digits, underscores, and dashes.".into(),
                    "Rename it.".into(),
                    span,
                );
            }
        }
        if self.diagnostics.len() > before { None } else { labels.try_into().ok() }
    }

    pub(super) fn error(&mut self, id: &'static str, summary: &str, what: String, remedy: String, span: Span) {
        self.diagnostics.push(Diagnostic::error(id, summary, what).remedy(remedy).at(span));
    }

    pub(super) fn warning(&mut self, id: &'static str, summary: &str, what: &str, remedy: &str, span: Span) {
        self.diagnostics.push(Diagnostic::warning(id, summary, what).remedy(remedy).at(span));
    }

    /// Tells of a part of the language that this version does not have.
    pub(super) fn not_supported(&mut self, what: &str, remedy: &str, span: Span) {
        let verb = if what.ends_with('s') { "are" } else { "is" };
        self.error(
            "not-supported",
            "Not supported yet",
            format!("{what} {verb} part of the language, but this version cannot do them yet."),
            remedy.into(),
            span,
        );
    }

    /// Tells of a reference in quotes, as Terraform 0.11 wanted them.
    pub(super) fn quoted(&mut self, span: Span) {
        self.warning(
            "quoted-reference",
            "Quoted references are deprecated",
            "References are written without quotes here; in quotes they still work.",
            "Remove the quotes.",
            span,
        );
    }

    /// An argument's expression.
    pub(super) fn argument(&mut self, name: &'static str) -> Option<Expr> {
        self.known.push(name);
        self.block.body.get_attribute(name).map(|a| Expr::new(&a.value, self.source))
    }

    /// An argument that must be there.
    pub(super) fn required(&mut self, name: &'static str) -> Option<Expr> {
        let found = self.argument(name);
        if found.is_none() {
            let span = self.header();
            self.error(
                "missing-argument",
                "Missing required argument",
                format!("The argument `{name}` is required, but no definition was found."),
                format!("Add `{name} = ...` to the block."),
                span,
            );
        }
        found
    }

    /// A literal of a type.
    fn literal(&mut self, name: &'static str, ty: &Type) -> Option<cplan_model::Value> {
        let expr = self.argument(name)?;
        let value = match constant(&expr) {
            Ok(value) => value,
            Err(diagnostic) => {
                self.diagnostics.push(*diagnostic);
                return None;
            }
        };
        if value.is_null() {
            self.error(
                "wrong-type",
                "Unsuitable value type",
                format!("Unsuitable value for `{name}`: null value is not allowed."),
                format!("Write a {} there, or remove the argument.", ty.friendly()),
                expr.span,
            );
            return None;
        }
        match convert(&value, ty) {
            Ok(value) => Some(value),
            Err(_) => {
                self.error(
                    "wrong-type",
                    "Unsuitable value type",
                    format!("Unsuitable value for `{name}`: a {} is required.", ty.friendly()),
                    format!("Write a {} there.", ty.friendly()),
                    expr.span,
                );
                None
            }
        }
    }

    pub(super) fn bool(&mut self, name: &'static str) -> Option<bool> {
        self.literal(name, &Type::Bool).and_then(|v| v.as_bool())
    }

    pub(super) fn string(&mut self, name: &'static str) -> Option<String> {
        self.literal(name, &Type::String).and_then(|v| v.as_str().map(str::to_owned))
    }

    /// A text, or null for none.
    pub(super) fn string_or_null(&mut self, name: &'static str) -> Option<String> {
        let null = self.argument(name).is_some_and(|expr| matches!(&*expr.tree, Expression::Null(_)));
        if null { None } else { self.string(name) }
    }

    /// The blocks of a type within this one.
    pub(super) fn blocks(&mut self, name: &'static str) -> Vec<&'a Block> {
        self.known_blocks.push(name);
        let block: &'a Block = self.block;
        block.body.blocks().filter(|b| b.has_ident(name)).collect()
    }

    /// At most one such block.
    pub(super) fn single(&mut self, name: &'static str) -> Option<&'a Block> {
        let blocks = self.blocks(name);
        if let Some(second) = blocks.get(1) {
            let span = header(second, self.source);
            self.error(
                "duplicate-block",
                &format!("Duplicate {name} block"),
                format!("Only one `{name}` block is allowed here."),
                "Join the two blocks.".into(),
                span,
            );
        }
        blocks.first().copied()
    }

    /// Tells of every argument and block that nobody asked for.
    pub(super) fn close(mut self) -> Diagnostics {
        for attribute in self.block.body.attributes() {
            if !self.known.contains(&attribute.key.as_str()) {
                let d = unsupported_argument(attribute, self.source, &self.known, &self.known_blocks);
                self.diagnostics.push(d);
            }
        }
        for block in self.block.body.blocks() {
            if !self.known_blocks.contains(&block.ident.as_str()) {
                let d = unsupported_block(block, self.source, &self.known_blocks, &self.known);
                self.diagnostics.push(d);
            }
        }
        self.diagnostics
    }
}

/// Whether a text can be the name of something.
pub(super) fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && chars.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

/// The place of a block's type and labels.
pub(crate) fn header(block: &Block, source: SourceId) -> Span {
    let start = block.ident.span().unwrap_or(0..0);
    let end = block.labels.last().and_then(hcl_edit::Span::span).map_or(start.end, |r| r.end);
    Span::new(source, start.start, end)
}

/// "Unsupported argument" with the near name.
pub(crate) fn unsupported_argument<S: AsRef<str>>(
    attribute: &Attribute,
    source: SourceId,
    arguments: &[S],
    blocks: &[S],
) -> Diagnostic {
    let name = attribute.key.as_str();
    let span = attribute.key.span().map_or(Span::new(source, 0, 0), |r| Span::new(source, r.start, r.end));
    let what = format!("An argument named `{name}` is not expected here.");
    let remedy = if blocks.iter().any(|b| b.as_ref() == name) {
        format!("Did you mean to define a block of type `{name}`? If so, write `{name} {{ ... }}`.")
    } else {
        near(name, arguments, "argument")
    };
    Diagnostic::error("unsupported-argument", "Unsupported argument", what).remedy(remedy).at(span)
}

/// "Unsupported block type" with the near name.
pub(crate) fn unsupported_block<S: AsRef<str>>(
    block: &Block,
    source: SourceId,
    blocks: &[S],
    arguments: &[S],
) -> Diagnostic {
    let name = block.ident.as_str();
    let what = format!("Blocks of type `{name}` are not expected here.");
    let remedy = if arguments.iter().any(|a| a.as_ref() == name) {
        format!("Did you mean to define the argument `{name}`? If so, write `{name} = ...`.")
    } else {
        near(name, blocks, "block")
    };
    let span = block.ident.span().map_or(Span::new(source, 0, 0), |r| Span::new(source, r.start, r.end));
    Diagnostic::error("unsupported-block", "Unsupported block type", what).remedy(remedy).at(span)
}

/// The same where the file is JSON: a property is neither an argument nor a block before it is known what it is.
pub(crate) fn extraneous(mut diagnostic: Diagnostic) -> Diagnostic {
    if matches!(&*diagnostic.summary, "Unsupported argument" | "Unsupported block type") {
        diagnostic.summary = EXTRANEOUS.into();
    }
    diagnostic
}

/// What is said of a property of a JSON file that nobody knows.
pub(super) const EXTRANEOUS: &str = "Extraneous JSON object property";

fn near<S: AsRef<str>>(name: &str, names: &[S], kind: &str) -> String {
    match suggest(name, names.iter().map(AsRef::as_ref)) {
        Some(near) => format!("Did you mean `{near}`?"),
        None if names.is_empty() => "Remove it.".into(),
        None => {
            let shown: Vec<_> = names.iter().map(|n| format!("`{}`", n.as_ref())).collect();
            format!("Remove it, or use one of the {kind}s {}.", shown.join(", "))
        }
    }
}
