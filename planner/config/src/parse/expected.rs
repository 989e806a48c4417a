//! What Terraform's parser would have said where hcl-edit stopped: it names what is being written and not the sign that
//! is missing.

use super::unclosed::{self, Open};

/// The summary for an error at an offset of a text, whose chunk begins at `from`; none where nothing better is known.
/// `allowed` are hcl-edit's words for what could stand there.
pub(super) fn summary(text: &str, from: usize, offset: usize, allowed: &str) -> Option<&'static str> {
    let (before, rest) = (text.get(from..offset)?.trim_end(), text.get(offset..)?.trim_start_matches([' ', '\t']));
    let within = unclosed::within(text, from, offset);
    let lexical = !matches!(within, Some((Open::Quote | Open::Heredoc(_), _)));
    if !lexical {
        let escape = before.trim_end_matches(|c: char| c.is_ascii_hexdigit());
        return (escape.ends_with("\\u") || escape.ends_with("\\U")).then_some("Invalid escape sequence");
    }
    match rest.chars().next() {
        Some(';' | '@' | '\'' | '`' | '\\' | '“' | '”' | '‘' | '’') => return Some("Invalid character"),
        Some('&' | '|' | '^' | '~') => return Some("Unsupported operator"),
        _ => {}
    }
    if before.ends_with("<<") || before.ends_with("<<-") {
        return Some("Invalid expression");
    }
    if let Some((Open::Bracket('[' | '{'), start)) = within
        && begins_for(&text[start + 1..])
    {
        return Some("Invalid 'for' expression");
    }
    let after_dot = before.ends_with('.') && !before.ends_with("..");
    if after_dot || rest.starts_with('.') && !rest.starts_with("...") {
        return Some("Invalid attribute name");
    }
    match within {
        Some((Open::Sequence, start)) => sequence(&text[start..], rest, allowed),
        Some((Open::Bracket('['), start)) if follows_value(&text[..start]) => Some("Missing close bracket on index"),
        Some((Open::Bracket('['), _)) => Some(if rest.starts_with([',', ':']) && before.ends_with([',', '[']) {
            "Invalid expression"
        } else {
            "Missing item separator"
        }),
        Some((Open::Bracket('('), start)) => Some(if before.ends_with("...") {
            "Missing closing parenthesis"
        } else if before.ends_with([',', '(']) {
            "Invalid expression"
        } else if follows_value(&text[..start]) {
            "Missing argument separator"
        } else {
            "Unbalanced parentheses"
        }),
        Some((Open::Bracket(_), start)) if is_object(&text[from..start]) => match allowed {
            _ if allowed.contains("`=`") => Some("Missing key/value separator"),
            _ if allowed.contains("`,`") => Some("Missing attribute separator"),
            _ => None,
        },
        // An object may have ended without one.
        _ if allowed.contains("`=` or `:`") => Some("Missing key/value separator"),
        _ if allowed.contains("`{`, `=`") => Some("Argument or block definition required"),
        _ if allowed.contains("`:`") => Some("Missing false expression in conditional"),
        _ if allowed.contains("newline or eof") || allowed.contains("digit") => Some(if rest.starts_with(',') {
            "Unexpected comma after argument"
        } else {
            "Missing newline after argument"
        }),
        _ => None,
    }
}

/// Of an interpolation or a directive that begins so.
fn sequence(text: &str, rest: &str, allowed: &str) -> Option<&'static str> {
    if text.starts_with("${") {
        return allowed.contains("`}`").then_some("Extra characters after interpolation expression");
    }
    let keyword = text[2..].trim_start_matches('~').trim_start();
    match keyword.split(|c: char| !c.is_alphanumeric()).next()? {
        "for" => Some("Invalid 'for' directive"),
        "else" => Some("Unexpected else directive"),
        "if" if allowed.contains("`}`") => Some("Extra characters after interpolation expression"),
        "if" => None,
        _ if rest.starts_with("else") => Some("Unexpected else directive"),
        _ => None,
    }
}

fn begins_for(inner: &str) -> bool {
    let word = inner.trim_start().strip_prefix("for");
    word.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-'))
}

/// Whether a bracket behind this text belongs to the value before it.
fn follows_value(before: &str) -> bool {
    before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ']' | ')' | '}' | '"' | '*'))
}

/// Whether a brace behind this text begins an object and not the body of a block.
pub(super) fn is_object(before: &str) -> bool {
    before.trim_end().ends_with(['=', ',', '(', '[', ':', '?', '{', '>', '|', '&'])
}

#[cfg(test)]
mod tests {
    use cplan_model::SourceId;

    /// As terraform sums up each, which stands in an argument of a block.
    const CASES: &[(&str, &str)] = &[
        ("{ a = 1 b = 2 }", "Missing attribute separator"),
        ("[1 2]", "Missing item separator"),
        ("{ a }", "Missing key/value separator"),
        ("{ a b = 1 }", "Missing key/value separator"),
        ("{ for = 1 }", "Invalid 'for' expression"),
        ("{ for x in [1] : x }", "Invalid 'for' expression"),
        ("[for x in [1] : x => x]", "Invalid 'for' expression"),
        ("[for x in [1]]", "Invalid 'for' expression"),
        ("[for x.y in [1] : 1]", "Invalid 'for' expression"),
        ("[for x in [1] : x...]", "Invalid 'for' expression"),
        ("upper \"a\"", "Missing newline after argument"),
        ("upper(\"a\" \"b\")", "Missing argument separator"),
        ("upper(\"a\",,)", "Invalid expression"),
        ("max(...)", "Invalid expression"),
        ("max([1]..., 2)", "Missing closing parenthesis"),
        ("1 ? 2", "Missing false expression in conditional"),
        ("1 = 2", "Missing newline after argument"),
        ("1,2", "Unexpected comma after argument"),
        ("1e", "Missing newline after argument"),
        ("1]", "Missing newline after argument"),
        ("local.a.", "Invalid attribute name"),
        ("local.a[0, 1]", "Missing close bracket on index"),
        ("1 ^ 2", "Unsupported operator"),
        ("1 @ 2", "Invalid character"),
        ("'a'", "Invalid character"),
        ("<<", "Invalid expression"),
        ("\"\\u12\"", "Invalid escape sequence"),
        ("\"${1 2}\"", "Extra characters after interpolation expression"),
        ("\"%{ for x }a%{ endfor }\"", "Invalid 'for' directive"),
        ("\"%{ if true }a%{ else }b%{ else }c%{ endif }\"", "Unexpected else directive"),
        ("\"%{ for x in [1] }a%{ else }b%{ endfor }\"", "Unexpected else directive"),
        ("\"%{ else }\"", "Unexpected else directive"),
        ("\"%{ endif }\"", "Unexpected endif directive"),
        ("\"%{ if true }a%{ endfor }\"", "Unexpected endfor directive"),
        ("\"%{ foo }\"", "Invalid template control keyword"),
        ("\"%{}\"", "Invalid template directive"),
        ("\"a", "Unterminated template string"),
    ];

    #[test]
    fn what_is_being_written_is_named() {
        for (expression, summary) in CASES {
            let text = format!("output \"o\" {{\n  value = {expression}\n}}\n");
            let (_, diagnostics) = crate::parse::body(&text, SourceId(0));
            let found: Vec<&str> = diagnostics.iter().map(|d| d.summary.as_ref()).collect();
            assert_eq!(found, [*summary], "{expression}");
        }
    }
}
