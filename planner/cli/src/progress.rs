//! Feeds the progress model with events and time, and writes what it says: to the terminal, as JSON lines, to the run log.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cplan_engine::{Event, EventSink, Operation, Plan, StepId, Stream};
use cplan_model::{InstanceAddr, Value};
use cplan_sdk::Progress;
use tokio::task::AbortHandle;

use crate::clock::Moment;
use crate::render::json;
use crate::render::progress::Progress as Model;
use crate::run_log::RunLog;
use crate::terminal::Terminal;

/// How often a terminal is redrawn.
const REDRAW: Duration = Duration::from_millis(200);

/// How much that is said waits for the clock.
const LARGEST: usize = 16 << 10;

/// Hears the engine and tells the user.
pub(crate) struct Reporter {
    terminal: Terminal,
    json: bool,
    log: Arc<RunLog>,
    start: Instant,
    inner: Mutex<Inner>,
}

struct Inner {
    model: Model,
    begun: HashMap<StepId, Duration>,
    /// Said, and not written yet.
    pending: String,
    /// How many lines of the terminal are to be redrawn.
    drawn: usize,
    /// For JSON: the objects that are read back, and what each step's object is called.
    known: Known,
}

/// The ids that JSON lines name objects by.
#[derive(Default)]
struct Known {
    objects: Vec<(InstanceAddr, Option<String>)>,
    steps: HashMap<StepId, String>,
}

/// Stops the clock when it goes.
pub(crate) struct Ticking(AbortHandle);

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Reporter {
    /// One that has said nothing yet.
    pub(crate) fn new(terminal: Terminal, json: bool, verbose: bool, log: Arc<RunLog>) -> Arc<Self> {
        let model = Model::new(terminal.style(), verbose && !json, terminal.redraws && !json);
        let inner = Inner { model, begun: HashMap::new(), pending: String::new(), drawn: 0, known: Known::default() };
        Arc::new(Reporter { terminal, json, log, start: Instant::now(), inner: Mutex::new(inner) })
    }

    /// Lets the clock tick until the answer is dropped.
    pub(crate) fn tick(self: &Arc<Self>) -> Ticking {
        let this = Arc::clone(self);
        let task = tokio::spawn(async move {
            let mut interval = tokio::time::interval(REDRAW);
            loop {
                interval.tick().await;
                this.redraw();
            }
        });
        Ticking(task.abort_handle())
    }

    /// Learns what the objects of a plan's steps are called, for the lines of JSON.
    pub(crate) fn knows_plan(&self, plan: &Plan) {
        if !self.json {
            return;
        }
        let id = |o: &Operation| {
            let value = o.prior.as_ref().or(o.planned.as_ref())?.get("id")?;
            Some(value.as_str().map_or_else(|| o.identity.id.clone(), str::to_owned))
        };
        self.lock().known.steps = plan.operations().filter_map(|(step, o)| Some((step, id(o)?))).collect();
    }

    /// Says something between the lines that are redrawn.
    pub(crate) fn say(&self, text: &str) {
        self.lock().pending.push_str(text);
        self.redraw();
    }

    /// Writes what is pending and takes the redrawn lines away.
    pub(crate) fn finish(&self) {
        self.log.flush();
        let mut inner = self.lock();
        let text = inner.erase() + &std::mem::take(&mut inner.pending);
        // A reader that went away must not stop an apply.
        let _ = self.terminal.out(&text);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn redraw(&self) {
        self.log.flush();
        let now = self.start.elapsed();
        let mut inner = self.lock();
        if self.json || !self.terminal.redraws {
            let still = if self.json { String::new() } else { inner.model.still(now) };
            let text = std::mem::take(&mut inner.pending) + &still;
            if !text.is_empty() {
                let _ = self.terminal.out(&text);
            }
            return;
        }
        let (width, height) = self.terminal.size();
        let live = inner.model.live(now, width.saturating_sub(1), height.saturating_sub(2));
        let mut text = inner.erase() + &std::mem::take(&mut inner.pending);
        inner.drawn = live.len();
        for line in live {
            text.push_str(&line);
            text.push('\n');
        }
        if !text.is_empty() {
            let _ = self.terminal.out(&text);
        }
    }

    fn keep(&self, event: &Event, elapsed: Duration) {
        let seconds = elapsed.as_secs_f64();
        match event {
            Event::StepStarted { address, action, .. } => {
                self.log.begin(address, format!("== {} {action:?} {address}", Moment::now().rfc3339()));
            }
            Event::StepStatus { address, text, .. } => self.log.append(address, &format!("-- {seconds:.1}s: {text}")),
            Event::StepNote { address, text, .. } => self.log.append(address, &format!("-- note: {text}")),
            Event::StepLog { address, text, stream: Stream::Out, .. } => self.log.append(address, text),
            Event::StepLog { address, text, stream: Stream::Err, .. } => self.log.append_errors(address, text),
            Event::StepFinished { address, action, .. } => {
                self.log.end(address, &format!("== {action:?} done after {seconds:.3}s"));
            }
            Event::StepFailed { address, action, error, .. } => {
                self.log.append(address, &format!("== {action:?} failed after {seconds:.3}s"));
                self.log.append_errors(address, error);
            }
            Event::StepSkipped { address, because, .. } => self.log.append(address, &format!("== skipped: {because}")),
            Event::Settled { address, outcome } => self.log.append(address, &format!("== settled: {outcome}")),
            Event::Settling { .. } | Event::RefreshStarted { .. } | Event::RefreshFinished => {}
        }
    }
}

impl Inner {
    /// The way back over the lines that were drawn last.
    fn erase(&mut self) -> String {
        match std::mem::take(&mut self.drawn) {
            0 => String::new(),
            n => format!("\r\x1b[{n}A\x1b[J"),
        }
    }
}

impl Known {
    fn refresh(&self, complete: bool, timestamp: &str) -> String {
        let line = |(address, id): &(InstanceAddr, Option<String>)| {
            json::line(&json::event::refresh(address, id.as_deref(), complete, timestamp))
        };
        self.objects.iter().map(line).collect()
    }
}

fn step_of(event: &Event) -> Option<StepId> {
    match event {
        Event::StepStarted { step, .. } | Event::StepFinished { step, .. } | Event::StepFailed { step, .. } => {
            Some(*step)
        }
        _ => None,
    }
}

impl EventSink for Reporter {
    fn event(&self, event: Event) {
        let now = self.start.elapsed();
        let mut inner = self.lock();
        let elapsed = match &event {
            Event::StepStarted { step, .. } => {
                inner.begun.insert(*step, now);
                Duration::ZERO
            }
            Event::StepStatus { step, .. }
            | Event::StepLog { step, .. }
            | Event::StepFinished { step, .. }
            | Event::StepFailed { step, .. } => now - inner.begun.get(step).copied().unwrap_or(now),
            _ => Duration::ZERO,
        };
        let said = inner.model.event(&event, now);
        if self.json {
            let now = Moment::now().precise();
            let lines = match &event {
                Event::RefreshStarted { objects } => {
                    let id = |values: &Value| Some(values.get("id")?.as_str()?.to_owned());
                    inner.known.objects = objects.iter().map(|(address, v)| (address.clone(), id(v))).collect();
                    inner.known.refresh(false, &now)
                }
                Event::RefreshFinished => inner.known.refresh(true, &now),
                _ => {
                    let id = step_of(&event).and_then(|step| inner.known.steps.get(&step));
                    let line = json::event::event(&event, elapsed, id.map(String::as_str), &now);
                    line.iter().map(json::line).collect()
                }
            };
            inner.pending.push_str(&lines);
        } else {
            inner.pending.push_str(&said);
        }
        // The clock writes it within a moment: a thousand steps a second are not two thousand writes.
        if !self.terminal.redraws && inner.pending.len() > LARGEST {
            let _ = self.terminal.out(&std::mem::take(&mut inner.pending));
        }
        drop(inner);
        self.keep(&event, elapsed);
    }
}

/// Hears what providers say outside of steps: it goes to the run log.
pub(crate) struct Notes(pub(crate) Arc<RunLog>);

impl Progress for Notes {
    fn status(&self, text: &str) {
        self.0.note(text);
    }

    fn log(&self, text: &str) {
        self.0.note(text);
    }
}
