//! Format strings: literal text and verbs with their flags.

use super::super::{Failure, quoted_char};

/// One verb.
#[derive(Debug, Default)]
pub(super) struct Verb {
    /// Its letter.
    pub(super) mode: char,
    /// As it is spelled.
    pub(super) raw: String,
    /// Where it stands, in bytes.
    pub(super) offset: usize,
    pub(super) sharp: bool,
    pub(super) zero: bool,
    pub(super) minus: bool,
    pub(super) plus: bool,
    pub(super) space: bool,
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
    /// The argument by position, from 1, if one is named.
    pub(super) argument: Option<usize>,
}

/// Wider fields than this are refused instead of filling the memory.
const MOST: usize = 1_000_000;

/// The verb that begins with the `%` at `offset`, and the offset behind it; `None` for `%%`.
pub(super) fn verb(format: &str, offset: usize) -> Result<(Option<Verb>, usize), Failure> {
    let mut scan = Scan { format, at: offset + 1 };
    if scan.take('%') {
        return Ok((None, scan.at));
    }
    let mut verb = Verb { offset, ..Verb::default() };
    loop {
        match scan.peek() {
            Some('#') => verb.sharp = true,
            Some('0') => verb.zero = true,
            Some('-') => verb.minus = true,
            Some('+') => verb.plus = true,
            Some(' ') => verb.space = true,
            _ => break,
        }
        scan.at += 1;
    }
    verb.width = scan.number()?;
    if scan.take('.') {
        verb.precision = Some(scan.number()?.unwrap_or(0));
    }
    if scan.take('[') {
        if scan.peek() == Some('0') {
            return Err(scan.unexpected());
        }
        verb.argument = scan.number()?;
        if verb.argument.is_none() || !scan.take(']') {
            return Err(scan.unexpected());
        }
    }
    match scan.peek() {
        Some(mode) if mode.is_ascii_alphabetic() => {
            scan.at += 1;
            verb.mode = mode;
            verb.raw = format[offset..scan.at].to_owned();
            Ok((Some(verb), scan.at))
        }
        _ => Err(scan.unexpected()),
    }
}

struct Scan<'a> {
    format: &'a str,
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<char> {
        self.format[self.at..].chars().next()
    }

    fn take(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        self.at += usize::from(found);
        found
    }

    fn number(&mut self) -> Result<Option<usize>, Failure> {
        let digits = self.format[self.at..].bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return Ok(None);
        }
        let text = &self.format[self.at..self.at + digits];
        let number = text.parse().ok().filter(|n| *n <= MOST);
        let number = number.ok_or_else(|| Failure::Call(format!("number too large at offset {}", self.at)))?;
        self.at += digits;
        Ok(Some(number))
    }

    /// What stands here fits nothing.
    fn unexpected(&self) -> Failure {
        Failure::Call(match self.peek() {
            Some(c) => format!("unrecognized format character {} at offset {}", quoted_char(c), self.at),
            None => format!("invalid format string starting at offset {}", self.at),
        })
    }
}
