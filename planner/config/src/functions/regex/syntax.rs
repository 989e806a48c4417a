//! RE2's syntax, checked as Go checks it and written as the `regex` crate reads it. They differ in what is ASCII (`\d`,
//! `\s`, `\w`, `\b`), in braces that count nothing, in `\Q…\E`, in sets within classes, in names of groups, in stacked
//! repetitions and in flags.

use super::class::class;
use super::escape::{escape, perl_class, unicode_class};
use super::repeat::{MOST_REPEATS, counts, repeat};

/// Why a pattern cannot be read, in Go's words, and the part of it that is meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) code: &'static str,
    pub(super) at: String,
}

pub(super) type Syntax<T> = Result<T, SyntaxError>;

/// The error of a code at a part of the pattern.
pub(super) fn wrong<T>(code: &'static str, at: &str) -> Syntax<T> {
    Err(SyntaxError { code, at: at.to_owned() })
}

/// A pattern for the `regex` crate.
#[derive(Debug)]
pub(super) struct Translated {
    pub(super) text: String,
    /// The capture groups in order, with their names.
    pub(super) groups: Vec<Option<String>>,
}

/// What stands one after the other: something that can be repeated, or a change of flags.
pub(super) struct Piece {
    pub(super) text: String,
    /// How often its innermost part is repeated at most; zero for flags.
    pub(super) weight: u64,
    /// Something that can be repeated.
    pub(super) atom: bool,
}

/// An open group.
pub(super) struct Group {
    opening: String,
    /// Its alternatives before the last.
    before: Vec<Piece>,
    pub(super) pieces: Vec<Piece>,
}

/// Reads a whole pattern.
pub(super) fn translate(pattern: &str) -> Syntax<Translated> {
    let mut open = vec![group("")];
    let mut groups = Vec::new();
    let mut rest = pattern;
    let mut repeated: Option<&str> = None;
    while let Some(first) = rest.chars().next() {
        let here = rest;
        let mut repeats = None;
        match first {
            '(' if rest.starts_with("(?") => rest = special(rest, &mut open, &mut groups)?,
            '(' => {
                groups.push(None);
                open.push(group("("));
                rest = &rest[1..];
            }
            '|' => {
                let last = last(&mut open);
                last.before.append(&mut last.pieces);
                last.before.push(Piece { text: "|".into(), weight: 0, atom: false });
                rest = &rest[1..];
            }
            ')' => {
                let Some(closed) = open.pop().filter(|_| !open.is_empty()) else {
                    return wrong("unexpected )", pattern);
                };
                let piece = close(closed);
                last(&mut open).pieces.push(piece);
                rest = &rest[1..];
            }
            '*' | '+' | '?' => {
                rest = repeat(&mut open, here, &here[..1], &here[1..], repeated, 1)?;
                repeats = Some(here);
            }
            '{' => match counts(rest) {
                None => {
                    push(&mut open, r"\{".into());
                    rest = &rest[1..];
                }
                Some((least, most, after)) => {
                    let text = &here[..here.len() - after.len()];
                    if least > MOST_REPEATS || most.is_some_and(|most| most > MOST_REPEATS || least > most) {
                        return wrong("invalid repeat count", text);
                    }
                    rest = repeat(&mut open, here, text, after, repeated, most.unwrap_or(least))?;
                    repeats = Some(here);
                }
            },
            '[' => {
                let (text, after) = class(rest)?;
                push(&mut open, text);
                rest = after;
            }
            '\\' => rest = backslash(rest, &mut open)?,
            '^' | '$' | '.' => {
                push(&mut open, first.into());
                rest = &rest[1..];
            }
            c => {
                push(&mut open, literal(c));
                rest = &rest[c.len_utf8()..];
            }
        }
        if open.len() > super::NESTING as usize {
            return wrong("expression nests too deeply", pattern);
        }
        repeated = repeats;
    }
    match (open.pop(), open.is_empty()) {
        (Some(whole), true) => Ok(Translated { text: close(whole).text, groups }),
        _ => wrong("missing closing )", pattern),
    }
}

fn group(opening: &str) -> Group {
    Group { opening: opening.to_owned(), before: vec![], pieces: vec![] }
}

/// The group that is being read.
pub(super) fn last(open: &mut [Group]) -> &mut Group {
    // There is always the one that stands for the whole pattern.
    let end = open.len() - 1;
    &mut open[end]
}

fn push(open: &mut [Group], text: String) {
    last(open).pieces.push(Piece { text, weight: 1, atom: true });
}

fn close(group: Group) -> Piece {
    let pieces = || group.before.iter().chain(&group.pieces);
    let inner: String = pieces().map(|piece| piece.text.as_str()).collect();
    let end = if group.opening.is_empty() { "" } else { ")" };
    let weight = pieces().map(|piece| piece.weight).max().unwrap_or(0).max(1);
    Piece { text: format!("{}{inner}{end}", group.opening), weight, atom: true }
}

/// A character that means itself.
pub(super) fn literal(c: char) -> String {
    regex::escape(c.encode_utf8(&mut [0; 4]))
}

/// `\` and what follows it.
fn backslash<'a>(rest: &'a str, open: &mut [Group]) -> Syntax<&'a str> {
    let (text, after) = match rest.as_bytes().get(1) {
        Some(b'A') => (r"\A".into(), &rest[2..]),
        Some(b'z') => (r"\z".into(), &rest[2..]),
        Some(b'b') => (r"(?-u:\b)".into(), &rest[2..]),
        Some(b'B') => (r"(?-u:\B)".into(), &rest[2..]),
        Some(b'C') => return wrong("invalid escape sequence", &rest[..2]),
        Some(b'Q') => {
            let (text, after) = rest[2..].split_once(r"\E").unwrap_or((&rest[2..], ""));
            text.chars().for_each(|c| push(open, literal(c)));
            return Ok(after);
        }
        _ => match (unicode_class(rest)?, perl_class(rest)) {
            (Some(found), _) => found,
            (None, Some((inside, after))) => (format!("[{inside}]"), after),
            (None, None) => {
                let (code, after) = escape(rest)?;
                // No text holds half of a surrogate pair.
                (char::from_u32(code).map_or_else(|| r"[^\x{0}-\x{10FFFF}]".into(), literal), after)
            }
        },
    };
    push(open, text);
    Ok(after)
}

/// A group that begins with `(?`: named, without capture, or flags only.
fn special<'a>(rest: &'a str, open: &mut Vec<Group>, groups: &mut Vec<Option<String>>) -> Syntax<&'a str> {
    let named = if rest.len() > 4 && rest.starts_with("(?P<") {
        Some(4)
    } else {
        (rest.len() > 3 && rest.starts_with("(?<")).then_some(3)
    };
    if let Some(start) = named {
        let Some(end) = rest.find('>') else { return wrong("invalid named capture", rest) };
        let name = rest.get(start..end).unwrap_or("");
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return wrong("invalid named capture", &rest[..=end]);
        }
        groups.push(Some(name.to_owned()));
        open.push(group("("));
        return Ok(&rest[end + 1..]);
    }
    let (mut negated, mut seen) = (false, false);
    for (i, c) in rest.char_indices().skip(2) {
        let until = &rest[..i + c.len_utf8()];
        match c {
            'i' | 'm' | 's' | 'U' => seen = true,
            '-' if !negated => (negated, seen) = (true, false),
            ':' if seen || !negated => {
                open.push(group(until));
                return Ok(&rest[i + 1..]);
            }
            ')' if seen || !negated => {
                // Without flags it means nothing, and the crate has no spelling for it.
                let text = if until == "(?)" { "" } else { until };
                last(open).pieces.push(Piece { text: text.to_owned(), weight: 0, atom: false });
                return Ok(&rest[i + 1..]);
            }
            _ => return wrong("invalid or unsupported Perl syntax", until),
        }
    }
    wrong("invalid or unsupported Perl syntax", rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(pattern: &str) -> String {
        translate(pattern).map_or_else(|e| format!("{}: {}", e.code, e.at), |t| t.text)
    }

    #[test]
    fn patterns_become_those_of_the_crate() {
        assert_eq!(code(r"a{,2}\d[^\s-]"), r"a\{,2\}[0-9][^\t\n\x0C\r\x20\x{2d}]");
        assert_eq!(code(r"\Qa.b\E+"), r"a\.(?:b)+");
        assert_eq!(code("(?P<1>x)(?i:y)(?i)*"), "(x)(?:(?i:y))*(?i)");
        assert_eq!(translate("(?P<1>x)(y)").unwrap().groups, [Some("1".to_owned()), None]);
    }

    #[test]
    fn errors_are_those_of_go() {
        assert_eq!(code("a**"), "invalid nested repetition operator: **");
        assert_eq!(code("*"), "missing argument to repetition operator: *");
        assert_eq!(code("(a"), "missing closing ): (a");
        assert_eq!(code("a)"), "unexpected ): a)");
        assert_eq!(code("(?x)"), "invalid or unsupported Perl syntax: (?x");
        assert_eq!(code("(?P<a-b>x)"), "invalid named capture: (?P<a-b>");
        assert_eq!(code("(a{500}){3}"), "invalid repeat count: {3}");
        assert_eq!(code("[z-a]"), "invalid character class range: z-a");
        assert_eq!(code(r"\1"), r"invalid escape sequence: \1");
    }
}
