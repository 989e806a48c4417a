//! What a host can and cannot do.

use std::fmt::Write as _;

use super::style::{Style, Tone};
use super::wrap::wrap;

/// How one look turned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It is there.
    Good,
    /// cplan works without, in a lesser way.
    Lesser,
    /// Needed, and missing.
    Bad,
}

/// One look at the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// How it turned out.
    pub(crate) mark: Mark,
    /// What was looked at.
    pub(crate) what: String,
    /// What was found.
    pub(crate) found: String,
    /// The command or sentence that mends it; empty where nothing is to be mended.
    pub(crate) remedy: String,
}

/// All of them, with a verdict.
pub(crate) fn doctor(findings: &[Finding], style: Style, width: Option<usize>) -> String {
    let longest = findings.iter().map(|f| f.what.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for finding in findings {
        let mark = match finding.mark {
            Mark::Good => style.paint(Tone::Good, "ok  "),
            Mark::Lesser => style.paint(Tone::Change, "less"),
            Mark::Bad => style.paint(Tone::Bad, "bad "),
        };
        let indent = longest + 8;
        let mut lines = wrap(&finding.found, width.map(|w| w.saturating_sub(indent).max(20)));
        if !finding.remedy.is_empty() {
            let remedy = format!("= {}", finding.remedy);
            lines.extend(wrap(&remedy, width.map(|w| w.saturating_sub(indent).max(20))));
        }
        for (i, line) in lines.iter().enumerate() {
            let _ = match i {
                0 => writeln!(out, "{mark}  {:<longest$}  {line}", finding.what),
                _ => writeln!(out, "{}{line}", " ".repeat(indent)),
            };
        }
    }
    let bad = findings.iter().filter(|f| f.mark == Mark::Bad).count();
    let verdict = match bad {
        0 => style.bold(Tone::Good, "This host can run labs."),
        1 => style.bold(Tone::Bad, "This host cannot run labs yet: 1 thing is to be mended."),
        n => style.bold(Tone::Bad, &format!("This host cannot run labs yet: {n} things are to be mended.")),
    };
    let _ = writeln!(out, "\n{verdict}");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(mark: Mark, what: &str, found: &str, remedy: &str) -> Finding {
        Finding { mark, what: what.into(), found: found.into(), remedy: remedy.into() }
    }

    #[test]
    fn says_what_is_missing_and_what_mends_it() {
        let findings = [
            finding(Mark::Good, "libvirt", "qemu:///system answers, version 9.0.0", ""),
            finding(Mark::Lesser, "kvm", "machines are emulated", "modprobe kvm_amd"),
            finding(Mark::Bad, "ssh", "the program is missing", "apt-get install -y openssh-client"),
        ];
        assert_eq!(
            doctor(&findings, Style::plain(), None),
            "\
ok    libvirt  qemu:///system answers, version 9.0.0
less  kvm      machines are emulated
               = modprobe kvm_amd
bad   ssh      the program is missing
               = apt-get install -y openssh-client

This host cannot run labs yet: 1 thing is to be mended.
"
        );
    }
}
