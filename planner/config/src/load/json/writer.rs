//! Writing the native syntax, with the place in the JSON file of what is written.

use std::collections::BTreeMap;
use std::ops::Range;

use cplan_model::{Diagnostic, Diagnostics, Piece, SourceId, Span};

use super::template;
use super::value::{Kind, Node, Text};

/// How a JSON string is to be read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// As a template: `"${local.a}"`.
    Template,
    /// As it is: `"${"` has no meaning.
    Literal,
    /// As an expression of the native syntax: `"terraform_data.a"`, `"list(string)"`.
    Native,
}

pub(super) struct Writer<'a> {
    /// The JSON text.
    pub(super) json: &'a str,
    pub(super) source: SourceId,
    /// Where the made text begins.
    pub(super) base: usize,
    pub(super) out: String,
    pub(super) pieces: Vec<Piece>,
    pub(super) diagnostics: Diagnostics,
}

impl Writer<'_> {
    /// What stands for nothing in the file.
    pub(super) fn glue(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// What stands for a range of the file.
    pub(super) fn put(&mut self, text: &str, origin: Range<usize>) {
        let at = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let start = at(self.base + self.out.len());
        self.out.push_str(text);
        let end = at(self.base + self.out.len());
        self.pieces.push(Piece { start, end, origin: Span::new(self.source, origin.start, origin.end) });
    }

    /// A part of a string as it is.
    pub(super) fn part(&mut self, text: &Text, range: Range<usize>) {
        if text.is_plain() {
            let origin = text.origin(range.clone());
            return self.put(&text.text[range], origin);
        }
        // Escapes are of another length than what they stand for: a piece per run.
        let mut from = range.start;
        for (i, c) in text.text[range.clone()].char_indices() {
            let (at, next) = (range.start + i, range.start + i + c.len_utf8());
            let origin = text.origin(at..next);
            if origin.len() != c.len_utf8() {
                if from < at {
                    self.put(&text.text[from..at], text.origin(from..from).start..origin.start);
                }
                self.put(&text.text[at..next], origin);
                from = next;
            }
        }
        if from < range.end {
            self.put(&text.text[from..range.end], text.origin(from..range.end));
        }
    }

    pub(super) fn error(&mut self, id: &'static str, summary: &str, what: String, remedy: &str, at: Range<usize>) {
        let span = Span::new(self.source, at.start, at.end);
        self.diagnostics.push(Diagnostic::error(id, summary, what).remedy(remedy).at(span));
    }

    /// A value as an expression.
    pub(super) fn value(&mut self, node: &Node, reading: Reading) {
        let (start, end) = (node.span.start, node.span.end);
        match &node.kind {
            Kind::Word(word) => self.put(word, start..end),
            Kind::Number => {
                let number = &self.json[start..end];
                self.put(number, start..end);
            }
            Kind::Text(text) => self.text(text, reading),
            Kind::Array(items) => {
                self.put("[", start..start + 1);
                for item in items {
                    self.value(item, reading);
                    self.glue(", ");
                }
                self.put("]", end - 1..end);
            }
            Kind::Object(members) => {
                self.put("{", start..start + 1);
                let mut seen: BTreeMap<&str, Range<usize>> = BTreeMap::new();
                for (name, value) in members {
                    if let Some(first) = seen.insert(&name.text, name.span.clone()) {
                        let second = Span::new(self.source, name.span.start, name.span.end);
                        self.diagnostics.push(
                            Diagnostic::error(
                                "duplicate-key",
                                "Duplicate object attribute",
                                format!("The property {:?} is set twice in one object.", name.text),
                            )
                            .remedy("Remove one of the two.")
                            .at(second)
                            .label(Span::new(self.source, first.start, first.end), "first set here"),
                        );
                        continue;
                    }
                    self.text(name, if reading == Reading::Native { Reading::Literal } else { reading });
                    self.glue(" = ");
                    self.value(value, reading);
                    self.glue(", ");
                }
                self.put("}", end - 1..end);
            }
        }
    }

    pub(super) fn text(&mut self, text: &Text, reading: Reading) {
        match reading {
            Reading::Native if native(&text.text) => self.part(text, 0..text.text.len()),
            Reading::Native | Reading::Literal => self.quoted(text, true),
            Reading::Template if !text.text.contains("${") && !text.text.contains("%{") => self.quoted(text, false),
            Reading::Template => template::write(self, text),
        }
    }

    fn quoted(&mut self, text: &Text, literal: bool) {
        self.put("\"", text.span.start - 1..text.span.start);
        self.escaped(text, 0..text.text.len(), literal);
        self.put("\"", text.span.end..text.span.end + 1);
    }

    /// A part of a string with the escapes of a quoted template; with `literal`, sequences lose their meaning.
    pub(super) fn escaped(&mut self, text: &Text, range: Range<usize>, literal: bool) {
        self.lines(text, range, literal, false);
    }

    /// The same; with `apart`, each line is a part of the template of its own: `~` trims no further than its line.
    pub(super) fn lines(&mut self, text: &Text, range: Range<usize>, literal: bool, apart: bool) {
        let mut from = range.start;
        let part = &text.text[range.clone()];
        for (i, c) in part.char_indices() {
            let at = range.start + i;
            let escape = match c {
                '"' => "\\\"".to_owned(),
                '\\' => "\\\\".to_owned(),
                '\n' => "\\n".to_owned(),
                '\r' => "\\r".to_owned(),
                '\t' => "\\t".to_owned(),
                c if c < ' ' => format!("\\u{:04x}", u32::from(c)),
                '$' | '%' if literal && part[i + 1..].starts_with('{') => format!("{c}{c}"),
                _ => continue,
            };
            if from < at {
                self.part(text, from..at);
            }
            let next = at + c.len_utf8();
            self.put(&escape, text.origin(at..next));
            if apart && c == '\n' && next < range.end {
                self.glue("${\"\"}");
            }
            from = next;
        }
        if from < range.end {
            self.part(text, from..range.end);
        }
    }
}

/// Whether a text is an expression of the native syntax, and on one line.
fn native(text: &str) -> bool {
    !text.contains('\n') && !text.starts_with('"') && hcl_edit::parser::parse_expr(text).is_ok()
}
