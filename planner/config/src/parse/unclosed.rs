//! What was opened and never closed, told from the text alone: a parser notices it only where it can go on no longer,
//! which may be far from the quote or the brace that is the mistake.

use std::ops::Range;

use cplan_model::{Diagnostic, SourceId, Span};

use super::expected::is_object;

/// What is open, and where it began.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Open {
    /// `{`, `[` or `(`.
    Bracket(char),
    /// `"`
    Quote,
    /// `${` or `%{`
    Sequence,
    /// `<<EOT`, with its delimiter.
    Heredoc(String),
    /// `%{ if }` or `%{ for }`
    Directive(&'static str),
}

/// What is open at an offset of a text, directives aside, and where it began.
pub(super) fn within(text: &str, from: usize, offset: usize) -> Option<(Open, usize)> {
    let mut scan = Scan { text, at: from, open: Vec::new() };
    while scan.at < offset && scan.step().is_ok_and(|more| more) {}
    scan.open.into_iter().rev().find(|(open, _)| !matches!(open, Open::Directive(_)))
}

/// The heredocs without lines, from `<<` to the end of their delimiter.
pub(super) fn empty_heredocs(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut scan = Scan { text, at: 0, open: Vec::new() };
    let mut before = 0;
    while text[scan.at..].contains("<<") && scan.step().is_ok_and(|more| more) {
        // The step that opens one goes on to the next line.
        if let Some((Open::Heredoc(end), start)) = scan.open.last()
            && *start == before
        {
            let line = scan.rest().lines().next().unwrap_or("");
            if line.trim() == end {
                found.push(*start..scan.at + line.trim_end().len());
            }
        }
        before = scan.at;
    }
    found
}

/// The first thing in the text from an offset on that is not closed, or closed by the wrong sign; none if all is.
pub(super) fn unclosed(text: &str, from: usize, source: SourceId) -> Option<Diagnostic> {
    let mut scan = Scan { text, at: from, open: Vec::new() };
    let found = scan.run();
    let at = |range: Range<usize>| Span::new(source, range.start, range.end.min(text.len()));
    match found {
        Err(Fault::Comment(start)) => Some(
            Diagnostic::error("syntax", "Unterminated comment", "The comment that begins here is never closed.")
                .remedy("End it with `*/`.")
                .at(at(start..start + 2)),
        ),
        Err(Fault::Stray(start, sign)) => Some(
            Diagnostic::error(
                "syntax",
                "Argument or block definition required",
                format!("This `{sign}` closes nothing that is open."),
            )
            .remedy("Remove it, or add what opens it.")
            .at(at(start..start + 1)),
        ),
        // The body of a block holds arguments, each on its line.
        Err(Fault::Wrong(end, sign)) if matches!(scan.open.last(), Some((Open::Bracket('{'), start)) if !is_object(&text[from..*start])) =>
        {
            let what = format!("This `{sign}` closes nothing that is open.");
            Some(
                Diagnostic::error("syntax", "Missing newline after argument", what)
                    .remedy("Remove it, or add what opens it.")
                    .at(at(end..end + 1)),
            )
        }
        Err(Fault::Wrong(end, sign)) => scan.open.last().map(|(open, start)| {
            diagnostic(open, at(range(open, *start)))
                .label(at(end..end + 1), format!("this `{sign}` came while it was still open"))
        }),
        Err(Fault::StrayEnd(start, word)) => Some(
            Diagnostic::error(
                "syntax",
                format!("Unexpected {word} directive"),
                "This directive belongs to nothing that has begun.",
            )
            .remedy("Remove it, or begin it with `%{ if … }` or `%{ for … }`.")
            .at(at(start..start + 2)),
        ),
        Err(Fault::WrongEnd(end, word)) => scan.open.last().map(|(open, start)| {
            let mut wrong = diagnostic(open, at(range(open, *start)));
            wrong.summary = format!("Unexpected {word} directive");
            wrong.label(at(end..end + 2), format!("this `{word}` came while it was still open"))
        }),
        Err(Fault::Keyword(start, word)) => Some(if word.is_empty() {
            Diagnostic::error(
                "syntax",
                "Invalid template directive",
                "A word such as `if` or `for` must stand at the beginning of a directive.",
            )
            .remedy("Write the word; for the signs themselves write `%%{`.")
            .at(at(start..start + 2))
        } else {
            Diagnostic::error("syntax", "Invalid template control keyword", format!("There is no directive `{word}`."))
                .remedy("Use `if`, `else`, `endif`, `for` or `endfor`; for the signs themselves write `%%{`.")
                .at(at(start..start + 2))
        }),
        Err(Fault::Directive) => scan.open.last().map(|(open, start)| diagnostic(open, at(range(open, *start)))),
        Err(Fault::LineEnd) | Ok(()) => {
            scan.open.retain(|(open, _)| !matches!(open, Open::Directive(_)));
            // A string that runs into the end of its line inside of a sequence is the sequence's end, not closed.
            let index = scan.open.len().checked_sub(1)?;
            let inner = index.checked_sub(1).filter(|i| scan.open[*i].0 == Open::Sequence);
            let (open, start) = &scan.open[inner.filter(|_| scan.open[index].0 == Open::Quote).unwrap_or(index)];
            let mut told = diagnostic(open, at(range(open, *start)));
            if *open == Open::Bracket('{') && !is_object(&text[from..*start]) {
                told.summary = "Unclosed configuration block".into();
            }
            Some(told)
        }
    }
}

fn range(open: &Open, start: usize) -> Range<usize> {
    start..start + if matches!(open, Open::Bracket(_) | Open::Quote) { 1 } else { 2 }
}

fn diagnostic(open: &Open, at: Span) -> Diagnostic {
    let (summary, what, remedy) = match open {
        Open::Bracket(sign) => {
            let close = closing(*sign);
            let what = format!("The `{sign}` here is never closed.");
            ("Unclosed bracket", what, format!("Write the missing `{close}`."))
        }
        Open::Quote => (
            "Unterminated template string",
            "The string that begins here is not closed on its line.".to_owned(),
            "Write the closing `\"`; a text of several lines is a heredoc (`<<EOT`).".to_owned(),
        ),
        Open::Sequence => (
            "Unclosed template interpolation sequence",
            "The template sequence that begins here is never closed.".to_owned(),
            "Write the missing `}`; for the signs themselves write `$${` or `%%{`.".to_owned(),
        ),
        Open::Directive(word) => (
            "Unexpected end of template",
            format!("The `{word}` directive that begins here is never ended."),
            format!("Write `%{{ end{word} }}` where its text ends."),
        ),
        Open::Heredoc(end) => (
            "Unterminated template string",
            "The heredoc that begins here never ends.".to_owned(),
            format!("Write `{end}` on a line of its own where the text ends."),
        ),
    };
    Diagnostic::error("syntax", summary, what).remedy(remedy).at(at)
}

fn closing(sign: char) -> char {
    match sign {
        '{' => '}',
        '[' => ']',
        _ => ')',
    }
}

enum Fault {
    Comment(usize),
    Stray(usize, char),
    Wrong(usize, char),
    LineEnd,
    Directive,
    StrayEnd(usize, &'static str),
    WrongEnd(usize, &'static str),
    Keyword(usize, String),
}

struct Scan<'t> {
    text: &'t str,
    at: usize,
    open: Vec<(Open, usize)>,
}

impl Scan<'_> {
    fn run(&mut self) -> Result<(), Fault> {
        while self.step()? {}
        Ok(())
    }

    /// Goes on by a sign or more; false at the end.
    fn step(&mut self) -> Result<bool, Fault> {
        let Some(c) = self.text[self.at..].chars().next() else { return Ok(false) };
        let within = self.open.iter().rev().find(|(open, _)| !matches!(open, Open::Directive(_)));
        match within.map(|(open, _)| open.clone()) {
            Some(Open::Quote) => self.quoted(c)?,
            Some(Open::Heredoc(end)) => self.heredoc(c, &end)?,
            _ => self.code(c)?,
        }
        Ok(true)
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn push(&mut self, open: Open, length: usize) {
        self.open.push((open, self.at));
        self.at += length;
    }

    /// `${` or `%{`, and not the doubled signs that stand for themselves.
    fn sequence(&mut self) -> Result<bool, Fault> {
        let rest = self.rest();
        if rest.starts_with("$${") || rest.starts_with("%%{") {
            self.at += 3;
        } else if rest.starts_with("${") {
            self.push(Open::Sequence, 2);
        } else if let Some(rest) = rest.strip_prefix("%{") {
            let rest = rest.strip_prefix('~').unwrap_or(rest).trim_start();
            match rest.split(|c: char| !c.is_alphanumeric()).next().unwrap_or("") {
                "if" => self.push(Open::Directive("if"), 0),
                "for" => self.push(Open::Directive("for"), 0),
                "endif" => self.end("if", "endif")?,
                "endfor" => self.end("for", "endfor")?,
                "else" => match self.open.last() {
                    Some((Open::Directive("if"), _)) => {}
                    _ => return Err(Fault::StrayEnd(self.at, "else")),
                },
                word => return Err(Fault::Keyword(self.at, word.to_owned())),
            }
            self.push(Open::Sequence, 2);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn end(&mut self, begin: &str, word: &'static str) -> Result<(), Fault> {
        match self.open.last() {
            Some((Open::Directive(begun), _)) if *begun == begin => self.open.pop(),
            Some((Open::Directive(_), _)) => return Err(Fault::WrongEnd(self.at, word)),
            _ => return Err(Fault::StrayEnd(self.at, word)),
        };
        Ok(())
    }

    /// The end of a template, where no directive may be open.
    fn template_end(&mut self, length: usize) -> Result<(), Fault> {
        if matches!(self.open.last(), Some((Open::Directive(_), _))) {
            return Err(Fault::Directive);
        }
        self.open.pop();
        self.at += length;
        Ok(())
    }

    fn quoted(&mut self, c: char) -> Result<(), Fault> {
        match c {
            '\n' => return Err(Fault::LineEnd),
            '"' => self.template_end(1)?,
            '\\' => self.at += 1 + self.rest()[1..].chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8),
            _ if self.sequence()? => {}
            _ => self.at += c.len_utf8(),
        }
        Ok(())
    }

    fn heredoc(&mut self, c: char, end: &str) -> Result<(), Fault> {
        if self.at == 0 || self.text.as_bytes()[self.at - 1] == b'\n' {
            let line = self.rest().lines().next().unwrap_or("");
            if line.trim() == end {
                return self.template_end(line.len());
            }
        }
        if !self.sequence()? {
            self.at += c.len_utf8();
        }
        Ok(())
    }

    fn code(&mut self, c: char) -> Result<(), Fault> {
        match c {
            '"' => self.push(Open::Quote, 1),
            '{' | '[' | '(' => self.push(Open::Bracket(c), 1),
            '}' | ']' | ')' => {
                match self.open.last() {
                    None => return Err(Fault::Stray(self.at, c)),
                    Some((Open::Bracket(sign), _)) if closing(*sign) == c => {}
                    Some((Open::Sequence, _)) if c == '}' => {}
                    Some(_) => return Err(Fault::Wrong(self.at, c)),
                }
                self.open.pop();
                self.at += 1;
            }
            '#' => self.line(),
            '/' if self.rest().starts_with("//") => self.line(),
            '/' if self.rest().starts_with("/*") => match self.rest()[2..].find("*/") {
                Some(length) => self.at += length + 4,
                None => return Err(Fault::Comment(self.at)),
            },
            '<' => match super::resync::opened(self.rest().lines().next().unwrap_or("")) {
                Some(end) if self.rest().starts_with("<<") => {
                    let line = self.rest().find('\n').map_or(self.rest().len(), |i| i + 1);
                    self.push(Open::Heredoc(end), line);
                }
                _ => self.at += 1,
            },
            _ => self.at += c.len_utf8(),
        }
        Ok(())
    }

    fn line(&mut self) {
        self.at += self.rest().find('\n').unwrap_or(self.rest().len());
    }
}
