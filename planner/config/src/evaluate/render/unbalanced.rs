//! What is wrong with the sequences of a template that cannot be read: ends without beginnings, beginnings without
//! ends, words that begin nothing.

use std::ops::Range;

use crate::suggest;

/// What directives begin with.
const KEYWORDS: [&str; 5] = ["if", "else", "endif", "for", "endfor"];

/// The first thing that is wrong with the directives and interpolations as a whole, if it is they: where and what.
pub(super) fn explain(text: &str) -> Option<(Range<usize>, String)> {
    let mut open: Vec<(Range<usize>, &str)> = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find(['$', '%']) {
        let begin = at + found;
        let sign = &text[begin..=begin];
        let rest = &text[begin + 1..];
        if rest.starts_with(sign) && rest[1..].starts_with('{') {
            // Two signs are text.
            at = begin + 3;
            continue;
        }
        if !rest.starts_with('{') {
            at = begin + 1;
            continue;
        }
        let Some(end) = closing(text, begin + 2) else {
            let kind = if sign == "$" { "interpolation" } else { "control" };
            let why = format!(
                "Unclosed template {kind} sequence; There is no closing brace for this {kind} sequence before the end of the file"
            );
            return Some((begin..begin + 2, why));
        };
        at = end;
        if sign == "%" {
            let range = begin..end;
            let inner = text[begin + 2..end].trim_start_matches('~');
            let start = end - inner.trim_start().len();
            let word: &str = inner.trim_start().split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
            if let Some(wrong) = directive(&mut open, range, start..start + word.len(), word) {
                return Some(wrong);
            }
        }
    }
    let (range, word) = open.pop()?;
    let why =
        format!("Unexpected end of template; The {word} directive is missing its corresponding end{word} directive");
    Some((range, why))
}

fn directive<'a>(
    open: &mut Vec<(Range<usize>, &'a str)>,
    range: Range<usize>,
    place: Range<usize>,
    word: &'a str,
) -> Option<(Range<usize>, String)> {
    let inside = open.last().map(|(_, word)| *word);
    let stray = |range| {
        Some((
            range,
            format!("Unexpected {word} directive; The control directives within this template are unbalanced"),
        ))
    };
    match (word, inside) {
        ("if" | "for", _) => open.push((range, word)),
        ("else", Some("if")) => {}
        ("endif", Some("if")) | ("endfor", Some("for")) => {
            open.pop();
        }
        ("else" | "endif" | "endfor", _) => return stray(range),
        _ => {
            let near = suggest(word, KEYWORDS).map(|near| format!(". Did you mean {near:?}?")).unwrap_or_default();
            let why =
                format!("Invalid template control keyword; {word:?} is not a valid template control keyword{near}");
            return Some((place, why));
        }
    }
    None
}

/// Behind the brace that closes what was opened before `from`; braces in strings do not count, but for what those
/// strings interpolate.
fn closing(text: &str, from: usize) -> Option<usize> {
    let mut depth = 1_usize;
    let mut chars = text[from..].char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            '"' => {
                let mut inner = 0_usize;
                let mut before = ' ';
                loop {
                    let (_, c) = chars.next()?;
                    match c {
                        '\\' if inner == 0 => drop(chars.next()?),
                        '{' if inner > 0 || matches!(before, '$' | '%') => inner += 1,
                        '}' if inner > 0 => inner -= 1,
                        '"' if inner == 0 => break,
                        _ => {}
                    }
                    before = c;
                }
            }
            _ => {}
        }
        if depth == 0 {
            return Some(from + at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(text: &str) -> Option<String> {
        explain(text).map(|(_, why)| why)
    }

    #[test]
    fn sequences_are_balanced_or_told() {
        assert_eq!(why("a %{ if x }b%{ else }c%{ endif } ${\"}\"} $${ %%{"), None);
        assert_eq!(explain("%{ if a }x").map(|(range, _)| range), Some(0..9));
        assert!(why("%{ endfor }").unwrap().starts_with("Unexpected endfor directive"));
        assert!(why("%{ for x in y }%{ endif }").unwrap().starts_with("Unexpected endif directive"));
        assert!(why("%{ fo }").unwrap().contains("Did you mean \"for\"?"));
        assert!(why("a ${b").unwrap().starts_with("Unclosed template interpolation"));
    }
}
