//! What the scripts say of packages.

use std::collections::BTreeMap;

use cplan_sdk::{Output, ProviderError};

use super::script::{NOTE, RESULT, WHY};

/// How many lines of apt's output an error shows; the log has all.
const TAIL: usize = 20;

/// A package as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Whether our mark is there.
    pub(super) marked: bool,
    /// The installed version.
    pub(super) version: Option<String>,
}

/// What a transaction did to one package.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) found: Found,
    pub(super) boot_id: String,
    pub(super) problem: Option<Problem>,
    /// What is to be told all the same.
    pub(super) notes: Vec<String>,
}

/// Why a package is not as it was wanted.
#[derive(Clone, Debug, Default)]
pub(super) struct Problem {
    /// No package source has it.
    lacking: bool,
    /// The versions that there are; of a virtual package, those that provide it.
    versions: String,
    is_virtual: bool,
    tail: String,
}

impl Problem {
    pub(super) fn error(&self, name: &str, version: &str) -> ProviderError {
        if self.is_virtual {
            return ProviderError::failed(format!("`{name}` is a virtual package, which others provide"))
                .remedy(format!("Name one of those that provide it: {}.", self.versions));
        }
        if self.lacking && !version.is_empty() && !self.versions.is_empty() {
            return ProviderError::failed(format!("the package `{name}` has no version {version}"))
                .remedy(format!("The package sources of the machine have {}.", self.versions));
        }
        if self.lacking {
            return ProviderError::failed(format!("there is no package `{name}` in the package sources of the machine"))
                .remedy("See that the name is right and that the machine reaches its package sources: `apt-get update` there tells.")
                .details(self.tail.clone());
        }
        let verb = if version.is_empty() { "install or remove" } else { "install this version of" };
        ProviderError::failed(format!("apt could not {verb} the package `{name}`"))
            .remedy("Mend what apt complains of; the run log has its whole output.")
            .details(self.tail.clone())
    }
}

/// The last lines.
pub(super) fn tail(said: &str) -> String {
    let lines: Vec<&str> = said.lines().collect();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}

/// Splits what apt said from the results: `RESULT ID STATE MARKED VERSION|- BOOT_ID [VERSIONS…]`.
pub(super) fn parse(output: &Output) -> (String, BTreeMap<String, Outcome>) {
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let (mut said, mut lines) = (String::new(), Vec::new());
    let mut why: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut notes: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for line in text.lines().chain(errors.lines()) {
        if let Some(result) = line.strip_prefix(RESULT) {
            lines.push(result);
        } else if let Some((id, reason)) = line.strip_prefix(WHY).and_then(|rest| rest.split_once(' ')) {
            why.entry(id).or_default().push(reason);
        } else if let Some((id, note)) = line.strip_prefix(NOTE).and_then(|rest| rest.split_once(' ')) {
            notes.entry(id).or_default().push(note.to_owned());
        } else {
            said.push_str(line);
            said.push('\n');
        }
    }
    let last = tail(&said);
    let outcome = |line: &str| {
        let mut words = line.split_whitespace();
        let (id, state, marked) = (words.next()?, words.next()?, words.next()?);
        let (version, boot_id) = (words.next()?, words.next()?);
        let found = Found { marked: marked == "marked", version: Some(version.to_owned()).filter(|v| v != "-") };
        let versions = words.take(5).collect::<Vec<_>>().join(", ");
        let (lacking, is_virtual) = (state == "lacking", state == "virtual");
        // Of its own reasons where apt told them; otherwise the end of all.
        let tail = why.get(id).map_or_else(|| if lacking { String::new() } else { last.clone() }, |own| own.join("\n"));
        let problem = (state != "ok").then_some(Problem { lacking, versions, is_virtual, tail });
        let notes = notes.get(id).cloned().unwrap_or_default();
        Some((id.to_owned(), Outcome { found, boot_id: boot_id.to_owned(), problem, notes }))
    };
    let outcomes = lines.into_iter().filter_map(outcome).collect();
    (said, outcomes)
}

/// What a probe says: `marked|unmarked STATUS VERSION`.
pub(super) fn found(said: &str, status: i32) -> Result<Found, ProviderError> {
    let words: Vec<&str> = said.split_whitespace().collect();
    let (marked, version) = match words[..] {
        [marked, "installed", version] => (marked, Some(version.to_owned())),
        [marked] | [marked, _] | [marked, _, _] => (marked, None),
        _ => {
            let what = format!("a package's probe ended with status {status} and said `{}`", said.trim());
            return Err(ProviderError::failed(what));
        }
    };
    Ok(Found { marked: marked == "marked", version })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_told_from_what_apt_says() {
        let stdout = "Reading package lists...\ncplan-package a ok marked 1.0 boot\n\
                      cplan-package b lacking unmarked - boot 2.0 1.9\n\
                      cplan-note a it stays\ndone\n";
        let (said, outcomes) = parse(&Output { stdout: stdout.into(), stderr: b"E: no\n".to_vec(), status: 0 });
        assert_eq!(said, "Reading package lists...\ndone\nE: no\n");
        assert_eq!(outcomes["a"].found, Found { marked: true, version: Some("1.0".into()) });
        assert!(outcomes["a"].problem.is_none());
        assert_eq!((outcomes["a"].notes.len(), &*outcomes["a"].notes[0]), (1, "it stays"));
        let error = outcomes["b"].problem.as_ref().unwrap().error("b", "3.0");
        assert_eq!(error.message, "the package `b` has no version 3.0");
        assert!(error.remedy.contains("2.0, 1.9"));
    }

    #[test]
    fn only_installed_is_installed() {
        let version = |said| found(said, 0).unwrap().version;
        assert_eq!(version("marked installed 1.0"), Some("1.0".into()));
        assert_eq!(version("marked config-files 1.0"), None);
        assert_eq!(version("unmarked"), None);
        assert!(found("", 127).is_err());
    }
}
