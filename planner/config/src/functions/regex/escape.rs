//! What follows a backslash in a pattern: characters by number or name, classes of characters.

use super::syntax::{Syntax, wrong};

/// One escaped character and what follows. Its number may be that of half a surrogate pair.
pub(super) fn escape(rest: &str) -> Syntax<(u32, &str)> {
    let body = &rest[1..];
    let Some(first) = body.chars().next() else { return wrong("trailing backslash at end of expression", "") };
    let after = &body[first.len_utf8()..];
    let octal = |b: &u8| (b'0'..=b'7').contains(b);
    let fail = |after: &str| wrong("invalid escape sequence", &rest[..rest.len() - after.len()]);
    match first {
        // A digit other than zero alone would be a reference to a group, which RE2 has not.
        '0' => {}
        '1'..='7' if after.as_bytes().first().is_some_and(octal) => {}
        'x' => return hexadecimal(rest, after),
        'a' => return Ok((7, after)),
        'f' => return Ok((12, after)),
        'n' => return Ok((10, after)),
        'r' => return Ok((13, after)),
        't' => return Ok((9, after)),
        'v' => return Ok((11, after)),
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => return Ok((c as u32, after)),
        _ => return fail(after),
    }
    let more = after.bytes().take(2).take_while(octal).count();
    let digits = &body[..1 + more];
    Ok((u32::from_str_radix(digits, 8).unwrap_or(0), &after[more..]))
}

/// `\x7f` and `\x{10ffff}`; `after` follows the `x`.
fn hexadecimal<'a>(rest: &str, after: &'a str) -> Syntax<(u32, &'a str)> {
    let fail = |after: &str| wrong("invalid escape sequence", &rest[..rest.len() - after.len()]);
    let mut chars = after.chars();
    if !after.starts_with('{') {
        let (high, low) = (chars.next(), chars.next());
        let digit = |c: Option<char>| c.and_then(|c| c.to_digit(16));
        return match (digit(high), digit(low)) {
            (Some(high), Some(low)) => Ok((high * 16 + low, chars.as_str())),
            _ => fail(chars.as_str()),
        };
    }
    chars.next();
    let (mut code, mut any) = (0u32, false);
    loop {
        match chars.next() {
            Some('}') if any => return Ok((code, chars.as_str())),
            Some(c) => match c.to_digit(16) {
                Some(digit) if code * 16 + digit <= 0x10_ffff => (code, any) = (code * 16 + digit, true),
                _ => return fail(chars.as_str()),
            },
            None => return fail(""),
        }
    }
}

/// `\d`, `\s`, `\w` and their opposites, ASCII only, as what stands within brackets.
pub(super) fn perl_class(rest: &str) -> Option<(&'static str, &str)> {
    let inside = match rest.as_bytes().get(1)? {
        b'd' => "0-9",
        b'D' => "^0-9",
        b's' => r"\t\n\x0C\r\x20",
        b'S' => r"^\t\n\x0C\r\x20",
        b'w' => "0-9A-Za-z_",
        b'W' => "^0-9A-Za-z_",
        _ => return None,
    };
    Some((inside, &rest[2..]))
}

/// The general categories of Unicode.
const CATEGORIES: &[&str] = &[
    "C", "Cc", "Cf", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl", "No", "P",
    "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs",
];

/// `\pL`, `\p{Greek}`, `\P{^L}`: categories and scripts by their own names.
pub(super) fn unicode_class(rest: &str) -> Syntax<Option<(String, &str)>> {
    let mut negated = match rest.as_bytes().get(1) {
        Some(b'p') => false,
        Some(b'P') => true,
        _ => return Ok(None),
    };
    let Some(first) = rest[2..].chars().next() else { return Ok(None) };
    let (spelled, name) = if first == '{' {
        match rest.find('}') {
            Some(end) => (&rest[..=end], &rest[3..end]),
            None => return wrong("invalid character class range", rest),
        }
    } else {
        let end = 2 + first.len_utf8();
        (&rest[..end], &rest[2..end])
    };
    let name = match name.strip_prefix('^') {
        Some(name) => {
            negated = !negated;
            name
        }
        None => name,
    };
    let script = || {
        let proper = name.len() > 1
            && name.split('_').all(|word| word.starts_with(|c: char| c.is_ascii_uppercase()))
            && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
        let spelled = format!("sc={name}");
        (proper && regex::Regex::new(&format!(r"\p{{{spelled}}}")).is_ok()).then_some(spelled)
    };
    let known = if name == "Any" || CATEGORIES.contains(&name) { Some(name.to_owned()) } else { script() };
    let Some(known) = known else { return wrong("invalid character class range", spelled) };
    let letter = if negated { 'P' } else { 'p' };
    // Halves of surrogate pairs stand in no text.
    let text = match (known.as_str(), negated) {
        ("Cs", false) => r"[^\x{0}-\x{10FFFF}]".to_owned(),
        ("Cs", true) => r"[\x{0}-\x{10FFFF}]".to_owned(),
        _ => format!(r"\{letter}{{{known}}}"),
    };
    Ok(Some((text, &rest[spelled.len()..])))
}
