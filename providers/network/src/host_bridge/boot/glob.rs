//! Patterns of names, as in glob(7).

/// Whether a name is one of those that a pattern with `*`, `?` and `[…]` stands for.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let mut pattern = pattern.chars();
    let Some(first) = pattern.next() else { return name.is_empty() };
    let rest = pattern.as_str();
    let mut after = name.chars();
    match first {
        '*' => (0..=name.len()).filter(|at| name.is_char_boundary(*at)).any(|at| fits(rest, &name[at..])),
        '?' => after.next().is_some() && fits(rest, after.as_str()),
        '[' => {
            let Some((set, rest)) = rest.split_once(']') else { return name == format!("[{rest}") };
            after.next().is_some_and(|c| is_in(set, c)) && fits(rest, after.as_str())
        }
        _ => after.next() == Some(first) && fits(rest, after.as_str()),
    }
}

fn is_in(set: &str, c: char) -> bool {
    let (set, wanted) = set.strip_prefix(['!', '^']).map_or((set, true), |set| (set, false));
    let set: Vec<char> = set.chars().collect();
    let range = set.windows(3).any(|w| w[1] == '-' && (w[0]..=w[2]).contains(&c));
    (range || set.contains(&c)) == wanted
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns_stand_for_names() {
        for pattern in ["eth0", "eth*", "*", "e?h0", "eth[0-9]", "[!x]th0", "*0", "e*h*"] {
            assert!(fits(pattern, "eth0"), "{pattern}");
        }
        for pattern in ["eth", "en*", "eth0?", "eth[1-9]", "[!e]th0", "", "[eth0"] {
            assert!(!fits(pattern, "eth0"), "{pattern}");
        }
    }
}
