//! A text cut into words and signs as Terraform's scanner cuts it.

use std::ops::Range;

use super::super::resync;

/// What a piece of the text is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Ident,
    Number,
    /// A bracket that opens: `{`, `[`, `(`, `"`, `<` of a heredoc, `$` and `%` of sequences.
    Open(char),
    /// One that closes what began with the same sign.
    Close(char),
    /// Text between quotes or in a heredoc.
    Literal,
    Newline,
    /// A line end between quotes.
    QuotedNewline,
    Equal,
    Colon,
    DoubleColon,
    Comma,
    Dot,
    Ellipsis,
    FatArrow,
    Question,
    Star,
    Minus,
    Bang,
    /// Another operator between two values, and how tightly it binds.
    Operator(u8),
    /// A sign that the language has no use for.
    Bad(char),
    End,
}

/// A piece of the text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) at: Range<usize>,
}

#[derive(Debug)]
enum Mode<'t> {
    /// Code, with the braces that are open in it.
    Code(usize),
    Quoted,
    Heredoc(&'t str),
    /// A whole file that is a template.
    Template,
}

/// Cuts a text piece by piece.
pub(super) struct Scan<'t> {
    text: &'t str,
    at: usize,
    pub(super) end: usize,
    modes: Vec<Mode<'t>>,
    /// A line of a heredoc begins here.
    fresh: bool,
}

impl<'t> Scan<'t> {
    pub(super) fn code(text: &'t str, part: Range<usize>) -> Self {
        Scan { text, at: part.start, end: part.end, modes: vec![Mode::Code(0)], fresh: false }
    }

    pub(super) fn template(text: &'t str) -> Self {
        Scan { text, at: 0, end: text.len(), modes: vec![Mode::Template], fresh: false }
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..self.end]
    }

    fn take(&mut self, kind: Kind, length: usize) -> Option<Token> {
        let start = self.at;
        self.at += length;
        Some(Token { kind, at: start..self.at })
    }

    /// `${` or `%{`.
    fn sequence(&mut self) -> Option<Token> {
        let sign = self.rest().chars().next().filter(|_| opens_sequence(self.rest()))?;
        self.modes.push(Mode::Code(0));
        let marked = self.rest()[2..].starts_with('~');
        self.take(Kind::Open(sign), 2 + usize::from(marked))
    }

    fn quoted(&mut self) -> Option<Token> {
        if let Some(token) = self.sequence() {
            return Some(token);
        }
        match self.rest().chars().next()? {
            '"' => {
                self.modes.pop();
                return self.take(Kind::Close('"'), 1);
            }
            '\n' => return self.take(Kind::QuotedNewline, 1),
            _ => {}
        }
        let length = literal(self.rest(), |rest| rest.starts_with(['"', '\n']), true);
        self.take(Kind::Literal, length)
    }

    fn heredoc(&mut self, marker: &str) -> Option<Token> {
        let line = self.rest().split_inclusive('\n').next().unwrap_or("");
        if std::mem::take(&mut self.fresh) && line.trim() == marker {
            self.modes.pop();
            return self.take(Kind::Close('<'), line.trim_end_matches(['\n', '\r']).len());
        }
        if let Some(token) = self.sequence() {
            return Some(token);
        }
        let length = literal(line, |_| false, false);
        self.fresh = length == line.len();
        self.take(Kind::Literal, length)
    }

    fn signs(&mut self) -> Option<Token> {
        let rest = self.rest();
        let next = rest.chars().next()?;
        if next == '_' || next.is_alphabetic() {
            let length = rest.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-'));
            return self.take(Kind::Ident, length.unwrap_or(rest.len()));
        }
        if next.is_ascii_digit() {
            return self.take(Kind::Number, number(rest));
        }
        if let Some(marker) = marker(rest) {
            let line = rest.find('\n').map_or(rest.len(), |i| i + 1);
            self.modes.push(Mode::Heredoc(marker));
            self.fresh = true;
            return self.take(Kind::Open('<'), line);
        }
        const LONG: [(&str, Kind); 9] = [
            ("...", Kind::Ellipsis),
            ("::", Kind::DoubleColon),
            ("=>", Kind::FatArrow),
            ("==", Kind::Operator(2)),
            ("!=", Kind::Operator(2)),
            ("<=", Kind::Operator(3)),
            (">=", Kind::Operator(3)),
            ("&&", Kind::Operator(1)),
            ("||", Kind::Operator(0)),
        ];
        if let Some((sign, kind)) = LONG.iter().find(|(sign, _)| rest.starts_with(sign)) {
            return self.take(*kind, sign.len());
        }
        let inside = self.modes.len() > 1;
        let kind = match next {
            '\n' => Kind::Newline,
            '{' => {
                if let Some(Mode::Code(braces)) = self.modes.last_mut() {
                    *braces += 1;
                }
                Kind::Open('{')
            }
            '}' => match self.modes.last_mut() {
                Some(Mode::Code(0)) if inside => {
                    self.modes.pop();
                    Kind::Close('$')
                }
                Some(Mode::Code(braces)) => {
                    *braces = braces.saturating_sub(1);
                    Kind::Close('{')
                }
                _ => Kind::Close('{'),
            },
            '~' if rest.starts_with("~}")
                && matches!(self.modes.last(), Some(Mode::Code(0)))
                && self.modes.len() > 1 =>
            {
                self.modes.pop();
                return self.take(Kind::Close('$'), 2);
            }
            '"' => {
                self.modes.push(Mode::Quoted);
                Kind::Open('"')
            }
            '[' | '(' => Kind::Open(next),
            ']' => Kind::Close('['),
            ')' => Kind::Close('('),
            '=' => Kind::Equal,
            ':' => Kind::Colon,
            ',' => Kind::Comma,
            '.' => Kind::Dot,
            '?' => Kind::Question,
            '*' => Kind::Star,
            '-' => Kind::Minus,
            '!' => Kind::Bang,
            '<' | '>' => Kind::Operator(3),
            '+' => Kind::Operator(4),
            '/' | '%' => Kind::Operator(5),
            other => Kind::Bad(other),
        };
        self.take(kind, next.len_utf8())
    }

    /// White space and comments; a comment that runs to the end of its line is that line end.
    fn skip(&mut self) -> Option<Token> {
        loop {
            let rest = self.rest();
            if rest.starts_with('#') || rest.starts_with("//") {
                let line = rest.find('\n').map_or(rest.len(), |i| i + 1);
                return self.take(Kind::Newline, line);
            }
            let space = rest.len() - rest.trim_start_matches([' ', '\t', '\r']).len();
            let comment = rest.strip_prefix("/*").and_then(|inner| inner.find("*/")).map_or(0, |length| length + 4);
            if space + comment == 0 {
                return None;
            }
            self.at += space.max(comment);
        }
    }
}

impl Iterator for Scan<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        match *self.modes.last()? {
            Mode::Code(_) => self.skip().or_else(|| self.signs()),
            Mode::Quoted => self.quoted(),
            Mode::Heredoc(marker) => self.heredoc(marker),
            Mode::Template => self.sequence().or_else(|| {
                let length = literal(self.rest(), |_| false, false);
                (length > 0).then(|| self.take(Kind::Literal, length)).flatten()
            }),
        }
        .filter(|token| !token.at.is_empty() || matches!(token.kind, Kind::Close('<')))
    }
}

fn opens_sequence(rest: &str) -> bool {
    rest.starts_with("${") || rest.starts_with("%{")
}

/// How long the literal text is that a rest begins with.
fn literal(rest: &str, ends: impl Fn(&str) -> bool, escapes: bool) -> usize {
    let mut at = 0;
    while let Some(next) = rest[at..].chars().next() {
        let here = &rest[at..];
        if ends(here) || opens_sequence(here) {
            break;
        }
        at += match next {
            '$' | '%' if here.starts_with("$${") || here.starts_with("%%{") => 3,
            '\\' if escapes => 1 + here[1..].chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8),
            c => c.len_utf8(),
        };
    }
    at
}

/// How long the number is that a rest begins with, were it only one: `1.2.3` is one number that is none.
fn number(rest: &str) -> usize {
    let digits = |from: usize| rest[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut end = digits(0);
    loop {
        let sign = match &rest.as_bytes()[end..] {
            [b'.', b'0'..=b'9', ..] | [b'e' | b'E', b'0'..=b'9', ..] => 1,
            [b'e' | b'E', b'+' | b'-', b'0'..=b'9', ..] => 2,
            _ => return end,
        };
        end += sign + digits(end + sign);
    }
}

/// The delimiter of a heredoc that begins with the rest; it stands alone behind `<<`.
fn marker(rest: &str) -> Option<&str> {
    let line = rest.strip_prefix("<<")?.lines().next()?;
    let marker = line.strip_prefix('-').unwrap_or(line);
    (rest.contains('\n') && !marker.starts_with(|c: char| c.is_ascii_digit()))
        .then(|| resync::opened(rest.lines().next()?))
        .flatten()
        .filter(|name| name == marker)?;
    Some(marker)
}

/// The heredocs without lines, from `<<` to the end of their delimiter.
pub(in super::super) fn empty_heredocs(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if !text.contains("<<") {
        return found;
    }
    let mut before: Option<Token> = None;
    for token in Scan::code(text, 0..text.len()) {
        if let (Kind::Close('<'), Some(Token { kind: Kind::Open('<'), at })) = (token.kind, &before) {
            found.push(at.start..token.at.end);
        }
        before = Some(token);
    }
    found
}
