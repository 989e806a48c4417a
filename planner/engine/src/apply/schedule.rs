//! Which steps may run next: everything before them is done, and what they claim is free.

use std::collections::{BTreeSet, VecDeque};

use super::claims::Claims;
use super::places::{Place, Places};
use crate::plan::{Operation, Plan, StepId, Work};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Waiting,
    Running,
    Done,
    Skipped,
}

/// The order of a run.
#[derive(Debug)]
pub(super) struct Schedule {
    status: Vec<Status>,
    missing: Vec<usize>,
    followers: Vec<Vec<StepId>>,
    /// What is ready and takes no time. It comes first, so that all that is ready behind it is known.
    passing: VecDeque<StepId>,
    ready: VecDeque<StepId>,
    /// Ready, and held back by their claims, or until others of their place are ready.
    held_back: BTreeSet<StepId>,
    claims: Claims,
    places: Places,
}

impl Schedule {
    /// `place` tells of operations that are done with one call where they are ready at the same time.
    pub(super) fn new<'p>(plan: &'p Plan, place: impl Fn(&'p Operation) -> Option<Place<'p>>) -> Self {
        let count = plan.steps.len();
        let mut followers = vec![Vec::new(); count];
        for step in &plan.steps {
            for before in &step.after {
                followers[before.0].push(step.id);
            }
        }
        let mut schedule = Schedule {
            status: vec![Status::Waiting; count],
            missing: plan.steps.iter().map(|s| s.after.len()).collect(),
            followers,
            passing: VecDeque::new(),
            ready: VecDeque::new(),
            held_back: BTreeSet::new(),
            claims: Claims::default(),
            places: Places::new(plan, place),
        };
        for step in plan.steps.iter().filter(|s| s.after.is_empty()) {
            schedule.is_ready(plan, step.id);
        }
        schedule
    }

    fn is_ready(&mut self, plan: &Plan, id: StepId) {
        self.places.arrives(id);
        let queue = if operation(plan, id).is_some() { &mut self.ready } else { &mut self.passing };
        queue.push_back(id);
    }

    /// The next step to begin, with its claims taken, and those that are done with the same call. What takes no time
    /// comes out always; operations only below `limit`. A step waits for the others of its place, unless it would be
    /// all that there is to do: nothing is under way when `idle`.
    pub(super) fn next(&mut self, plan: &Plan, running: usize, limit: usize, idle: bool) -> Option<Vec<StepId>> {
        if let Some(id) = self.passing.pop_front() {
            self.status[id.0] = Status::Running;
            return Some(vec![id]);
        }
        if running >= limit {
            return None;
        }
        if let Some(id) = self.fitting(plan, false) {
            return Some(self.begin(plan, id));
        }
        while let Some(id) = self.ready.pop_front() {
            // It was begun with another one.
            if self.status[id.0] != Status::Waiting {
                continue;
            }
            if !self.places.gathers(id) && takes(&mut self.claims, plan, id) {
                return Some(self.begin(plan, id));
            }
            self.held_back.insert(id);
        }
        let id = idle.then(|| self.fitting(plan, true))??;
        Some(self.begin(plan, id))
    }

    /// A step that was held back and need not be any more, with its claims taken.
    fn fitting(&mut self, plan: &Plan, gathering: bool) -> Option<StepId> {
        let mut held_back = self.held_back.iter().copied();
        let id = held_back.find(|id| (gathering || !self.places.gathers(*id)) && takes(&mut self.claims, plan, *id))?;
        self.held_back.remove(&id);
        Some(id)
    }

    /// Begins a step whose claims are taken, and with it what is ready at the same place and fits.
    fn begin(&mut self, plan: &Plan, id: StepId) -> Vec<StepId> {
        self.status[id.0] = Status::Running;
        let mut begun = vec![id];
        for other in self.places.beside(id).iter().copied() {
            let waits = self.status[other.0] == Status::Waiting && self.missing[other.0] == 0;
            if waits && takes(&mut self.claims, plan, other) {
                self.status[other.0] = Status::Running;
                self.held_back.remove(&other);
                begun.push(other);
            }
        }
        begun
    }

    /// A step is done; what waited for it alone becomes ready.
    pub(super) fn succeeded(&mut self, plan: &Plan, id: StepId) {
        self.end(plan, id);
        for follower in std::mem::take(&mut self.followers[id.0]) {
            self.missing[follower.0] -= 1;
            if self.missing[follower.0] == 0 && self.status[follower.0] == Status::Waiting {
                self.is_ready(plan, follower);
            }
        }
    }

    /// A step failed; gives everything that hangs on it, which will not run.
    pub(super) fn failed(&mut self, plan: &Plan, id: StepId) -> Vec<StepId> {
        self.end(plan, id);
        let mut skipped = Vec::new();
        let mut queue = std::mem::take(&mut self.followers[id.0]);
        while let Some(next) = queue.pop() {
            if self.status[next.0] == Status::Waiting {
                self.status[next.0] = Status::Skipped;
                self.places.arrives(next);
                skipped.push(next);
                queue.extend(self.followers[next.0].iter().copied());
            }
        }
        skipped.sort();
        skipped
    }

    /// What was never begun, at the end.
    pub(super) fn left(&self) -> Vec<StepId> {
        let waiting = |i: &usize| self.status[*i] == Status::Waiting;
        (0..self.status.len()).filter(waiting).map(StepId).collect()
    }

    fn end(&mut self, plan: &Plan, id: StepId) {
        self.status[id.0] = Status::Done;
        if let Some(operation) = operation(plan, id) {
            self.claims.release(&operation.claims);
        }
    }
}

fn takes(claims: &mut Claims, plan: &Plan, id: StepId) -> bool {
    operation(plan, id).is_none_or(|operation| claims.take(&operation.claims))
}

fn operation(plan: &Plan, id: StepId) -> Option<&Operation> {
    match &plan.steps[id.0].work {
        Work::Operation(operation) => Some(operation),
        Work::Join | Work::Conditions(_) => None,
    }
}
