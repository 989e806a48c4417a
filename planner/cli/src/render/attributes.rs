//! Attributes that move: before, after, and what forces a replacement.

use std::fmt::Write as _;

use cplan_model::{AttrChange, AttrPath, Step, Value};
use similar::{ChangeTag, TextDiff};

use super::style::{Style, Tone};
use super::value::{SENSITIVE, UNKNOWN, bare, block, inline, visible};

/// `~ memory = "512MiB" -> "1GiB"` for attributes, `~ rules["edge0"].delay: 7.5ms -> 45ms` for what lies deeper.
pub(crate) fn attribute_lines(
    changes: &[AttrChange],
    before: Option<&Value>,
    after: Option<&Value>,
    indent: usize,
    style: Style,
) -> String {
    let top = |c: &&AttrChange| c.path.0.len() <= 1;
    let longest = changes.iter().filter(top).map(|c| c.path.to_string().chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for change in changes {
        let (sign, tone) = match (&change.before, &change.after) {
            (None, _) => ("+", Tone::Good),
            (_, None) => ("-", Tone::Bad),
            _ => ("~", Tone::Change),
        };
        let name = if top(&change) {
            format!("{:<longest$} = ", change.path.to_string())
        } else {
            format!("{}: ", keyed(&change.path, before, after))
        };
        let forces = if change.forces_replace {
            format!(" {}", style.paint(Tone::Bad, "# forces replacement"))
        } else {
            String::new()
        };
        let what = moves(change, indent + 2, style);
        let _ = writeln!(out, "{}{} {name}{what}{forces}", " ".repeat(indent), style.paint(tone, sign));
    }
    out
}

fn moves(change: &AttrChange, indent: usize, style: Style) -> String {
    let deep = change.path.0.len() > 1;
    let arrow = style.paint(Tone::Change, "->");
    let text = |value: &Value| match deep {
        true => bare(value),
        false => inline(value),
    };
    match (&change.before, &change.after) {
        _ if change.sensitive && change.after.as_ref().is_some_and(|v| !v.is_known()) => {
            format!("{SENSITIVE} {arrow} {UNKNOWN}")
        }
        _ if hidden_leaf(change) => SENSITIVE.to_owned(),
        (Some(old), Some(new)) if !new.is_known() && !is_short(old) => UNKNOWN.to_owned(),
        (Some(old), Some(new)) => match (old.as_str(), new.as_str()) {
            (Some(o), Some(n)) if o.contains('\n') || n.contains('\n') => text_diff(o, n, indent, style),
            _ => {
                let (o, n, retyped) = (text(old), text(new), old.ty() != new.ty());
                match (old.ty().friendly(), new.ty().friendly()) {
                    _ if o != n || !retyped => format!("{o} {arrow} {n}"),
                    (from, to) if from != to => format!("{o} {} {from} {arrow} {to}", style.paint(Tone::Faint, "#")),
                    _ => format!("{o} {}", style.paint(Tone::Faint, "# of another type")),
                }
            }
        },
        (None, Some(new)) => added(new, text(new), indent),
        (Some(old), None) => text(old),
        (None, None) => String::new(),
    }
}

/// Whether it reads well on one line.
pub(crate) fn is_short(value: &Value) -> bool {
    value.as_map().is_none() && value.as_slice().is_none() && !value.as_str().is_some_and(|s| s.contains('\n'))
}

fn hidden_leaf(change: &AttrChange) -> bool {
    let values = || change.before.iter().chain(&change.after);
    // A value that holds a secret somewhere shows the rest of itself.
    let in_part = values().any(|v| v.marks_deep().is_sensitive());
    (change.sensitive && !in_part) || values().any(|v| v.marks().is_sensitive())
}

fn added(new: &Value, line: String, indent: usize) -> String {
    if line.chars().count() > 100 || new.as_str().is_some_and(|s| s.contains('\n')) {
        block(new, indent, "", false)
    } else {
        line
    }
}

/// The lines that differ, with two of context.
fn text_diff(old: &str, new: &str, indent: usize, style: Style) -> String {
    let pad = " ".repeat(indent);
    let mut out = String::from("<<-EOT\n");
    let diff = TextDiff::from_lines(old, new);
    for (i, group) in diff.grouped_ops(2).iter().enumerate() {
        if i > 0 {
            let _ = writeln!(out, "{pad}    {}", style.paint(Tone::Faint, "…"));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let line = visible(change.value().trim_end_matches(['\n', '\r']));
            let line = match change.tag() {
                ChangeTag::Equal => format!("{pad}    {line}"),
                ChangeTag::Delete => format!("{pad}  {} {line}", style.paint(Tone::Bad, "-")),
                ChangeTag::Insert => format!("{pad}  {} {line}", style.paint(Tone::Good, "+")),
            };
            let _ = writeln!(out, "{}", line.trim_end());
        }
    }
    let _ = write!(out, "{pad}EOT");
    out
}

/// The path with positions replaced by the name of the element, where it has one that did not change: `rules["edge0"].delay`.
fn keyed(path: &AttrPath, before: Option<&Value>, after: Option<&Value>) -> String {
    let name = |value: Option<&Value>, at: &AttrPath| {
        let element = value?.at(at)?;
        let found = ["peer", "name", "key"].iter().find_map(|n| element.get(n).and_then(Value::as_str))?;
        Some(found.to_owned())
    };
    let mut at = AttrPath::default();
    let mut shown = AttrPath::default();
    for step in &path.0 {
        at = at.then(step.clone());
        shown = shown.then(match step {
            Step::Index(_) => match (name(before, &at), name(after, &at)) {
                (Some(b), Some(a)) if a != b => step.clone(),
                (Some(n), _) | (None, Some(n)) => Step::Key(n.into()),
                (None, None) => step.clone(),
            },
            other => other.clone(),
        });
    }
    shown.to_string()
}
