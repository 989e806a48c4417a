//! One instance of a plan: the heading with its reason, and the attributes that move.

use std::fmt::Write as _;
use std::sync::Arc;

use cplan_engine::Change;
use cplan_model::{Action, InstanceAddr, Mode, Schema, Value};

use super::attributes::{attribute_lines, is_short};
use super::reason::{because, headline, symbol};
use super::sensitive::marked_change;
use super::style::{Style, Tone};
use super::value::{inline, pad, quote, write_block, write_quoted};

/// Writes the whole block of a change, ending in an empty line.
pub(crate) fn change(out: &mut String, change: &Change, schema: Option<&Schema>, style: Style) {
    let change = &*marked_change(schema, change);
    let (sign, tone) = symbol(change);
    let headline = format!("# {} {}", change.address, headline(change));
    line(out, 2, &style.paint(Tone::Strong, &headline));
    if let Some(because) = because(change) {
        line(out, 2, &style.paint(Tone::Faint, &format!("# (because {because})")));
    }
    for remark in remarks(change) {
        line(out, 2, &style.paint(Tone::Faint, &format!("# ({remark})")));
    }
    if change.action == Action::NoOp {
        out.push('\n');
        return;
    }
    out.push_str(&style.paint(tone, sign));
    out.push(' ');
    write_block_header(out, &change.address);
    out.push_str(" {\n");
    let start = out.len();
    match change.action {
        Action::Create | Action::Read => members(out, change, schema, style),
        Action::Delete => members_of_deleted(out, change.before.as_ref(), &style.paint(Tone::Bad, "-"), style),
        Action::Forget => members_of_deleted(out, change.before.as_ref(), " ", style),
        Action::Update | Action::Replace | Action::NoOp => attributes(out, change, schema, style),
    }
    if out.len() == start {
        // Nothing to be shown: braces without lines.
        out.truncate(start - 1);
        out.push_str("}\n\n");
    } else {
        out.push_str("    }\n\n");
    }
}

fn line(out: &mut String, indent: usize, text: &str) {
    pad(out, indent);
    out.push_str(text);
    out.push('\n');
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
    let mut out = String::new();
    write_block_header(&mut out, address);
    out
}

fn write_block_header(out: &mut String, address: &InstanceAddr) {
    out.push_str(match address.resource.mode {
        Mode::Managed => "resource ",
        Mode::Data => "data ",
    });
    write_quoted(out, &address.resource.ty);
    out.push(' ');
    write_quoted(out, &address.resource.name);
}

/// All that is set of an object, nested blocks as blocks. What it lies in is named, not spelled out.
fn members(out: &mut String, change: &Change, schema: Option<&Schema>, style: Style) {
    let Some(map) = change.after.as_ref().and_then(Value::as_map) else { return };
    let holder = change.container.as_ref().and(schema).and_then(Schema::container);
    let is_block = |name: &str| schema.is_some_and(|s| s.blocks.contains_key(name));
    let (blocks, plain): (Vec<_>, Vec<_>) = map.iter().filter(|(_, v)| !v.is_null()).partition(|(k, _)| is_block(k));
    let longest = plain.iter().map(|(k, _)| k.chars().count()).max().unwrap_or(0);
    let plus = style.paint(Tone::Good, "+");
    let mark = format!("{plus} ");
    let start = out.len();
    for (name, member) in plain {
        pad(out, 6);
        out.push_str(&mark);
        out.push_str(name);
        pad(out, longest - name.chars().count());
        out.push_str(" = ");
        match change.container.as_ref().filter(|_| holder == Some(name)) {
            Some(container) => out.push_str(&container.to_string()),
            None => write_block(out, member, 8, &mark, false),
        }
        out.push('\n');
    }
    for (name, member) in blocks {
        for item in member.as_slice().unwrap_or(std::slice::from_ref(member)) {
            if out.len() > start {
                out.push('\n');
            }
            let _ = write!(out, "      {mark}{name} ");
            write_block(out, item, 8, &mark, false);
            out.push('\n');
        }
    }
}

/// What tells a reader which object goes: its plain attributes. The rest is counted.
fn members_of_deleted(out: &mut String, value: Option<&Value>, sign: &str, style: Style) {
    let Some(map) = value.and_then(Value::as_map) else { return };
    let set = || map.iter().filter(|(_, v)| !v.is_null());
    let longest = set().filter(|(_, v)| is_short(v)).map(|(k, _)| k.chars().count()).max().unwrap_or(0);
    for (name, member) in set().filter(|(_, v)| is_short(v)) {
        let _ = writeln!(out, "      {sign} {name:<longest$} = {}", inline(member));
    }
    hidden(out, set().filter(|(_, v)| !is_short(v)).count(), "more", style);
}

/// What changes, leaf by leaf, and how much does not.
fn attributes(out: &mut String, change: &Change, schema: Option<&Schema>, style: Style) {
    out.push_str(&attribute_lines(&change.attributes, change.before.as_ref(), change.after.as_ref(), 6, style));
    let touched: Vec<&str> = change.attributes.iter().filter_map(|a| a.path.root()).collect();
    let names = change.after.as_ref().or(change.before.as_ref()).and_then(Value::as_map);
    let same = |(name, v): &(&Arc<str>, &Value)| !v.is_null() && !touched.contains(&&***name);
    let unchanged = names.map_or(0, |m| m.iter().filter(same).count());
    let blocks = |name: &Arc<str>| schema.is_some_and(|s| s.blocks.contains_key(name));
    let unchanged_blocks = names.map_or(0, |m| m.iter().filter(same).filter(|(k, _)| blocks(k)).count());
    hidden(out, unchanged - unchanged_blocks, "unchanged", style);
}

fn hidden(out: &mut String, count: usize, which: &str, style: Style) {
    let text = match count {
        0 => return,
        1 => format!("# (1 {which} attribute hidden)"),
        n => format!("# ({n} {which} attributes hidden)"),
    };
    line(out, 8, &style.paint(Tone::Faint, &text));
}
