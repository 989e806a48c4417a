//! Blanks between the tokens of a line.

use super::token::{Kind, Token};

/// How many blanks stand before each token; before the first none yet. A template's code stands behind what opens it.
pub(super) fn spaces(tokens: &[Token], opening: Option<&Token>) -> Vec<usize> {
    (0..tokens.len())
        .map(|i| {
            let before = i.checked_sub(2).map(|j| &tokens[j]).or(opening);
            usize::from(i > 0 && apart(before, &tokens[i - 1], &tokens[i]))
        })
        .collect()
}

fn apart(before: Option<&Token>, token: &Token, after: &Token) -> bool {
    let (a, b) = (token.text.as_str(), after.text.as_str());
    // The only word that Terraform does not take for a name that is called, indexed or subtracted from.
    let within = b == "[" && a == "in" && before.is_some_and(|t| t.kind == Kind::Ident);
    let brackets = before.is_some();
    match (a, b) {
        (_, "," | "...") | (".", _) | ("::", _) | (_, "::") => false,
        (_, ".") => false,
        (",", _) => true,
        ("{", "}") => false,
        (_, "(") if token.kind == Kind::Ident => false,
        (_, "[") if !within && (matches!(token.kind, Kind::Ident | Kind::Number) || token.bracket() < 0) => false,
        ("-", _) => !unary(before),
        ("!", _) => false,
        ("{", _) | (_, "}") => true,
        ("[" | "(", _) | (_, "]" | ")") => false,
        ("...", _) => brackets,
        _ => true,
    }
}

/// Whether a minus behind this token is a sign. Terraform knows neither what begins a template nor `=>` for such a token.
fn unary(before: Option<&Token>) -> bool {
    match before {
        None => true,
        Some(t) => t.kind == Kind::Symbol && !matches!(t.text.as_str(), ")" | "]" | "}" | "=>" | "..." | "${" | "%{"),
    }
}
