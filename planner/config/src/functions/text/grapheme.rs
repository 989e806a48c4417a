//! Grapheme clusters as Terraform counts them: by Unicode 15.0, which has no clusters of several Indic consonants yet.

use unicode_segmentation::UnicodeSegmentation;

/// What readers see as single characters; a conjunct (`क्त`) is one for each consonant.
pub(crate) fn graphemes(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    text.graphemes(true).flat_map(consonants)
}

/// A cluster before each consonant that a later Unicode joins to the one before.
fn consonants(cluster: &str) -> std::vec::IntoIter<&str> {
    let mut parts = Vec::with_capacity(1);
    let (mut rest, mut before) = (cluster, None);
    for (at, c) in cluster.char_indices() {
        if before.is_some_and(|before| !prepends(before)) && is_consonant(c) {
            let (part, after) = rest.split_at(at - (cluster.len() - rest.len()));
            parts.push(part);
            rest = after;
        }
        before = Some(c);
    }
    parts.push(rest);
    parts.into_iter()
}

/// Whether it is one that a virama joins to the consonant before it, and nothing else joins to anything.
fn is_consonant(c: char) -> bool {
    let count = |text: String| text.graphemes(true).count();
    c >= '\u{900}' && count(format!("\u{915}\u{94d}{c}")) == 1 && count(format!("a{c}")) == 2
}

/// Whether it makes one character with whatever follows.
fn prepends(c: char) -> bool {
    format!("{c}a").graphemes(true).count() == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conjuncts_are_several_and_emoji_one() {
        let all = |text| graphemes(text).collect::<Vec<_>>();
        assert_eq!(all("क्षि"), ["क्", "षि"]);
        assert_eq!(all("স্ত্রী"), ["স্", "ত্", "রী"]);
        assert_eq!(all("\u{d4e}\u{d15}"), ["\u{d4e}\u{d15}"]);
        assert_eq!(all("a👨‍👩‍👧e\u{301}"), ["a", "👨‍👩‍👧", "e\u{301}"]);
        assert_eq!(graphemes("क्त").rev().collect::<String>(), "तक्");
    }
}
