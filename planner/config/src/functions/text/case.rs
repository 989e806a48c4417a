//! Upper, lower and title case, each character for itself: what would become several characters stays one.

/// Upper case.
pub(super) fn upper(text: &str) -> String {
    text.chars().map(upper_char).collect()
}

/// Lower case, without regard to what stands beside.
pub(super) fn lower(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            // With its dot it would be two characters.
            '\u{130}' => 'i',
            c => single(c, c.to_lowercase()),
        })
        .collect()
}

/// The first letter of every word in title case. A word begins after what is neither letter, digit nor underscore; of the
/// characters beyond ASCII that are neither, only spaces end one.
pub(super) fn title(text: &str) -> String {
    let mut before = ' ';
    text.chars()
        .map(|c| {
            let begins = if before.is_ascii() {
                !before.is_ascii_alphanumeric() && before != '_'
            } else {
                !before.is_alphanumeric() && before.is_whitespace()
            };
            before = c;
            if begins { title_char(c) } else { c }
        })
        .collect()
}

fn upper_char(c: char) -> char {
    match c {
        // The small letters with iota have capitals of one character besides the written-out pair.
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => offset(c, 8),
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => offset(c, 9),
        c => single(c, c.to_uppercase()),
    }
}

fn title_char(c: char) -> char {
    match c {
        // Two letters in one, of which only the first is large: dz with caron, lj, nj, dz.
        '\u{1c4}'..='\u{1c6}' => '\u{1c5}',
        '\u{1c7}'..='\u{1c9}' => '\u{1c8}',
        '\u{1ca}'..='\u{1cc}' => '\u{1cb}',
        '\u{1f1}'..='\u{1f3}' => '\u{1f2}',
        // Georgian has capitals for whole words only.
        '\u{10d0}'..='\u{10fa}' | '\u{10fd}'..='\u{10ff}' => c,
        c => upper_char(c),
    }
}

fn offset(c: char, by: u32) -> char {
    char::from_u32(c as u32 + by).unwrap_or(c)
}

fn single(c: char, mut changed: impl ExactSizeIterator<Item = char>) -> char {
    if changed.len() == 1 { changed.next().unwrap_or(c) } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_stay_single() {
        assert_eq!(upper("aéßﬁᾳŉ"), "AÉßﬁᾼŉ");
        assert_eq!(lower("ÀΣİ"), "àσi");
        assert_eq!(title("o'neil x-y_z ǆa 1st «é»"), "O'Neil X-Y_z ǅa 1st «é»");
    }
}
