//! What is wrong with a text that hcl-edit refuses, told as Terraform's parser tells it: the same summary at the same
//! place. hcl-edit names the signs that it would have taken, and stops where it can go on no longer, which may be far
//! from the mistake; so the text is read once more, by a parser that builds nothing and only looks for mistakes.

use std::ops::Range;

use cplan_model::{Diagnostic, SourceId, Span};

mod body;
mod call;
mod collections;
mod comprehension;
mod cursor;
mod expression;
mod index;
mod scan;
mod template;

use cursor::Cursor;
pub(super) use scan::empty_heredocs;
use scan::{Kind, Scan};

/// A mistake and where it is.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    summary: String,
    what: String,
    remedy: String,
    pub(super) at: Range<usize>,
    /// Where what is open began.
    began: Option<(Range<usize>, &'static str)>,
}

impl Fault {
    fn new(at: Range<usize>, summary: impl Into<String>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Fault { summary: summary.into(), what: what.into(), remedy: remedy.into(), at, began: None }
    }

    fn began(mut self, at: &Range<usize>, what: &'static str) -> Self {
        self.began = Some((at.clone(), what));
        self
    }

    /// Whether the text cannot be read: old forms of indexes are refused where they are evaluated.
    pub(super) fn is_of_the_text(&self) -> bool {
        !matches!(&*self.summary, "Invalid legacy index syntax" | "Nested splat expression not allowed")
    }

    /// As it is told. What lies at the end of the text has no length.
    pub(super) fn diagnostic(self, source: SourceId) -> Diagnostic {
        let Fault { summary, what, .. } = self;
        let told = match &*summary {
            "Invalid multi-line string" => Diagnostic::error("multi-line-string", summary, what),
            "Attribute redefined" => Diagnostic::error("duplicate-argument", summary, what),
            "Invalid number literal" => Diagnostic::error("invalid-number", summary, what),
            _ => Diagnostic::error("syntax", summary, what),
        };
        let told = told.remedy(self.remedy).at(Span::new(source, self.at.start, self.at.end));
        match self.began {
            Some((at, what)) if at != self.at => told.label(Span::new(source, at.start, at.end), what),
            _ => told,
        }
    }
}

/// The mistakes in a part of a file.
pub(super) fn of_body(text: &str, part: Range<usize>) -> Vec<Fault> {
    let mut cursor = Cursor::new(Scan::code(text, part), text);
    cursor.body(None);
    cursor.told()
}

/// The mistakes of an expression.
pub(super) fn of_expression(text: &str) -> Vec<Fault> {
    let mut cursor = Cursor::new(Scan::code(text, 0..text.len()), text);
    cursor.across_lines(true);
    cursor.expression();
    let next = cursor.peek();
    if next.kind != Kind::End {
        let what = format!("Found {} where nothing more may stand.", cursor.named(&next));
        cursor.doubt(&next, "Extra characters after expression", what, "Remove it, or join the two by an operator.");
    }
    cursor.told()
}

/// The mistakes of a template.
pub(super) fn of_template(text: &str) -> Vec<Fault> {
    let mut cursor = Cursor::new(Scan::template(text), text);
    cursor.template(Kind::End, 0..0);
    cursor.told()
}

#[cfg(test)]
mod tests;
