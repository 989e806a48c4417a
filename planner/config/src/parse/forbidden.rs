//! What hcl-edit takes and Terraform's parser refuses.

use cplan_model::{Diagnostics, SourceId};

use super::MAX_ERRORS;
use super::fault::{self, Fault};
use super::resync;

/// Of a whole file.
pub(super) fn body(text: &str, source: SourceId) -> Diagnostics {
    let mut found = Diagnostics::new();
    if suspicious(text) && fault::of_body(text, 0..text.len()).iter().any(Fault::is_of_the_text) {
        for chunk in resync::chunks(text) {
            let faults = fault::of_body(text, chunk).into_iter().filter(Fault::is_of_the_text);
            found.extend(faults.map(|fault| fault.diagnostic(source)));
            if found.len() >= MAX_ERRORS {
                break;
            }
        }
    }
    found
}

/// Of one expression.
pub(super) fn expression(text: &str) -> Option<Fault> {
    suspicious(text).then(|| fault::of_expression(text))?.into_iter().find(Fault::is_of_the_text)
}

/// Whether a closer look is needed at all: lines with a quote too many, `for` behind a bracket without a name, or numbers
/// with two points.
fn suspicious(text: &str) -> bool {
    let quotes = |line: &str| {
        let bytes = line.as_bytes();
        let quote = |i: &usize| bytes[*i] == b'"' && (*i == 0 || bytes[*i - 1] != b'\\');
        (0..bytes.len()).filter(quote).count() % 2 == 1
    };
    let keyword = |(at, _): (usize, &str)| {
        text[..at].trim_end().ends_with(['{', '['])
            && text[at + 3..].trim_start().starts_with(['=', ':', '.', ',', ']'])
    };
    // Byte by byte: a line may be as long as a file, and hold nothing but points.
    let pointed = |line: &str| {
        let numbered = |at: usize| {
            let after = line[at + 1..].trim_start_matches(|c: char| c.is_ascii_digit());
            after.len() < line.len() - at - 1
                && after.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        let (bytes, mut quoted) = (line.as_bytes(), false);
        (0..bytes.len()).any(|at| {
            quoted ^= bytes[at] == b'"' && (at == 0 || bytes[at - 1] != b'\\');
            bytes[at] == b'.' && !quoted && numbered(at)
        })
    };
    text.match_indices("for").any(keyword) || text.lines().any(|line| quotes(line) || pointed(line))
}

#[cfg(test)]
mod tests {
    use crate::parse;
    use cplan_model::SourceId;

    #[test]
    fn refuses_what_terraform_refuses() {
        for (text, id) in [
            ("\"a\nb\"", "multi-line-string"),
            ("[\"a${1}\nb\"]", "multi-line-string"),
            ("{ for= 1 }", "syntax"),
            ("[for.x]", "syntax"),
            ("1.2.3", "invalid-number"),
        ] {
            assert_eq!(parse::expression(text, SourceId(0)).unwrap_err().id, id, "{text}");
        }
        for text in [
            "\"a${\n1}b\"",
            "<<E\n\"\na\nE",
            "{ a = 1, for = 2 }",
            "{ \"for\" = 1 }",
            "[for x in [] : x]",
            "\"\\\"\"",
            "\"1.2.3\"",
        ] {
            assert!(parse::expression(text, SourceId(0)).is_ok(), "{text}");
        }
    }
}
