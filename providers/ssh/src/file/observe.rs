//! What a probe of a file says.

use cplan_model::Value;
use cplan_sdk::{Observed, ProbeOutput, ProviderError};

use super::{parse_mode, split_line};
use crate::machine::text;

/// The observed values: what is unchanged keeps the prior's spelling.
pub(super) fn observe(prior: &Value, output: &ProbeOutput) -> Result<Observed, ProviderError> {
    let (line, content) = split_line(&output.stdout);
    let words: Vec<&str> = line.split_whitespace().collect();
    let values = match words[..] {
        ["absent"] => return Ok(Observed::Absent),
        ["other"] => prior.with("content", Value::string("(not a regular file)")).with("sha256", Value::string("")),
        ["file", digest, mode, size] => {
            let mut values = prior.clone();
            if parse_mode(text(prior, "mode").unwrap_or_default()) != u32::from_str_radix(mode, 8).ok() {
                values = values.with("mode", Value::string(format!("{mode:0>4}")));
            }
            if text(prior, "content").map(|c| crate::machine::sha256(c.as_bytes())).as_deref() != Some(digest) {
                let shown = match std::str::from_utf8(content) {
                    Ok(content) if content.len().to_string() == size => content.to_owned(),
                    _ => format!("({size} bytes with sha256 {digest})"),
                };
                values = values.with("content", Value::string(shown));
            }
            values.with("sha256", Value::string(digest))
        }
        _ => {
            let what = format!("a file's probe ended with status {} and said `{line}`", output.status);
            return Err(ProviderError::failed(what));
        }
    };
    Ok(Observed::Present { values, private: Vec::new(), boot_id: Some(output.boot_id.clone()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::sha256;

    fn observed(prior: &Value, stdout: &str) -> Option<Value> {
        let output = ProbeOutput { stdout: stdout.into(), status: 0, boot_id: "b".into() };
        match observe(prior, &output).unwrap() {
            Observed::Present { values, .. } => Some(values),
            _ => None,
        }
    }

    #[test]
    fn unchanged_keeps_the_spelling_and_changed_shows_both() {
        let prior = Value::object([
            ("content", Value::string("a\n")),
            ("mode", Value::string("0644")),
            ("sha256", Value::string(sha256(b"a\n"))),
        ]);
        assert_eq!(observed(&prior, &format!("file {} 644 2\n", sha256(b"a\n"))), Some(prior.clone()));
        let drifted = observed(&prior, &format!("file {} 600 3\nb\nc", sha256(b"b\nc"))).unwrap();
        assert_eq!((text(&drifted, "content"), text(&drifted, "mode")), (Some("b\nc"), Some("0600")));
        let large = observed(&prior, "file 00ff 644 99999\n").unwrap();
        assert_eq!(text(&large, "content"), Some("(99999 bytes with sha256 00ff)"));
        assert_eq!(observed(&prior, "absent\n"), None);
    }
}
