//! JSON with the place of everything.

use std::ops::Range;

use cplan_model::{Diagnostic, SourceId, Span};

/// A value and its place.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) span: Range<usize>,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// `null`, `true` or `false`.
    Word(&'static str),
    Number,
    Text(Text),
    Array(Vec<Node>),
    Object(Vec<(Text, Node)>),
}

/// A string: what it says, and where each of its bytes is from.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) text: String,
    /// Between the quotes.
    pub(super) span: Range<usize>,
    /// Per byte of `text` and one more: its place in the file. Empty where nothing is escaped.
    offsets: Vec<usize>,
}

impl Text {
    /// Where a range of the text is in the file.
    pub(super) fn origin(&self, range: Range<usize>) -> Range<usize> {
        let at = |i: usize| self.offsets.get(i).copied().unwrap_or(self.span.start + i).min(self.span.end);
        at(range.start)..at(range.end)
    }

    /// Whether each byte stands for itself in the file.
    pub(super) fn is_plain(&self) -> bool {
        self.offsets.is_empty()
    }
}

/// How deep arrays and objects may nest.
const DEPTH: usize = 100;

/// Reads a text.
pub(super) fn parse(text: &str, source: SourceId) -> Result<Node, Box<Diagnostic>> {
    let mut parser = Parser { text, at: 0, source, depth: 0 };
    parser.space();
    let node = parser.value()?;
    parser.space();
    if parser.at < text.len() {
        let what = "Something stands behind the end of the JSON value.";
        return Err(parser.wrong("Extraneous data after value", what, "Remove it.", parser.at));
    }
    Ok(node)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    source: SourceId,
    depth: usize,
}

type Result<T, E = Box<Diagnostic>> = std::result::Result<T, E>;

impl Parser<'_> {
    fn wrong(&self, summary: &str, what: &str, remedy: &str, at: usize) -> Box<Diagnostic> {
        let end = self.text.get(at..).and_then(|rest| rest.chars().next()).map_or(at, |c| at + c.len_utf8());
        let span = Span::new(self.source, at, end);
        Box::new(Diagnostic::error("invalid-json", summary, what).remedy(remedy).at(span))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Result<Node> {
        let start = self.at;
        let kind = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => Kind::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(c) if c.is_ascii_alphabetic() => self.word()?,
            None => {
                return Err(self.wrong(
                    "Missing value",
                    "The JSON text ends where a value must stand.",
                    "Write a value.",
                    start,
                ));
            }
            Some(_) => {
                let what =
                    "A JSON value begins with a brace, a bracket, a digit, a minus, a double quote, or a keyword.";
                return Err(self.wrong(
                    "Invalid start of value",
                    what,
                    "Write a JSON value; JSON has no comments.",
                    start,
                ));
            }
        };
        Ok(Node { kind, span: start..self.at })
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Kind>) -> Result<Kind> {
        self.depth += 1;
        if self.depth > DEPTH {
            let what = format!("Arrays and objects nest deeper than {DEPTH} levels.");
            let mut error =
                self.wrong("Expression nested too deeply", &what, "Move parts of it to local values.", self.at);
            error.id = "too-deep";
            return Err(error);
        }
        self.at += 1;
        let kind = read(self)?;
        self.depth -= 1;
        Ok(kind)
    }

    /// Whether another member follows; tells of what is there instead of a comma.
    fn follows(&mut self, open: usize, close: u8, first: bool, what: &str) -> Result<bool> {
        self.space();
        match self.peek() {
            Some(c) if c == close => {
                self.at += 1;
                return Ok(false);
            }
            Some(_) if first => return Ok(true),
            Some(b',') => {}
            None => {
                let text = format!("This {what} is never closed.");
                return Err(self.wrong(&format!("Unclosed {what}"), &text, "Write the missing bracket.", open));
            }
            Some(_) => {
                let text = format!("A comma must stand between the members of an {what}.");
                return Err(self.wrong("Missing comma", &text, "Write a comma, or close what is open.", self.at));
            }
        }
        let comma = self.at;
        self.at += 1;
        self.space();
        if self.peek() == Some(close) {
            let text = format!("JSON has no comma behind the last member of an {what}.");
            return Err(self.wrong(&format!("Trailing comma in {what}"), &text, "Remove the comma.", comma));
        }
        Ok(true)
    }

    fn array(&mut self) -> Result<Kind> {
        let (open, mut items) = (self.at - 1, Vec::new());
        while self.follows(open, b']', items.is_empty(), "array")? {
            items.push(self.value()?);
        }
        Ok(Kind::Array(items))
    }

    fn object(&mut self) -> Result<Kind> {
        let (open, mut members) = (self.at - 1, Vec::new());
        while self.follows(open, b'}', members.is_empty(), "object")? {
            if self.peek() != Some(b'"') {
                let what = "The name of a property must be a string.";
                return Err(self.wrong("Invalid object property name", what, "Write it in double quotes.", self.at));
            }
            let name = self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                let what = "A colon must stand between the name of a property and its value.";
                return Err(self.wrong("Missing property value colon", what, "Write `:`.", self.at));
            }
            self.at += 1;
            self.space();
            members.push((name, self.value()?));
        }
        Ok(Kind::Object(members))
    }

    fn word(&mut self) -> Result<Kind> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_alphanumeric()) {
            self.at += 1;
        }
        match ["null", "true", "false"].into_iter().find(|w| *w == &self.text[start..self.at]) {
            Some(word) => Ok(Kind::Word(word)),
            None => {
                let what = format!("`{}` is no JSON keyword.", &self.text[start..self.at]);
                Err(self.wrong("Invalid JSON keyword", &what, "Write texts in double quotes.", start))
            }
        }
    }

    fn number(&mut self) -> Result<Kind> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) {
            self.at += 1;
        }
        let good = serde_json::from_str::<serde_json::Number>(&self.text[start..self.at]).is_ok();
        if good {
            return Ok(Kind::Number);
        }
        Err(self.wrong("Invalid JSON number", "This is no JSON number.", "Write it in decimal digits.", start))
    }

    fn string(&mut self) -> Result<Text> {
        let open = self.at;
        self.at += 1;
        let begin = self.at;
        let (mut text, mut offsets) = (String::new(), Vec::new());
        loop {
            let at = self.at;
            let Some(c) = self.text[at..].chars().next() else {
                let what = "This string is never closed.";
                return Err(self.wrong("Unclosed JSON string", what, "Write the missing double quote.", open));
            };
            self.at += c.len_utf8();
            match c {
                '"' => {
                    if !offsets.is_empty() {
                        offsets.push(at);
                    }
                    return Ok(Text { text, span: begin..at, offsets });
                }
                '\\' => {
                    if offsets.is_empty() {
                        offsets = (begin..at).collect();
                    }
                    let c = self.escape(at)?;
                    text.push(c);
                    offsets.extend(std::iter::repeat_n(at, c.len_utf8()));
                }
                c if c < ' ' => {
                    let what = "A string cannot hold a line end, a tab or another control character as it is.";
                    return Err(self.wrong("Invalid JSON string", what, "Write it as an escape, such as \\n.", at));
                }
                c => {
                    text.push(c);
                    if !offsets.is_empty() {
                        offsets.extend(at..at + c.len_utf8());
                    }
                }
            }
        }
    }

    fn escape(&mut self, at: usize) -> Result<char> {
        let wrong = |p: &Self| {
            let what = "This escape is none of JSON's.";
            p.wrong("Invalid JSON string", what, "Write `\\\\` for a backslash.", at)
        };
        let c = self.peek().ok_or_else(|| wrong(self))?;
        self.at += 1;
        Ok(match c {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = self.unit().ok_or_else(|| wrong(self))?;
                if !(0xd800..0xdc00).contains(&high) {
                    return Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                let before = self.at;
                let low = if self.text[self.at..].starts_with("\\u") {
                    self.at += 2;
                    self.unit()
                } else {
                    None
                };
                match low {
                    Some(low) if (0xdc00..0xe000).contains(&low) => {
                        let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
                    }
                    // Half of a pair stands for nothing.
                    _ => {
                        self.at = before;
                        char::REPLACEMENT_CHARACTER
                    }
                }
            }
            _ => return Err(wrong(self)),
        })
    }

    fn unit(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> (String, u32) {
        let error = parse(text, SourceId(0)).unwrap_err();
        (error.summary, error.primary.unwrap().span.start)
    }

    #[test]
    fn strings_know_where_their_bytes_are_from() {
        let Kind::Text(text) = parse(r#""a\n\u00e9\ud83d\ude00z""#, SourceId(0)).unwrap().kind else { panic!() };
        assert_eq!(text.text, "a\né😀z");
        assert_eq!(text.origin(0..1), 1..2);
        assert_eq!(text.origin(1..2), 2..4);
        let z = text.text.find('z').unwrap();
        assert_eq!(text.origin(z..z + 1), 22..23);
    }

    #[test]
    fn errors_have_a_place() {
        assert_eq!(error("{\"a\": 1,}"), ("Trailing comma in object".into(), 7));
        assert_eq!(error("{\"a\": [1}"), ("Missing comma".into(), 8));
        assert_eq!(error("{\"a\": 01}"), ("Invalid JSON number".into(), 6));
        assert_eq!(error("[\"a\nb\"]"), ("Invalid JSON string".into(), 3));
        assert_eq!(error("{a: 1}"), ("Invalid object property name".into(), 1));
        assert_eq!(error("{} {}"), ("Extraneous data after value".into(), 3));
        assert_eq!(error(&"[".repeat(5000)).0, "Expression nested too deeply");
        for text in ["", "nul", "\"a", "{", "[1 2]", "\"\\x\"", "{\"a\" 1}"] {
            assert!(parse(text, SourceId(0)).is_err(), "{text}");
        }
    }
}
