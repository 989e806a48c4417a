//! What moved between the state and the world.

use std::fmt::Write as _;

use cplan_engine::{DriftEntry, DriftKind};

use super::attributes::attribute_lines;
use super::style::{Style, Tone};

/// The whole report.
pub(crate) fn drift(entries: &[DriftEntry], style: Style) -> String {
    let count = entries.iter().filter(|e| e.counts()).count();
    let mut out = String::new();
    if entries.is_empty() {
        let none = style.bold(Tone::Good, "No drift.");
        let _ = writeln!(out, "{none} The world is as the last apply left it.");
        return out;
    }
    if count > 0 {
        out.push_str("What changed since the last apply, not by cplan (state -> world):\n\n");
        out.extend(entries.iter().filter(|e| e.counts()).map(|e| entry(e, style)));
        out.push('\n');
    }
    let unseen: Vec<_> = entries.iter().filter(|e| !e.counts()).collect();
    if !unseen.is_empty() {
        out.push_str("Not looked at, because what holds them does not answer:\n\n");
        out.extend(unseen.iter().map(|e| entry(e, style)));
        out.push('\n');
    }
    let objects = if count == 1 { "object has" } else { "objects have" };
    let _ = match count {
        0 => writeln!(out, "{} in what could be looked at.", style.bold(Tone::Good, "No drift")),
        n => writeln!(
            out,
            "{} {n} {objects} drifted; `cplan apply` puts that right.",
            style.bold(Tone::Change, "Drift:")
        ),
    };
    out
}

/// One object with its attributes.
pub(crate) fn entry(entry: &DriftEntry, style: Style) -> String {
    let address = style.paint(Tone::Strong, &entry.address.to_string());
    let line = |sign: &str, tone: Tone, text: &str| format!("  {} {address} {text}\n", style.paint(tone, sign));
    match &entry.kind {
        DriftKind::Changed(changes) => {
            line("~", Tone::Change, "has changed:") + &attribute_lines(changes, None, None, 6, style)
        }
        DriftKind::Missing => line("-", Tone::Bad, "is gone"),
        DriftKind::LostByRestart => {
            line("-", Tone::Bad, "is gone: its machine restarted, and it lives only while that runs")
        }
        DriftKind::Unreachable(reason) => line("?", Tone::Faint, &format!("could not be read: {reason}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cplan_model::{AttrChange, AttrPath, Value};

    fn machine(kind: DriftKind) -> DriftEntry {
        DriftEntry { address: "lab_machine.edge".parse().unwrap(), kind }
    }

    #[test]
    fn names_attribute_and_both_values() {
        let change = AttrChange {
            path: AttrPath::attr("running"),
            before: Some(Value::bool(true)),
            after: Some(Value::bool(false)),
            sensitive: false,
            forces_replace: false,
        };
        let secret = AttrChange { path: AttrPath::attr("token"), sensitive: true, ..change.clone() };
        let unread = DriftEntry {
            address: "lab_file.motd".parse().unwrap(),
            kind: DriftKind::Unreachable("machine `edge` does not answer".into()),
        };
        let entries = [machine(DriftKind::Changed(vec![change, secret])), unread];
        assert_eq!(
            drift(&entries, Style::plain()),
            "\
What changed since the last apply, not by cplan (state -> world):

  ~ lab_machine.edge has changed:
      ~ running = true -> false
      ~ token   = (sensitive value)

Not looked at, because what holds them does not answer:

  ? lab_file.motd could not be read: machine `edge` does not answer

Drift: 1 object has drifted; `cplan apply` puts that right.
"
        );
    }

    #[test]
    fn says_when_there_is_none() {
        assert_eq!(drift(&[], Style::plain()), "No drift. The world is as the last apply left it.\n");
    }

    #[test]
    fn what_is_gone_is_said_so() {
        let text = drift(&[machine(DriftKind::Missing), machine(DriftKind::LostByRestart)], Style::plain());
        assert!(text.contains("  - lab_machine.edge is gone\n"), "{text}");
        assert!(text.contains("  - lab_machine.edge is gone: its machine restarted"), "{text}");
    }
}
