//! Classes of characters in brackets. Within them RE2 has no sets of sets, so that every bracket means itself.

use super::escape::{escape, perl_class, unicode_class};
use super::syntax::{Syntax, wrong};

/// The classes of POSIX.
const POSIX: &[&str] = &[
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

/// A class, for the `regex` crate, and what follows it.
pub(super) fn class(rest: &str) -> Syntax<(String, &str)> {
    let mut at = &rest[1..];
    let mut out = String::from("[");
    if let Some(after) = at.strip_prefix('^') {
        out.push('^');
        at = after;
    }
    let mut first = true;
    while first || !at.starts_with(']') {
        first = false;
        if at.starts_with("[:")
            && let Some(end) = at[2..].find(":]")
        {
            let (name, after) = (&at[2..2 + end], &at[end + 4..]);
            if !POSIX.contains(&name.strip_prefix('^').unwrap_or(name)) {
                return wrong("invalid character class range", &at[..end + 4]);
            }
            out.push_str(&at[..end + 4]);
            at = after;
            continue;
        }
        if at.starts_with('\\') {
            if let Some((text, after)) = unicode_class(at)? {
                out.push_str(&text);
                at = after;
                continue;
            }
            if let Some((inside, after)) = perl_class(at) {
                out.push_str(&if inside.starts_with('^') { format!("[{inside}]") } else { inside.to_owned() });
                at = after;
                continue;
            }
        }
        let (low, after) = character(at, rest)?;
        let mut high = low;
        let mut end = after;
        if after.len() >= 2 && after.starts_with('-') && !after.starts_with("-]") {
            (high, end) = character(&after[1..], rest)?;
            if high < low {
                return wrong("invalid character class range", &at[..at.len() - end.len()]);
            }
        }
        out.push_str(&range(low, high));
        at = end;
    }
    Ok((out + "]", &at[1..]))
}

fn character<'a>(at: &'a str, whole: &str) -> Syntax<(u32, &'a str)> {
    match at.chars().next() {
        None => wrong("missing closing ]", whole),
        Some('\\') => escape(at),
        Some(c) => Ok((c as u32, &at[c.len_utf8()..])),
    }
}

/// Without the halves of surrogate pairs, which stand in no text and have no spelling.
fn range(low: u32, high: u32) -> String {
    let low = if (0xd800..0xe000).contains(&low) { 0xe000 } else { low };
    let high = if (0xd800..0xe000).contains(&high) { 0xd7ff } else { high };
    match low.cmp(&high) {
        std::cmp::Ordering::Less => format!(r"\x{{{low:x}}}-\x{{{high:x}}}"),
        std::cmp::Ordering::Equal => format!(r"\x{{{low:x}}}"),
        std::cmp::Ordering::Greater => String::new(),
    }
}
