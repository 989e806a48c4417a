//! The name that was probably meant.

/// The candidate with the fewest edits, if these are at most a third of the name's length (Terraform's and git's usual
/// measure).
pub(super) fn near<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).max(1);
    candidates.into_iter().map(|c| (distance(name, c), c)).filter(|(d, _)| *d <= limit).min().map(|(_, c)| c)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (diagonal + usize::from(x != *y)).min(above + 1).min(row[j] + 1);
            diagonal = above;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn suggests_a_slip_and_nothing_else() {
        assert_eq!(near("edg", ["cloud", "edge"]), Some("edge"));
        assert_eq!(near("endponit", ["edge", "endpoint"]), Some("endpoint"));
        assert_eq!(near("fog", ["cloud", "edge"]), None);
    }
}
