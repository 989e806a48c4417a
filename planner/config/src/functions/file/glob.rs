//! Patterns of file names: `*`, `?`, `[a-z]`, `[^a]`, `{a,b}`, `\` before what stands for itself, and `**` as a whole
//! part of the path for folders however deep.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::functions::path::clean;

/// How many entries of folders are looked at: more are not part of a configuration, such as those of a whole host.
const MAX_ENTRIES: usize = 500_000;

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The pattern cannot be read.
    Malformed,
    /// It takes too many steps.
    Endless,
    /// A link that leads nowhere matches.
    Dangling(String),
}

/// The regular files that match in a folder, as paths from there; the folder's own path begins at `dir`. What cannot be
/// read is not there.
pub(super) fn files(dir: &Path, folder: &str, pattern: &str) -> Result<BTreeSet<String>, Fault> {
    let whole = clean(&format!("{}/{pattern}", if folder.is_empty() { "." } else { folder }));
    let from = clean(folder);
    let parts = split(whole.trim_start_matches('/'), '/');
    let mut found = Found { paths: BTreeSet::new(), left: MAX_ENTRIES };
    let root = if whole.starts_with('/') { "/" } else { "" };
    walk(dir, Path::new(root), &parts, &mut found)?;
    let mut files = BTreeSet::new();
    for path in found.paths {
        let path = clean(&path.to_string_lossy());
        match std::fs::metadata(dir.join(&path)) {
            Ok(meta) if meta.is_file() => files.insert(relative(&from, &path)),
            Ok(_) => false,
            Err(_) => return Err(Fault::Dangling(path)),
        };
    }
    Ok(files)
}

/// What matches, and how many entries may still be looked at.
struct Found {
    paths: BTreeSet<PathBuf>,
    left: usize,
}

/// `to` as seen from `from`.
fn relative(from: &str, to: &str) -> String {
    let parts = |path: &'_ str| path.split('/').filter(|p| *p != ".").map(str::to_owned).collect::<Vec<_>>();
    let (a, b) = (parts(from), parts(to));
    let common = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let up = a[common..].iter().filter(|p| !p.is_empty()).map(|_| "..");
    up.chain(b[common..].iter().map(String::as_str)).collect::<Vec<_>>().join("/")
}

/// Collects what matches the parts of a pattern below a folder.
fn walk(dir: &Path, base: &Path, parts: &[&str], found: &mut Found) -> Result<(), Fault> {
    let plain = parts.iter().take_while(|p| !p.contains(['*', '?', '[', '{', '\\'])).count();
    let base = parts[..plain].iter().fold(base.to_owned(), |base, part| base.join(part));
    if dir.join(&base).symlink_metadata().is_err() {
        return Ok(());
    }
    let Some((part, rest)) = parts[plain..].split_first() else {
        found.paths.insert(base);
        return Ok(());
    };
    let Ok(entries) = std::fs::read_dir(dir.join(&base)) else { return Ok(()) };
    let entries: Vec<_> = entries.flatten().take(found.left + 1).map(|e| base.join(e.file_name())).collect();
    found.left = found.left.checked_sub(entries.len()).ok_or(Fault::Endless)?;
    if *part != "**" {
        return matching(dir, &entries, part, rest, found);
    }
    for entry in &entries {
        if dir.join(entry).is_dir() {
            if !leads_back(&dir.join(entry)) {
                walk(dir, entry, &parts[plain..], found)?;
            }
        } else if rest.is_empty() && dir.join(entry).exists() {
            found.paths.insert(entry.clone());
        }
    }
    match rest.split_first() {
        Some((part, rest)) => matching(dir, &entries, part, rest, found),
        None => Ok(()),
    }
}

/// Whether a folder is a link to one that it stands in, where following it would not end.
fn leads_back(folder: &Path) -> bool {
    folder.is_symlink() && folder.canonicalize().is_ok_and(|to| folder.parent().is_some_and(|p| within(p, &to)))
}

fn within(folder: &Path, outer: &Path) -> bool {
    folder.canonicalize().is_ok_and(|folder| folder.starts_with(outer))
}

fn matching(dir: &Path, entries: &[PathBuf], part: &str, rest: &[&str], found: &mut Found) -> Result<(), Fault> {
    for entry in entries {
        let Some(name) = entry.file_name().and_then(|n| n.to_str()) else { continue };
        if !matches(part, name)? {
            continue;
        }
        if rest.is_empty() {
            found.paths.insert(entry.clone());
        } else {
            walk(dir, entry, rest, found)?;
        }
    }
    Ok(())
}

/// Whether a name matches one part of a pattern.
fn matches(pattern: &str, name: &str) -> Result<bool, Fault> {
    matches_within(pattern, name, &mut 1_000_000)
}

/// The same in so many steps at most: many stars could take longer than anybody waits.
fn matches_within(pattern: &str, name: &str, steps: &mut u32) -> Result<bool, Fault> {
    if pattern.is_empty() || name.is_empty() {
        return Ok(pattern.is_empty() == name.is_empty() || pattern.chars().all(|c| c == '*') && !pattern.is_empty());
    }
    let (mut pattern, mut name) = (pattern, name);
    loop {
        *steps = steps.checked_sub(1).ok_or(Fault::Endless)?;
        let Some(first) = pattern.chars().next() else { return Ok(name.is_empty()) };
        let Some(next) = name.chars().next() else { return Ok(pattern == "*" || pattern == "**") };
        let (after, tail) = (&pattern[first.len_utf8()..], &name[next.len_utf8()..]);
        match first {
            '*' => {
                if after.is_empty() {
                    return Ok(true);
                }
                // What is wrong behind the star shows only where everything before it fits.
                for (at, _) in name.char_indices() {
                    match matches_within(after, &name[at..], steps) {
                        Ok(true) => return Ok(true),
                        Err(Fault::Endless) => return Err(Fault::Endless),
                        _ => {}
                    }
                }
                return Ok(false);
            }
            '?' => (pattern, name) = (after, tail),
            '\\' => {
                let literal = after.chars().next().ok_or(Fault::Malformed)?;
                if literal != next {
                    return Ok(false);
                }
                (pattern, name) = (&after[literal.len_utf8()..], tail);
            }
            '[' => {
                let end = find(after, ']').ok_or(Fault::Malformed)?;
                if !in_class(&after[..end], next)? {
                    return Ok(false);
                }
                (pattern, name) = (&after[end + 1..], tail);
            }
            '{' => {
                let end = find(after, '}').ok_or(Fault::Malformed)?;
                for option in split(&after[..end], ',') {
                    if matches_within(&format!("{option}{}", &after[end + 1..]), name, steps)? {
                        return Ok(true);
                    }
                }
                return Ok(false);
            }
            literal if literal == next => (pattern, name) = (after, tail),
            _ => return Ok(false),
        }
    }
}

/// Whether a character is in a class such as `a-z0` or `^a-z`.
fn in_class(class: &str, wanted: char) -> Result<bool, Fault> {
    let (negated, class) = class.strip_prefix('^').map_or((false, class), |rest| (true, rest));
    if class.is_empty() && !negated {
        return Err(Fault::Malformed);
    }
    let mut chars = class.chars().peekable();
    let mut member = false;
    while chars.peek().is_some() {
        let mut bound = || match chars.next() {
            Some('-') | None => Err(Fault::Malformed),
            Some('\\') => chars.next().ok_or(Fault::Malformed),
            Some(c) => Ok(c),
        };
        let low = bound()?;
        let high = if chars.next_if_eq(&'-').is_some() {
            match chars.next() {
                Some('-') | None => return Err(Fault::Malformed),
                Some('\\') => chars.next().ok_or(Fault::Malformed)?,
                Some(c) => c,
            }
        } else {
            low
        };
        member |= (low..=high).contains(&wanted);
    }
    Ok(member != negated)
}

/// Where a character stands that has no `\` before it.
fn find(text: &str, wanted: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices()
        .find(|(_, c)| {
            let hit = !escaped && *c == wanted;
            escaped = !escaped && *c == '\\';
            hit
        })
        .map(|(at, _)| at)
}

/// The parts between separators that have no `\` before them.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = find(rest, separator) {
        parts.push(&rest[..at]);
        rest = &rest[at + separator.len_utf8()..];
    }
    parts.push(rest);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_names() {
        for (pattern, name) in [
            ("*", ".hidden"),
            ("*.tf", "a.tf"),
            ("a?c", "aéc"),
            ("[a-c]x", "bx"),
            ("[^a-c]x", "dx"),
            ("{a,b*}.txt", "bcd.txt"),
            ("\\*", "*"),
            ("a**b", "axxb"),
        ] {
            assert_eq!(matches(pattern, name), Ok(true), "{pattern} {name}");
        }
        for (pattern, name) in [("*.tf", "a.tfvars"), ("?", ""), ("[a]", "b"), ("{a,b}", "c"), ("A", "a")] {
            assert_eq!(matches(pattern, name), Ok(false), "{pattern} {name}");
        }
        for pattern in ["[", "[]", "{a", "\\", "[-a]", "[a-]"] {
            assert_eq!(matches(pattern, "a"), Err(Fault::Malformed), "{pattern}");
        }
        assert_eq!(matches(&format!("{}b", "*a".repeat(40)), &"a".repeat(250)), Err(Fault::Endless));
    }

    #[test]
    fn links_that_multiply_come_to_an_end() {
        let folder = tempfile::tempdir().unwrap();
        for level in 0..30 {
            let place = folder.path().join(level.to_string());
            std::fs::create_dir(&place).unwrap();
            for name in ["a", "b"] {
                std::os::unix::fs::symlink(format!("../{}", level + 1), place.join(name)).unwrap();
            }
        }
        let mut found = Found { paths: BTreeSet::new(), left: 1_000 };
        assert_eq!(walk(folder.path(), Path::new("0"), &["**", "*.tf"], &mut found), Err(Fault::Endless));
    }
}
