//! How much the lists say of each function: at least three values and two errors.

use std::collections::BTreeMap;

use super::{FUNCTIONS, called, lists, tree};

/// For each function how many expressions call it.
fn counts(expressions: &[String]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for expression in expressions {
        let mut names = tree(expression).map(|tree| called(&tree)).unwrap_or_default();
        names.sort();
        names.dedup();
        for name in names {
            *counts.entry(name).or_default() += 1;
        }
    }
    counts
}

#[test]
fn the_table_is_complete() {
    assert_eq!(FUNCTIONS.split_whitespace().count(), 118);
}

#[test]
fn every_function_has_three_values_and_two_errors() {
    let (values, errors) = (counts(&lists(false)), counts(&lists(true)));
    let mut few = Vec::new();
    for name in FUNCTIONS.split_whitespace() {
        let [values, errors] = [&values, &errors].map(|counts| counts.get(name).copied().unwrap_or_default());
        if values < 3 || errors < 2 {
            few.push(format!("{name}: {values} values, {errors} errors"));
        }
    }
    assert!(few.is_empty(), "{} functions with too few expressions:\n{}", few.len(), few.join("\n"));
}

#[test]
fn calls_are_found_wherever_they_stand() {
    let text = r#"upper("${lower(x)}%{ if can(y) }%{ endif }")[keys(m)[0]] == [for a in sort(b) : title(a)]"#;
    let mut names = called(&tree(text).unwrap());
    names.sort();
    assert_eq!(names, ["can", "keys", "lower", "sort", "title", "upper"]);
}
