//! Where a text is being read, what was found wrong with it, and how to go on after a mistake.

use std::ops::Range;

use super::super::MAX_ERRORS;
use super::Fault;
use super::scan::{Kind, Scan, Token};

/// How deep expressions may nest here; what is deeper is told by others.
const MAX_DEPTH: usize = 256;

/// The pieces of a text, read one after the other.
pub(super) struct Cursor<'t> {
    pub(super) text: &'t str,
    tokens: Vec<Token>,
    next: usize,
    /// Whether line ends are passed over, for each bracket that is open.
    across: Vec<bool>,
    /// After the first mistake little can be said of what stands where it should not.
    pub(super) lost: bool,
    faults: Vec<Fault>,
    pub(super) depth: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(scan: Scan<'t>, text: &'t str) -> Self {
        let end = scan.end;
        let mut tokens: Vec<Token> = scan.collect();
        tokens.push(Token { kind: Kind::End, at: end..end });
        let mut cursor =
            Cursor { text, tokens, next: 0, across: vec![false], lost: false, faults: Vec::new(), depth: 0 };
        cursor.signs();
        cursor
    }

    /// What was found, the first of it where it is very much; nothing when the text nests too deeply to be sure.
    pub(super) fn told(mut self) -> Vec<Fault> {
        self.faults.truncate(if self.depth > MAX_DEPTH { 0 } else { MAX_ERRORS });
        self.faults
    }

    /// Goes one level deeper. False where that is too deep: then nothing counts any more.
    pub(super) fn enter(&mut self) -> bool {
        if self.depth <= MAX_DEPTH {
            self.depth += 1;
        }
        self.depth <= MAX_DEPTH
    }

    pub(super) fn leave(&mut self) {
        if self.depth <= MAX_DEPTH {
            self.depth -= 1;
        }
    }

    pub(super) fn across_lines(&mut self, across: bool) {
        self.across.push(across);
    }

    pub(super) fn as_before(&mut self) {
        self.across.pop();
    }

    fn position(&self) -> usize {
        let across = self.across.last().copied().unwrap_or(false);
        let skipped = self.tokens[self.next..].iter().take_while(|t| across && t.kind == Kind::Newline).count();
        (self.next + skipped).min(self.tokens.len() - 1)
    }

    pub(super) fn peek(&self) -> Token {
        self.tokens[self.position()].clone()
    }

    pub(super) fn read(&mut self) -> Token {
        let at = self.position();
        self.next = (at + 1).min(self.tokens.len() - 1);
        self.tokens[at].clone()
    }

    /// The text of a piece.
    pub(super) fn word(&self, token: &Token) -> &'t str {
        self.text.get(token.at.clone()).unwrap_or("")
    }

    pub(super) fn is_word(&self, token: &Token, word: &str) -> bool {
        token.kind == Kind::Ident && self.word(token) == word
    }

    /// Whether a piece is of the beginning of a comment, which then never ends.
    pub(super) fn opens_comment(&self, token: &Token) -> bool {
        self.text[token.at.start..].starts_with("/*") || self.text[..token.at.end].ends_with("/*")
    }

    /// A piece as messages name it.
    pub(super) fn named(&self, token: &Token) -> String {
        match token.kind {
            Kind::End => "the end of the text".to_owned(),
            Kind::Newline | Kind::QuotedNewline => "the end of the line".to_owned(),
            Kind::Open('<') => "a heredoc".to_owned(),
            _ if self.opens_comment(token) => "a comment that never ends".to_owned(),
            _ => format!("`{}`", self.word(token)),
        }
    }

    pub(super) fn fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// A mistake that is told only while it is clear where one is.
    pub(super) fn doubt(&mut self, token: &Token, summary: &str, what: impl Into<String>, remedy: &str) {
        if !self.lost {
            self.fault(Fault::new(token.at.clone(), summary, what, remedy));
        }
        self.lost = true;
    }

    /// How many mistakes were found so far.
    pub(super) fn count(&self) -> usize {
        self.faults.len()
    }

    /// Goes on behind the sign that closes what is open, which is given.
    pub(super) fn recover(&mut self, close: Kind) -> Token {
        self.lost = true;
        let sign = if let Kind::Close(sign) = close { Some(sign) } else { None };
        let mut nested = 0;
        loop {
            let token = self.read();
            match token.kind {
                Kind::End => return token,
                kind if kind == close && nested == 0 => return token,
                kind if kind == close => nested -= 1,
                Kind::Open('%') if sign == Some('$') => nested += 1,
                Kind::Open(open) if sign == Some(open) => nested += 1,
                _ => {}
            }
        }
    }

    /// Goes on behind the end of the line, brackets and what is in them left out.
    pub(super) fn recover_line(&mut self) {
        self.lost = true;
        let mut open: Vec<char> = Vec::new();
        loop {
            let token = self.read();
            match token.kind {
                Kind::End => return,
                Kind::Newline if open.is_empty() => return,
                Kind::Open(sign) => open.push(if sign == '%' { '$' } else { sign }),
                Kind::Close(sign) => match open.iter().rposition(|o| *o == sign) {
                    Some(at) => open.truncate(at),
                    None => open.clear(),
                },
                _ => {}
            }
        }
    }

    /// The signs that can stand nowhere, and strings that go on over lines.
    fn signs(&mut self) {
        let mut told: Vec<char> = Vec::new();
        let mut in_string = false;
        let mut quote = 0;
        for token in self.tokens.clone() {
            match token.kind {
                Kind::QuotedNewline if !in_string => {
                    in_string = true;
                    let line = self.text[..token.at.start].rfind('\n').map_or(0, |at| at + 1);
                    self.fault(Fault::new(
                        quote.max(line)..token.at.start.max(line + 1),
                        "Invalid multi-line string",
                        "Quoted strings may not be split over multiple lines.",
                        "Write the closing `\"` on this line, `\\n` for a line end, or use a heredoc (`<<EOT`).",
                    ));
                }
                Kind::Open('"') => (in_string, quote) = (false, token.at.start),
                Kind::Close('"') => in_string = false,
                Kind::Bad(sign) => {
                    if matches!(sign, '\'' | '`' | ';') && told.contains(&sign) {
                        continue;
                    }
                    told.push(sign);
                    self.bad(token.at, sign);
                }
                _ => {}
            }
        }
    }

    fn bad(&mut self, at: Range<usize>, sign: char) {
        let (summary, remedy) = match sign {
            '&' => ("Unsupported operator", "Write `&&` for \"and\"."),
            '|' => ("Unsupported operator", "Write `||` for \"or\"."),
            '~' | '^' => ("Unsupported operator", "There are no operators on bits; write `!` for \"not\"."),
            ';' => ("Invalid character", "Put each argument and each block on a line of its own."),
            '\'' | '`' | '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' => {
                ("Invalid character", "Write texts in straight double quotes.")
            }
            '$' => ("Invalid character", "A name stands as it is; `${ }` is written only in texts."),
            _ => ("Invalid character", "Remove it; a text stands in double quotes."),
        };
        let what = format!("`{}` means nothing in the language.", &self.text[at.clone()]);
        self.fault(Fault::new(at, summary, what, remedy));
    }
}
