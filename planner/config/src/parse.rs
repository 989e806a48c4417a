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
mod expected;
mod forbidden;
mod heredoc;
mod lenient;
mod resync;
mod unclosed;

/// How many errors of one file are told.
const MAX_ERRORS: usize = 50;

/// The tree of a file. Where the file has errors, those of several blocks are told, and the tree holds the others.
pub(crate) fn body(text: &str, source: SourceId) -> (Body, Diagnostics) {
    let plain = text.strip_prefix('\u{feff}').map(|rest| format!("   {rest}"));
    let text = plain.as_deref().unwrap_or(text);
    match parse(text) {
        Ok(body) => {
            let diagnostics = forbidden::body(&body, text, source);
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
                if parse(&text[chunk.clone()]).is_ok() {
                    continue;
                }
                // Without a line end hcl-edit takes the last sign for the place of what is missing after it.
                let end = if text[chunk.clone()].ends_with('\n') { "" } else { "\n" };
                let padded = format!("{}{}{end}", resync::blank(&text[..chunk.start]), &text[chunk.clone()]);
                if let Err(error) = parse(&padded) {
                    let found =
                        told_by_text(&error).then(|| unclosed::unclosed(&text[..chunk.end], chunk.start, source));
                    let found = found.flatten();
                    diagnostics.push(found.unwrap_or_else(|| syntax_error(&padded, chunk.start, &error, source)));
                    rest.replace_range(chunk.clone(), &resync::blank(&text[chunk]));
                }
            }
            if diagnostics.is_empty() {
                diagnostics.push(syntax_error(text, 0, &error, source));
            }
            (parse(&rest).unwrap_or_default(), diagnostics)
        }
    }
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
    let empty = unclosed::empty_heredocs(text);
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
        let found = told_by_text(&error).then(|| unclosed::unclosed(text, 0, source)).flatten();
        Box::new(found.unwrap_or_else(|| syntax_error(text, 0, &error, source)))
    })?;
    heredoc::flush_expression(&mut tree, text);
    escapes::expression(&mut tree, text);
    match forbidden::expression(&tree, text, source).into_iter().next() {
        Some(first) => Err(Box::new(first)),
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

/// Whether the text itself may tell more than the parser; what nests too deeply is not worth a closer look.
fn told_by_text(error: &Error) -> bool {
    !error.message().contains("nested levels")
}

/// Where the error is in a text. hcl-edit counts bytes and may stop within a letter.
fn offset(text: &str, error: &Error) -> usize {
    (0..=error.location().offset().min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The error of a chunk of the text that begins at `from`.
pub(crate) fn syntax_error(text: &str, from: usize, error: &Error, source: SourceId) -> Diagnostic {
    let offset = offset(text, error);
    let end = text[offset..].char_indices().nth(1).map_or(text.len(), |(i, _)| offset + i);
    let span = Span::new(source, offset, end);
    let message = error.message();
    let word: String = text[offset..].chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-')).collect();
    if message.contains("redefined attribute") {
        return Diagnostic::error(
            "duplicate-argument",
            "Attribute redefined",
            format!("The argument `{word}` is set twice in one block."),
        )
        .remedy("Remove one of the two; each argument may be set only once.")
        .at(Span::new(source, offset, offset + word.len()));
    }
    if message.contains("redefined object key") {
        return Diagnostic::error(
            "duplicate-key",
            "Duplicate object key",
            format!("The key `{word}` is set twice in one object."),
        )
        .remedy("Remove one of the two.")
        .at(Span::new(source, offset, offset + word.len()));
    }
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
    let expected = message.split("expected ").nth(1).unwrap_or("something else");
    let known = expected::summary(text, from, offset, expected);
    let summary = if message.contains("invalid expression") {
        known
            .filter(|known| matches!(*known, "Invalid character" | "Unsupported operator"))
            .unwrap_or("Invalid expression")
    } else if message.contains("escape sequence") || message.contains("hex code") {
        "Invalid escape sequence"
    } else {
        known.unwrap_or("Invalid syntax")
    };
    let found = match text[offset..].chars().next() {
        None => "the end of the file".to_owned(),
        Some('\n' | '\r') => "the end of the line".to_owned(),
        Some(_) if !word.is_empty() => format!("`{word}`"),
        Some(c) => format!("`{c}`"),
    };
    if message.contains("invalid expression") {
        return Diagnostic::error("syntax", summary, format!("Found {found} where a value must stand."))
            .remedy(remedy(message, &text[offset..], summary))
            .at(span);
    }
    if message.contains("unexpected token") {
        let (summary, what) = match text[offset..].trim_start() {
            _ if known.is_some_and(|known| known == "Invalid escape sequence") => {
                ("Invalid escape sequence", "The digits of this escape sequence name no character.".to_owned())
            }
            "" => ("Missing expression", "The text ends where a value must stand.".to_owned()),
            _ => ("Extra characters after expression", format!("Found {found} where nothing more may stand.")),
        };
        return Diagnostic::error("syntax", summary, what).remedy(remedy(message, &text[offset..], summary)).at(span);
    }
    Diagnostic::error("syntax", summary, format!("Found {found} where the language allows {expected}."))
        .remedy(remedy(message, &text[offset..], summary))
        .at(span)
}

fn remedy(message: &str, rest: &str, summary: &str) -> &'static str {
    if message.contains("heredoc end delimiter") {
        "End the heredoc with its delimiter on a line of its own."
    } else if rest.starts_with(['\'', '\u{2018}', '\u{201c}', '\u{201d}', '`']) {
        "Write texts in straight double quotes."
    } else if summary == "Invalid expression" {
        "Write a value here: a text in quotes, a number, a list in [ ] or an object in { }."
    } else if summary == "Invalid escape sequence" {
        "Write `\\\\` for a backslash."
    } else if rest.is_empty() {
        "Close what is still open: a brace, a bracket or a quote."
    } else if message.contains("newline") {
        "Put each argument and each block on a line of its own."
    } else {
        "Check the line for a missing `=`, brace, bracket, comma or quote."
    }
}
