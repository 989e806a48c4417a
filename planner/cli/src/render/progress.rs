//! What an apply says while it runs: lines for what starts and ends, and what is still being waited for.
//!
//! The model is a pure function of events and time, so that it can be tested without a clock; [`crate::progress`] feeds
//! it and writes what it says.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use cplan_engine::{Event, StepId};
use cplan_model::{Action, InstanceAddr};

use super::style::{Style, Tone};
use super::wrap::cut;

/// The steps that run now, and since when.
#[derive(Debug)]
pub(crate) struct Progress {
    style: Style,
    verbose: bool,
    live: bool,
    running: BTreeMap<StepId, Running>,
    refreshing: Option<usize>,
}

#[derive(Debug)]
struct Running {
    address: InstanceAddr,
    action: Action,
    since: Duration,
    told: Duration,
    status: String,
}

/// How often a step that goes on is told where there is no terminal to redraw.
const STILL: Duration = Duration::from_secs(10);

impl Progress {
    /// Nothing runs yet. `verbose` tells the output of steps, too; `live` leaves the beginnings to [`Progress::live`].
    pub(crate) fn new(style: Style, verbose: bool, live: bool) -> Self {
        Progress { style, verbose, live, running: BTreeMap::new(), refreshing: None }
    }

    /// Takes an event at a time since the start; gives the lines to say for good.
    pub(crate) fn event(&mut self, event: &Event, now: Duration) -> String {
        let mut out = String::new();
        match event {
            Event::Settling { count } => {
                let _ =
                    writeln!(out, "An earlier run was interrupted; looking for what became of {}.", objects(*count));
            }
            Event::Settled { address, outcome } => {
                let _ = writeln!(out, "{}: {outcome}", self.name(address));
            }
            Event::RefreshStarted { objects } => self.refreshing = Some(objects.len()),
            Event::RefreshFinished => self.refreshing = None,
            Event::StepStarted { step, address, action } => {
                if !self.live {
                    let _ = writeln!(out, "{}: {}...", self.name(address), doing(*action));
                }
                let running =
                    Running { address: address.clone(), action: *action, since: now, told: now, status: String::new() };
                self.running.insert(*step, running);
            }
            Event::StepStatus { step, text, .. } => {
                if let Some(running) = self.running.get_mut(step) {
                    running.status.clone_from(text);
                }
            }
            Event::StepNote { address, text, .. } => {
                let note = self.style.paint(Tone::Change, "Note");
                let _ = writeln!(out, "{}: {note}: {}", self.name(address), super::value::visible(text));
            }
            Event::StepLog { address, text, .. } if self.verbose => {
                let name = self.style.paint(Tone::Faint, &address.to_string());
                for line in text.lines() {
                    let _ = writeln!(out, "{name} | {}", super::value::visible(line));
                }
            }
            Event::StepLog { .. } => {}
            Event::StepFinished { step, address, action } => {
                let after = self.elapsed(*step, now);
                let _ = writeln!(out, "{}: {} after {after}", self.name(address), done(*action));
            }
            Event::StepFailed { step, address, action, error } => {
                let after = self.elapsed(*step, now);
                let failed = self.style.bold(Tone::Bad, &format!("{} failed", noun(*action)));
                let _ = writeln!(out, "{}: {failed} after {after}: {error}", self.name(address));
            }
            Event::StepSkipped { address, because, .. } => {
                let skipped = self.style.paint(Tone::Change, "Skipped");
                let _ = writeln!(out, "{}: {skipped}: {because}", self.name(address));
            }
        }
        out
    }

    /// Without a terminal to redraw: what still goes on, every ten seconds per step.
    pub(crate) fn still(&mut self, now: Duration) -> String {
        let mut out = String::new();
        for running in self.running.values_mut() {
            if now.saturating_sub(running.told) < STILL {
                continue;
            }
            running.told = now;
            let name = self.style.paint(Tone::Strong, &running.address.to_string());
            let elapsed = seconds(now.saturating_sub(running.since));
            let status = if running.status.is_empty() { String::new() } else { format!(", {}", running.status) };
            let status = cut(&status, 300);
            let _ =
                writeln!(out, "{name}: Still {}... [{elapsed} elapsed{status}]", doing(running.action).to_lowercase());
        }
        out
    }

    /// For a terminal: one line per running step, at most `height` lines of at most `width` columns.
    pub(crate) fn live(&self, now: Duration, width: usize, height: usize) -> Vec<String> {
        if let Some(count) = self.refreshing {
            return vec![cut(&format!("Reading {} back...", objects(count)), width)];
        }
        let height = height.max(2);
        let shown = if self.running.len() > height { height - 1 } else { self.running.len() };
        let mut lines: Vec<String> = self
            .running
            .values()
            .take(shown)
            .map(|r| {
                let elapsed = seconds(now.saturating_sub(r.since));
                let status = if r.status.is_empty() { String::new() } else { format!("  {}", r.status) };
                cut(&format!("{elapsed:>6}  {}  {}{status}", r.address, doing(r.action).to_lowercase()), width)
            })
            .collect();
        if shown < self.running.len() {
            lines.push(cut(&format!("        … and {} more", self.running.len() - shown), width));
        }
        lines
    }

    fn name(&self, address: &InstanceAddr) -> String {
        self.style.paint(Tone::Strong, &address.to_string())
    }

    fn elapsed(&mut self, step: StepId, now: Duration) -> String {
        let since = self.running.remove(&step).map_or(now, |r| r.since);
        seconds(now.saturating_sub(since))
    }
}

/// `9s`, `1m5s`.
pub(crate) fn seconds(time: Duration) -> String {
    let s = time.as_secs();
    if s < 60 { format!("{s}s") } else { format!("{}m{}s", s / 60, s % 60) }
}

/// `1 object`, `2 objects`.
pub(crate) fn objects(count: usize) -> String {
    format!("{count} object{}", if count == 1 { "" } else { "s" })
}

/// What is being done: `Creating`.
pub(crate) fn doing(action: Action) -> &'static str {
    match action {
        Action::NoOp => "Keeping",
        Action::Read => "Reading",
        Action::Create => "Creating",
        Action::Update => "Modifying",
        Action::Replace => "Replacing",
        Action::Delete => "Destroying",
        Action::Forget => "Forgetting",
    }
}

/// What the action is called: `Creation`.
pub(crate) fn noun(action: Action) -> &'static str {
    match action {
        Action::NoOp => "No-op",
        Action::Read => "Read",
        Action::Create => "Creation",
        Action::Update => "Modification",
        Action::Replace => "Replacement",
        Action::Delete => "Destruction",
        Action::Forget => "Removal from the state",
    }
}

fn done(action: Action) -> &'static str {
    match action {
        Action::NoOp => "Kept",
        Action::Read => "Read complete",
        Action::Create => "Creation complete",
        Action::Update => "Modifications complete",
        Action::Replace => "Replacement complete",
        Action::Delete => "Destruction complete",
        Action::Forget => "Forgotten",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: usize) -> InstanceAddr {
        format!("lab_machine.m[{n}]").parse().unwrap()
    }

    fn start(n: usize) -> Event {
        Event::StepStarted { step: StepId(n), address: address(n), action: Action::Create }
    }

    fn status(n: usize, text: &str) -> Event {
        Event::StepStatus { step: StepId(n), address: address(n), text: text.into() }
    }

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn plain_lines_tell_start_waiting_and_end() {
        let mut progress = Progress::new(Style::plain(), false, false);
        let mut out = progress.event(&start(0), at(0));
        out += &progress.event(&status(0, "waiting for ssh, last console line: Linux"), at(1));
        out += &progress.still(at(9));
        out += &progress.still(at(10));
        out += &progress.still(at(11));
        out += &progress
            .event(&Event::StepFinished { step: StepId(0), address: address(0), action: Action::Create }, at(65));
        assert_eq!(
            out,
            "\
lab_machine.m[0]: Creating...
lab_machine.m[0]: Still creating... [10s elapsed, waiting for ssh, last console line: Linux]
lab_machine.m[0]: Creation complete after 1m5s
"
        );
    }

    #[test]
    fn a_terminal_sees_one_line_per_running_step_within_its_size() {
        let mut progress = Progress::new(Style::plain(), false, false);
        for n in 0..4 {
            progress.event(&start(n), at(n as u64));
        }
        progress.event(&status(0, "waiting for ssh, last console line: \u{1b}[31mLinux"), at(5));
        assert_eq!(
            progress.live(at(7), 50, 3),
            [
                "    7s  lab_machine.m[0]  creating  waiting for s…",
                "    6s  lab_machine.m[1]  creating",
                "        … and 2 more"
            ]
        );
    }

    #[test]
    fn failures_and_skips_are_said_where_they_happen() {
        let mut progress = Progress::new(Style::plain(), false, false);
        progress.event(&start(0), at(0));
        let failed =
            Event::StepFailed { step: StepId(0), address: address(0), action: Action::Create, error: "no ssh".into() };
        let skipped =
            Event::StepSkipped { step: StepId(1), address: address(1), because: "lab_machine.m[0] failed".into() };
        let out = progress.event(&failed, at(3)) + &progress.event(&skipped, at(3));
        assert_eq!(
            out,
            "lab_machine.m[0]: Creation failed after 3s: no ssh\nlab_machine.m[1]: Skipped: lab_machine.m[0] failed\n"
        );
        assert!(progress.live(at(4), 80, 9).is_empty());
    }

    #[test]
    fn step_output_is_shown_only_when_asked_for() {
        let stream = cplan_engine::Stream::Out;
        let log = Event::StepLog { step: StepId(0), address: address(0), text: "a\nb".into(), stream };
        assert_eq!(Progress::new(Style::plain(), false, false).event(&log, at(0)), "");
        let loud = Progress::new(Style::plain(), true, false).event(&log, at(0));
        assert_eq!(loud, "lab_machine.m[0] | a\nlab_machine.m[0] | b\n");
    }
}
