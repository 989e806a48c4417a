//! Blanks between the tokens of a line.

use super::token::{Kind, Token};

/// How many blanks stand before each token; before the first none yet.
pub(super) fn spaces(tokens: &[Token]) -> Vec<usize> {
    (0..tokens.len())
        .map(|i| {
            let before = i.checked_sub(2).map(|j| &tokens[j]);
            usize::from(i > 0 && apart(before, &tokens[i - 1], &tokens[i]))
        })
        .collect()
}

fn apart(before: Option<&Token>, token: &Token, after: &Token) -> bool {
    let (a, b) = (token.text.as_str(), after.text.as_str());
    let word = |t: &Token| t.kind == Kind::Ident && ["in", "if", "for"].contains(&t.text.as_str());
    let brackets = before.is_some();
    match (a, b) {
        (_, "," | "...") | (".", _) | ("::", _) | (_, "::") => false,
        (_, ".") => false,
        (",", _) => true,
        ("{", "}") => false,
        (_, "(") if token.kind == Kind::Ident && !word(token) => false,
        (_, "[") if !word(token) && (matches!(token.kind, Kind::Ident | Kind::Number) || token.bracket() < 0) => false,
        ("-", _) => !unary(before),
        ("!", _) => false,
        ("{", _) | (_, "}") => true,
        ("[" | "(", _) | (_, "]" | ")") => false,
        ("...", _) => brackets,
        _ => true,
    }
}

/// Whether a minus behind this token is a sign.
fn unary(before: Option<&Token>) -> bool {
    match before {
        None => true,
        Some(t) if t.kind == Kind::Ident => ["in", "if"].contains(&t.text.as_str()),
        Some(t) => t.kind == Kind::Symbol && !matches!(t.text.as_str(), ")" | "]" | "}"),
    }
}
