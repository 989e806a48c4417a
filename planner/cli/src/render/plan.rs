//! A plan as a person reads it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use cplan_engine::{Change, DeferReason, Deferred, DriftEntry, OutputChange, Plan, PlanMode, Registry, Summary};
use cplan_model::{Action, Value};
use cplan_store::RecordKey;

use super::change::change;
use super::drift;
use super::reason::{meaning, symbol};
use super::sensitive::schema_of;
use super::style::{Style, Tone};
use super::value::{SENSITIVE, block, inline};

/// What a plan shows.
pub(crate) struct PlanView<'a> {
    /// Every instance.
    pub(crate) changes: &'a [Change],
    /// What moved behind our back.
    pub(crate) drift: &'a [DriftEntry],
    /// Root outputs.
    pub(crate) outputs: &'a [OutputChange],
    /// The counts.
    pub(crate) summary: Summary,
    /// Whether there is nothing to do.
    pub(crate) empty: bool,
    /// What waits for an apply.
    pub(crate) deferred: &'a [Deferred],
    /// Show all that moved, also where it bears on no change.
    pub(crate) all_drift: bool,
    /// Old and new addresses that no change tells.
    pub(crate) moves: Vec<(&'a RecordKey, &'a RecordKey)>,
    /// For the schemas.
    pub(crate) registry: &'a Registry,
}

impl<'a> PlanView<'a> {
    /// The view of a plan.
    pub(crate) fn new(plan: &'a Plan, registry: &'a Registry) -> Self {
        PlanView {
            changes: &plan.changes,
            drift: &plan.drift,
            outputs: &plan.outputs,
            summary: plan.summary(),
            empty: plan.is_empty(),
            deferred: &plan.deferred,
            all_drift: plan.mode == PlanMode::RefreshOnly,
            moves: if plan.mode == PlanMode::RefreshOnly { plan.moves() } else { Vec::new() },
            registry,
        }
    }
}

impl PlanView<'_> {
    /// With all that moved, where that is asked for.
    pub(crate) fn with_drift(self, all: bool) -> Self {
        PlanView { all_drift: self.all_drift || all, ..self }
    }
}

/// The whole text.
pub(crate) fn plan(view: PlanView<'_>, style: Style) -> String {
    let mut out = String::new();
    out.push_str(&drift_note(&view, style));
    out.push_str(&moved(&view.moves, style));
    if view.empty && view.deferred.is_empty() {
        out.push_str(&left_alone(view.changes, style));
        let _ =
            writeln!(out, "{} Your infrastructure matches the configuration.", style.bold(Tone::Good, "No changes."));
        return out;
    }
    let shown: Vec<&Change> = view.changes.iter().filter(|c| c.action != Action::NoOp || stands_elsewhere(c)).collect();
    if shown.iter().any(|c| c.action != Action::NoOp) {
        out.push_str("cplan will do this:\n");
        out.push_str(&legend(&shown, style));
        out.push('\n');
    }
    for one in shown {
        change(&mut out, one, schema_of(view.registry, &one.address), style);
    }
    out.push_str(&left_alone(view.changes, style));
    out.push_str(&put_off(view.deferred, style));
    let outputs = output_lines(view.outputs, style);
    if !outputs.is_empty() {
        let _ = writeln!(out, "Changes to outputs:\n{outputs}");
    }
    out + &summary(view.summary, style)
}

/// Whether it is under another address now, or is taken in.
fn stands_elsewhere(change: &Change) -> bool {
    change.moved_from.is_some() || change.importing.is_some()
}

/// What the signs mean, of those that are used.
fn legend(shown: &[&Change], style: Style) -> String {
    let mut out = String::new();
    let order = [Action::Create, Action::Update, Action::Replace, Action::Delete, Action::Forget, Action::Read];
    for action in order {
        for create_first in [false, true] {
            let one = shown.iter().find(|c| c.action == action && c.create_first == create_first);
            if let Some(one) = one.filter(|_| action == Action::Replace || !create_first) {
                let (sign, tone) = symbol(one);
                let _ = writeln!(out, "{} {}", style.paint(tone, sign), meaning(one));
            }
        }
    }
    out
}

/// What differs from the configuration and is left as it is, because the configuration says so.
fn left_alone(changes: &[Change], style: Style) -> String {
    let left: Vec<&Change> = changes.iter().filter(|c| !c.ignored.is_empty()).collect();
    if left.is_empty() {
        return String::new();
    }
    let heading = style.paint(Tone::Strong, "Left as it is, because ignore_changes says so:");
    let mut out = format!("{heading}\n");
    for one in left {
        let paths: Vec<String> = one.ignored.iter().map(ToString::to_string).collect();
        let _ = writeln!(out, "  {}: {}", one.address, paths.join(", "));
    }
    out + "\n"
}

/// What cannot be planned yet, and what it waits for.
fn put_off(deferred: &[Deferred], style: Style) -> String {
    if deferred.is_empty() {
        return String::new();
    }
    let heading = style.paint(Tone::Strong, "Put off, because it cannot be planned before this is applied:");
    let mut out = format!("{heading}\n");
    for one in deferred {
        let waits: Vec<String> = one.waits_for.iter().map(ToString::to_string).collect();
        let why = match one.reason {
            DeferReason::InstancesUnknown => "how many there will be is not known",
            DeferReason::Prerequisite => "what it depends on is put off",
        };
        let waits = if waits.is_empty() { String::new() } else { format!("; waits for {}", waits.join(", ")) };
        let _ = writeln!(out, "  {}: {why}{waits}", one.address);
    }
    out + "Another plan after this apply has it; `cplan apply -converge` goes on by itself.\n\n"
}

/// `Plan: 3 to add, 1 to change, 0 to destroy.`
pub(crate) fn summary(summary: Summary, style: Style) -> String {
    let Summary { create, update, delete, import, forget } = summary;
    let plan = style.paint(Tone::Strong, "Plan:");
    let taken_in = if import > 0 { format!("{import} to import, ") } else { String::new() };
    let forgotten = if forget > 0 { format!(", {forget} to forget") } else { String::new() };
    format!("{plan} {taken_in}{create} to add, {update} to change, {delete} to destroy{forgotten}.\n")
}

/// What moved behind our back and has to do with a change below. What could not be looked at says so there.
fn drift_note(view: &PlanView<'_>, style: Style) -> String {
    let changed: BTreeMap<_, _> = if view.drift.is_empty() {
        BTreeMap::new()
    } else {
        view.changes.iter().rev().map(|c| (&c.address, c.action)).collect()
    };
    let acted = |entry: &&DriftEntry| {
        let action = changed.get(&entry.address);
        entry.counts() && (view.all_drift || action.is_some_and(|action| *action != Action::NoOp))
    };
    let entries: Vec<&DriftEntry> = view.drift.iter().filter(acted).collect();
    if entries.is_empty() {
        return String::new();
    }
    let heading = style.paint(Tone::Strong, "Note: objects changed since the last apply, not by cplan");
    let body: String = entries.iter().map(|e| drift::entry(e, style)).collect();
    format!("{heading} (state -> world):\n\n{body}\n")
}

/// What a plan that changes nothing finds under another address.
fn moved(moves: &[(&RecordKey, &RecordKey)], style: Style) -> String {
    let mut out = String::new();
    for (from, to) in moves {
        let line = format!("# {} has moved to {}", from.address, to.address);
        let _ = writeln!(out, "  {}", style.paint(Tone::Strong, &line));
    }
    if out.is_empty() { out } else { out + "\n" }
}

/// The outputs that change.
fn output_lines(outputs: &[OutputChange], style: Style) -> String {
    let changed: Vec<&OutputChange> = outputs.iter().filter(|o| !o.is_no_op()).collect();
    let longest = changed.iter().map(|o| o.name.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for output in changed {
        let after = output.after.as_ref().filter(|v| !v.is_null());
        let (sign, tone) = match (&output.before, after) {
            (None, _) => ("+", Tone::Good),
            (_, None) => ("-", Tone::Bad),
            _ => ("~", Tone::Change),
        };
        let scalar = |v: &Value| v.as_map().is_none() && v.as_slice().is_none();
        let what = match (&output.before, after) {
            _ if output.is_hidden() => SENSITIVE.to_owned(),
            (Some(old), Some(new)) if scalar(old) => format!("{} -> {}", inline(old), block(new, 4, "", false)),
            (_, Some(new)) => block(new, 4, "", false),
            (Some(old), None) => inline(old),
            (None, None) => continue,
        };
        let _ = writeln!(out, "  {} {:<longest$} = {what}", style.paint(tone, sign), output.name);
    }
    out
}

#[cfg(test)]
mod tests;
