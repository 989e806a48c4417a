//! Text to hcl-edit's tree; after an error, the next block.

use std::borrow::Cow;
use std::sync::Arc;

use cplan_model::{Diagnostic, Diagnostics, SourceId, Span};
use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::parser::Error;
use hcl_edit::structure::Body;
use hcl_edit::template::Template;

use crate::Expr;

mod escapes;
mod fault;
mod forbidden;
mod heredoc;
mod lenient;
mod resync;

use fault::Fault;

/// How many errors of one file are told.
const MAX_ERRORS: usize = 50;

/// The tree of a file. Where the file has errors, those of several blocks are told, and the tree holds the others.
pub(crate) fn body(text: &str, source: SourceId) -> (Body, Diagnostics) {
    let plain = text.strip_prefix('\u{feff}').map(|rest| format!("   {rest}"));
    let text = plain.as_deref().unwrap_or(text);
    match parse(text) {
        Ok(body) => {
            let diagnostics = forbidden::body(text, source);
            (body, diagnostics)
        }
        Err(error) => {
            let mut diagnostics = Diagnostics::new();
            let mut rest = text.to_owned();
            for chunk in resync::chunks(text) {
                if diagnostics.len() >= MAX_ERRORS {
                    rest.replace_range(chunk.start.., &resync::blank(&text[chunk.start..]));
                    break;
                }
                let Err(error) = parse(&text[chunk.clone()]) else { continue };
                let mut found = faults(&error, || fault::of_body(text, chunk.clone()));
                if found.first().is_some_and(|fault| fault.at.start >= chunk.end) {
                    // What ends nowhere in its block may end further down.
                    found = fault::of_body(text, chunk.start..text.len());
                }
                if found.is_empty() {
                    // Without a line end hcl-edit takes the last sign for the place of what is missing after it.
                    let end = if text[chunk.clone()].ends_with('\n') { "" } else { "\n" };
                    let padded = format!("{}{}{end}", resync::blank(&text[..chunk.start]), &text[chunk.clone()]);
                    let error = parse(&padded).err().unwrap_or(error);
                    diagnostics.push(syntax_error(&padded, &error, source));
                }
                diagnostics.extend(found.into_iter().map(|fault| fault.diagnostic(source)));
                rest.replace_range(chunk.clone(), &resync::blank(&text[chunk]));
            }
            if diagnostics.is_empty() {
                let found = faults(&error, || fault::of_body(text, 0..text.len()));
                diagnostics.extend(found.into_iter().map(|fault| fault.diagnostic(source)));
            }
            if diagnostics.is_empty() {
                diagnostics.push(syntax_error(text, &error, source));
            }
            (parse(&rest).unwrap_or_default(), diagnostics)
        }
    }
}

/// What a closer look at the text finds; where it nests too deeply, none is taken.
fn faults(error: &Error, look: impl FnOnce() -> Vec<Fault>) -> Vec<Fault> {
    if error.message().contains("nested levels") { Vec::new() } else { look() }
}

fn parse(text: &str) -> Result<Body, Error> {
    let whole = without_empty_heredocs(text);
    let mut body = lenient::parse(&whole, hcl_edit::parser::parse_body, |body, restoring| restoring.body(body))?;
    heredoc::flush(&mut body, text);
    escapes::body(&mut body, text);
    Ok(body)
}

/// The text with heredocs that have no lines as the empty texts that they are, just as long: hcl-edit would look for
/// their delimiters further down.
fn without_empty_heredocs(text: &str) -> Cow<'_, str> {
    let empty = fault::empty_heredocs(text);
    if empty.is_empty() {
        return text.into();
    }
    let mut text = text.to_owned();
    for range in empty {
        let spaces = " ".repeat(range.len() - 2);
        text.replace_range(range, &format!("\"\"{spaces}"));
    }
    text.into()
}

/// The text of a template file.
pub(crate) fn template(text: &str) -> Result<Template, Error> {
    lenient::parse(text, hcl_edit::parser::parse_template, |template, restoring| restoring.template(template))
}

/// One expression, as on a command line.
pub(crate) fn expression(text: &str, source: SourceId) -> Result<Expr, Box<Diagnostic>> {
    let whole = without_empty_heredocs(text);
    let parsed = lenient::parse(&whole, hcl_edit::parser::parse_expr, |expr, restoring| restoring.expression(expr));
    let mut tree = parsed.map_err(|error| {
        let found = faults(&error, || fault::of_expression(text)).into_iter().next();
        Box::new(found.map_or_else(|| syntax_error(text, &error, source), |fault| fault.diagnostic(source)))
    })?;
    heredoc::flush_expression(&mut tree, text);
    escapes::expression(&mut tree, text);
    match forbidden::expression(text) {
        Some(first) => Err(Box::new(first.diagnostic(source))),
        None => Ok(Expr::new(&tree, source)),
    }
}

impl Expr {
    /// The literal that it is, if it is one: `true`, `"true"`.
    pub fn literal_bool(&self) -> Option<bool> {
        match &*self.tree {
            Expression::Bool(b) => Some(*b.value()),
            Expression::String(s) => s.as_str().parse().ok(),
            _ => None,
        }
    }

    /// An expression of a tree with its place.
    pub(crate) fn new(tree: &Expression, source: SourceId) -> Self {
        let range = tree.span().unwrap_or(0..0);
        Expr { tree: Arc::new(tree.clone()), span: Span::new(source, range.start, range.end) }
    }
}

/// Where the error is in a text. hcl-edit counts bytes and may stop within a letter.
fn offset(text: &str, error: &Error) -> usize {
    (0..=error.location().offset().min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The error of a template, as a text of its own.
pub(crate) fn template_error(text: &str, error: &Error, source: SourceId) -> Diagnostic {
    let found = faults(error, || fault::of_template(text)).into_iter().next();
    found.map_or_else(|| syntax_error(text, error, source), |fault| fault.diagnostic(source))
}

/// What hcl-edit itself has against a text in which nothing else is wrong.
fn syntax_error(text: &str, error: &Error, source: SourceId) -> Diagnostic {
    let offset = offset(text, error);
    let end = text[offset..].char_indices().nth(1).map_or(text.len(), |(i, _)| offset + i);
    let span = Span::new(source, offset, end);
    let message = error.message();
    if let Some(range) = lenient::unreadable_number(text, offset) {
        let what = format!("`{}` is not a usable number.", &text[range.clone()]);
        return Diagnostic::error("invalid-number", "Invalid number literal", what)
            .remedy("Write a decimal number of ordinary size.")
            .at(Span::new(source, range.start, range.end));
    }
    if message.contains("nested levels") || message.contains("chained binary operators") {
        let limit = if message.contains("nested levels") { "64 levels" } else { "128 operators" };
        return Diagnostic::error(
            "too-deep",
            "Expression nested too deeply",
            format!("What stands here nests deeper than {limit}."),
        )
        .remedy("Move parts of it to local values.")
        .at(span);
    }
    if message.contains("redefined object key") {
        let what = "More keys are set twice in one object than can be read.";
        return Diagnostic::error("duplicate-key", "Duplicate object key", what)
            .remedy("Remove some of them.")
            .at(span);
    }
    let expected = message.split("expected ").nth(1).unwrap_or("something else");
    Diagnostic::error("syntax", "Invalid syntax", format!("The language allows {expected} here."))
        .remedy("Check the line for a missing `=`, brace, bracket, comma or quote.")
        .at(span)
}
