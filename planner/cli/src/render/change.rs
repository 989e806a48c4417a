//! One instance of a plan: the heading with its reason, and the attributes that move.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use cplan_engine::Change;
use cplan_model::{Action, AttrChange, AttrPath, InstanceAddr, Mode, Schema, Step, Value};
use similar::{ChangeTag, TextDiff};

use super::reason::{because, headline, symbol};
use super::sensitive::marked_change;
use super::style::{Style, Tone};
use super::value::{SENSITIVE, UNKNOWN, bare, block, inline, quote, visible};

/// The whole block of a change, ending in an empty line.
pub(crate) fn change(change: &Change, schema: Option<&Schema>, style: Style) -> String {
    let change = &marked_change(schema, change);
    let (sign, tone) = symbol(change.action);
    let mut out = String::new();
    let headline = format!("# {} {}", change.address, headline(change));
    let _ = writeln!(out, "  {}", style.paint(Tone::Strong, &headline));
    if let Some(because) = because(change) {
        let _ = writeln!(out, "  {}", style.paint(Tone::Faint, &format!("# (because {because})")));
    }
    let body = match change.action {
        Action::Create | Action::Read => members(change.after.as_ref(), schema, "+", style),
        Action::Delete => members_of_deleted(change.before.as_ref(), style),
        Action::Update | Action::Replace | Action::NoOp => attributes(change, schema, style),
    };
    let sign = style.paint(tone, sign);
    let header = format!("{sign} {}", block_header(&change.address));
    if body.is_empty() {
        let _ = writeln!(out, "{header} {{}}\n");
    } else {
        let _ = writeln!(out, "{header} {{\n{body}    }}\n");
    }
    out
}

/// `resource "lab_machine" "edge"`
pub(crate) fn block_header(address: &InstanceAddr) -> String {
    let word = match address.resource.mode {
        Mode::Managed => "resource",
        Mode::Data => "data",
    };
    format!("{word} {} {}", quote(&address.resource.ty), quote(&address.resource.name))
}

/// All that is set of an object, nested blocks as blocks.
fn members(value: Option<&Value>, schema: Option<&Schema>, sign: &str, style: Style) -> String {
    let Some(value) = value else { return String::new() };
    let Some(map) = value.as_map() else { return String::new() };
    let is_block = |name: &str| schema.is_some_and(|s| s.blocks.contains_key(name));
    let shown: BTreeMap<_, _> = map.iter().filter(|(_, v)| !v.is_null()).collect();
    let longest = shown.keys().filter(|k| !is_block(k)).map(|k| k.chars().count()).max().unwrap_or(0);
    let plus = style.paint(Tone::Good, sign);
    let mut out = String::new();
    for (name, member) in shown.iter().filter(|(k, _)| !is_block(k)) {
        let _ = writeln!(out, "      {plus} {name:<longest$} = {}", block(member, 8, &format!("{plus} "), false));
    }
    for (name, member) in shown.iter().filter(|(k, _)| is_block(k)) {
        let one = [(*member).clone()];
        for item in member.as_slice().unwrap_or(&one) {
            let separator = if out.is_empty() { "" } else { "\n" };
            let _ = writeln!(out, "{separator}      {plus} {name} {}", block(item, 8, &format!("{plus} "), false));
        }
    }
    out
}

/// What tells a reader which object goes: its plain attributes. The rest is counted.
fn members_of_deleted(value: Option<&Value>, style: Style) -> String {
    let Some(value) = value else { return String::new() };
    let Some(map) = value.as_map() else { return String::new() };
    let set = || map.iter().filter(|(_, v)| !v.is_null());
    let longest = set().filter(|(_, v)| is_short(v)).map(|(k, _)| k.chars().count()).max().unwrap_or(0);
    let minus = style.paint(Tone::Bad, "-");
    let mut out = String::new();
    for (name, member) in set().filter(|(_, v)| is_short(v)) {
        let _ = writeln!(out, "      {minus} {name:<longest$} = {}", inline(member));
    }
    out + &hidden(set().filter(|(_, v)| !is_short(v)).count(), "more", style)
}

/// What changes, leaf by leaf, and how much does not.
fn attributes(change: &Change, schema: Option<&Schema>, style: Style) -> String {
    let mut out = attribute_lines(&change.attributes, change.before.as_ref(), change.after.as_ref(), 6, style);
    let touched: Vec<&str> = change.attributes.iter().filter_map(|a| a.path.root()).collect();
    let names = change.after.as_ref().or(change.before.as_ref()).and_then(Value::as_map);
    let same = |(name, v): &(&Arc<str>, &Value)| !v.is_null() && !touched.contains(&&***name);
    let unchanged = names.map_or(0, |m| m.iter().filter(same).count());
    let blocks = |name: &Arc<str>| schema.is_some_and(|s| s.blocks.contains_key(name));
    let unchanged_blocks = names.map_or(0, |m| m.iter().filter(same).filter(|(k, _)| blocks(k)).count());
    out.push_str(&hidden(unchanged - unchanged_blocks, "unchanged", style));
    out
}

fn hidden(count: usize, which: &str, style: Style) -> String {
    let text = match count {
        0 => return String::new(),
        1 => format!("# (1 {which} attribute hidden)"),
        n => format!("# ({n} {which} attributes hidden)"),
    };
    format!("        {}\n", style.paint(Tone::Faint, &text))
}

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
            _ => format!("{} {arrow} {}", text(old), text(new)),
        },
        (None, Some(new)) => added(new, text(new), indent),
        (Some(old), None) => text(old),
        (None, None) => String::new(),
    }
}

/// Whether it reads well on one line.
fn is_short(value: &Value) -> bool {
    value.as_map().is_none() && value.as_slice().is_none() && !value.as_str().is_some_and(|s| s.contains('\n'))
}

fn hidden_leaf(change: &AttrChange) -> bool {
    let marked = |v: &Option<Value>| v.as_ref().is_some_and(|v| v.marks().is_sensitive());
    change.sensitive || marked(&change.before) || marked(&change.after)
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
