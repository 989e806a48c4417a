//! One instance of a plan: the heading with its reason, and the attributes that move.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use cplan_engine::Change;
use cplan_model::{Action, InstanceAddr, Mode, Schema, Value};

use super::attributes::{attribute_lines, is_short};
use super::reason::{because, headline, symbol};
use super::sensitive::marked_change;
use super::style::{Style, Tone};
use super::value::{block, inline, quote};

/// The whole block of a change, ending in an empty line.
pub(crate) fn change(change: &Change, schema: Option<&Schema>, style: Style) -> String {
    let change = &marked_change(schema, change);
    let (sign, tone) = symbol(change);
    let mut out = String::new();
    let headline = format!("# {} {}", change.address, headline(change));
    let _ = writeln!(out, "  {}", style.paint(Tone::Strong, &headline));
    if let Some(because) = because(change) {
        let _ = writeln!(out, "  {}", style.paint(Tone::Faint, &format!("# (because {because})")));
    }
    for remark in remarks(change) {
        let _ = writeln!(out, "  {}", style.paint(Tone::Faint, &format!("# ({remark})")));
    }
    if change.action == Action::NoOp {
        return out + "\n";
    }
    let body = match change.action {
        Action::Create | Action::Read => members(change, schema, style),
        Action::Delete => members_of_deleted(change.before.as_ref(), &style.paint(Tone::Bad, "-"), style),
        Action::Forget => members_of_deleted(change.before.as_ref(), " ", style),
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

/// What else is to be said of it: where it was, what it is taken in from, that it is a leftover.
fn remarks(change: &Change) -> Vec<String> {
    let moved = change.moved_from.as_ref().map(|from| format!("moved from {from}"));
    let imported = change.importing.as_ref().map(|id| format!("imported from {}", quote(id)));
    let deposed = change.deposed.as_ref().map(|key| format!("deposed object {key}"));
    moved.into_iter().chain(imported).chain(deposed).collect()
}

/// `resource "lab_machine" "edge"`
pub(crate) fn block_header(address: &InstanceAddr) -> String {
    let word = match address.resource.mode {
        Mode::Managed => "resource",
        Mode::Data => "data",
    };
    format!("{word} {} {}", quote(&address.resource.ty), quote(&address.resource.name))
}

/// All that is set of an object, nested blocks as blocks. What it lies in is named, not spelled out.
fn members(change: &Change, schema: Option<&Schema>, style: Style) -> String {
    let Some(map) = change.after.as_ref().and_then(Value::as_map) else { return String::new() };
    let container = |name: &str| {
        let holds = schema.and_then(Schema::container).is_some_and(|c| **c == *name);
        change.container.as_ref().filter(|_| holds).map(ToString::to_string)
    };
    let is_block = |name: &str| schema.is_some_and(|s| s.blocks.contains_key(name));
    let shown: BTreeMap<_, _> = map.iter().filter(|(_, v)| !v.is_null()).collect();
    let longest = shown.keys().filter(|k| !is_block(k)).map(|k| k.chars().count()).max().unwrap_or(0);
    let plus = style.paint(Tone::Good, "+");
    let mut out = String::new();
    for (name, member) in shown.iter().filter(|(k, _)| !is_block(k)) {
        let value = container(name).unwrap_or_else(|| block(member, 8, &format!("{plus} "), false));
        let _ = writeln!(out, "      {plus} {name:<longest$} = {value}");
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
fn members_of_deleted(value: Option<&Value>, sign: &str, style: Style) -> String {
    let Some(value) = value else { return String::new() };
    let Some(map) = value.as_map() else { return String::new() };
    let set = || map.iter().filter(|(_, v)| !v.is_null());
    let longest = set().filter(|(_, v)| is_short(v)).map(|(k, _)| k.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for (name, member) in set().filter(|(_, v)| is_short(v)) {
        let _ = writeln!(out, "      {sign} {name:<longest$} = {}", inline(member));
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
