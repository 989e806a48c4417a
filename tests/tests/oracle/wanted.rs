//! The list of wanted differences: `PATTERN | REASON`, one per line. A pattern is the place of a difference, or `PLACE =
//! WHAT TERRAFORM SAYS`; `*` stands for anything.

use super::compare::Difference;

/// Why a difference may be wanted: the reason of an entry begins with one of these words.
const REASONS: [&str; 7] = [
    "masked secret",
    "depth limit",
    "compressed bytes",
    "random value",
    "terraform's bug",
    "more than terraform",
    "better words",
];

/// What the reason of an open difference begins with: nobody wants it, and it is to go.
const OPEN: [&str; 1] = ["to be mended"];

/// An entry of the list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) pattern: String,
    pub(crate) reason: String,
}

impl Wanted {
    pub(crate) fn covers(&self, difference: &Difference) -> bool {
        let place = &difference.place;
        matches(&self.pattern, place) || matches(&self.pattern, &format!("{place} = {}", difference.theirs))
    }
}

/// The entries of the list of wanted differences.
pub(crate) fn parse(text: &str) -> Vec<Wanted> {
    entries(text, &REASONS)
}

/// The entries of the list of open differences, which are known and not wanted.
pub(crate) fn parse_open(text: &str) -> Vec<Wanted> {
    entries(text, &OPEN)
}

fn entries(text: &str, reasons: &[&str]) -> Vec<Wanted> {
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#'));
    lines
        .map(|line| {
            let (pattern, reason) = line.rsplit_once(" | ").unwrap_or_else(|| panic!("no reason: {line}"));
            let wanted = Wanted { pattern: pattern.trim().to_owned(), reason: reason.trim().to_owned() };
            assert!(reasons.iter().any(|r| wanted.reason.starts_with(r)), "not one of {reasons:?}: {line}");
            wanted
        })
        .collect()
}

fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(head) else { return false };
    rest.is_empty() || text.char_indices().map(|(i, _)| i).chain([text.len()]).any(|i| matches(rest, &text[i..]))
}

#[test]
fn a_star_stands_for_anything() {
    assert!(matches("a*c", "abc") && matches("a*", "a") && matches("*c*", "abcd") && matches("a", "a"));
    assert!(!matches("a*c", "abd") && !matches("a", "ab") && !matches("b*", "ab"));
}

#[test]
#[should_panic(expected = "not one of")]
fn a_reason_is_one_of_the_allowed() {
    parse("a | it is hard");
}
