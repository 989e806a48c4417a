//! What a probe of a file says.

use cplan_model::Value;
use cplan_sdk::{Observed, ProviderError};

use super::kind::{Kind, digest, parse_mode};
use crate::machine::text;

/// A file or a folder as it is.
struct Found<'a> {
    written: &'a str,
    mode: &'a str,
    /// Number and name.
    owner: [&'a str; 2],
    group: [&'a str; 2],
    /// Of a file: the digest and the size.
    content: Option<[&'a str; 2]>,
}

/// The observed values: what is unchanged keeps the prior's spelling.
pub(super) fn observe(
    prior: &Value,
    stdout: &[u8],
    status: i32,
    private: &[u8],
    boot_id: &str,
) -> Result<Observed, ProviderError> {
    let (line, content) = split_line(stdout);
    let words: Vec<&str> = line.split_whitespace().collect();
    let wants_folder = Kind::of(prior) == Some(Kind::Folder);
    let found = match words[..] {
        ["absent"] => return Ok(Observed::Absent),
        ["dir", written, mode, uid, user, gid, group] if wants_folder => {
            Some(Found { written, mode, owner: [uid, user], group: [gid, group], content: None })
        }
        ["file", written, mode, uid, user, gid, group, digest, size] if !wants_folder => {
            Some(Found { written, mode, owner: [uid, user], group: [gid, group], content: Some([digest, size]) })
        }
        ["other"] | ["dir" | "file", ..] => None,
        _ => {
            let what = format!("a file's probe ended with status {status} and said `{line}`");
            return Err(ProviderError::failed(what));
        }
    };
    let values = match found {
        Some(found) => values(prior, &found, content),
        None => {
            prior.with("sha256", Value::string(if wants_folder { "(not a folder)" } else { "(not a regular file)" }))
        }
    };
    Ok(Observed::Present { values, private: private.to_vec(), boot_id: Some(boot_id.to_owned()) })
}

/// Whether what is there is a folder where a file is wanted, or the other way round.
pub(super) fn is_another_kind(wanted: &Value, stdout: &[u8]) -> bool {
    let (line, _) = split_line(stdout);
    let kind = if Kind::of(wanted) == Some(Kind::Folder) { "dir" } else { "file" };
    let is = line.split(' ').next().unwrap_or_default();
    is != kind && is != "absent"
}

fn values(prior: &Value, found: &Found<'_>, content: &[u8]) -> Value {
    let mut values = prior.clone();
    if parse_mode(text(prior, "mode").unwrap_or_default()) != u32::from_str_radix(found.mode, 8).ok() {
        values = values.with("mode", Value::string(format!("{:0>4}", found.mode)));
    }
    for (name, is) in [("owner", found.owner), ("group", found.group)] {
        if text(prior, name).is_some_and(|wanted| !is.contains(&wanted)) {
            values = values.with(name, Value::string(if is[1] == "UNKNOWN" { is[0] } else { is[1] }));
        }
    }
    if let Some([is, size]) = found.content {
        if text(prior, "content").is_some_and(|c| digest(c.as_bytes()) != is) {
            let shown = match std::str::from_utf8(content) {
                Ok(content) if content.len().to_string() == size => content.to_owned(),
                _ => format!("({size} bytes with sha256 {is})"),
            };
            values = values.with("content", Value::string(shown));
        }
        values = values.with("sha256", Value::string(is));
    }
    if found.written == "-" { values } else { values.with("written", Value::string(found.written)) }
}

fn split_line(bytes: &[u8]) -> (String, &[u8]) {
    let end = bytes.iter().position(|b| *b == b'\n').unwrap_or(bytes.len());
    (String::from_utf8_lossy(&bytes[..end]).into_owned(), bytes.get(end + 1..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(prior: &Value, stdout: &str) -> Option<Value> {
        match observe(prior, stdout.as_bytes(), 0, b"", "b").unwrap() {
            Observed::Present { values, .. } => Some(values),
            _ => None,
        }
    }

    #[test]
    fn unchanged_keeps_the_spelling_and_changed_shows_both() {
        let prior = Value::object([
            ("content", Value::string("a\n")),
            ("mode", Value::string("0644")),
            ("owner", Value::string("0")),
            ("sha256", Value::string(digest(b"a\n"))),
            ("written", Value::string("run")),
        ]);
        let line = |mode: &str, owner: &str, content: &str| {
            format!("file run {mode} {owner} 0 root {} {}\n", digest(content.as_bytes()), content.len())
        };
        assert_eq!(observed(&prior, &line("644", "0 root", "a\n")), Some(prior.clone()));
        let drifted = observed(&prior, &(line("600", "7 lp", "b\nc") + "b\nc")).unwrap();
        assert_eq!((text(&drifted, "content"), text(&drifted, "mode")), (Some("b\nc"), Some("0600")));
        assert_eq!(text(&drifted, "owner"), Some("lp"));
        let large = observed(&prior, "file - 644 0 root 0 root 00ff 99999\n").unwrap();
        assert_eq!(text(&large, "content"), Some("(99999 bytes with sha256 00ff)"));
        assert_eq!(text(&large, "written"), Some("run"));
        assert_eq!(
            text(&observed(&prior, "dir - 755 0 root 0 root\n").unwrap(), "sha256"),
            Some("(not a regular file)")
        );
        assert_eq!(observed(&prior, "absent\n"), None);
    }
}
