//! Which step may run next: everything before it is done, and what it claims is free.

use std::collections::{BTreeSet, VecDeque};

use super::claims::Claims;
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
    ready: VecDeque<StepId>,
    /// Ready, and held back by their claims.
    held_back: BTreeSet<StepId>,
    claims: Claims,
}

impl Schedule {
    pub(super) fn new(plan: &Plan) -> Self {
        let count = plan.steps.len();
        let mut followers = vec![Vec::new(); count];
        for step in &plan.steps {
            for before in &step.after {
                followers[before.0].push(step.id);
            }
        }
        Schedule {
            status: vec![Status::Waiting; count],
            missing: plan.steps.iter().map(|s| s.after.len()).collect(),
            followers,
            ready: plan.steps.iter().filter(|s| s.after.is_empty()).map(|s| s.id).collect(),
            held_back: BTreeSet::new(),
            claims: Claims::default(),
        }
    }

    /// The next step to begin, with its claims taken. Joins come out always; operations only below `limit`.
    pub(super) fn next(&mut self, plan: &Plan, running: usize, limit: usize) -> Option<StepId> {
        if running < limit {
            let fitting = self.held_back.iter().copied().find(|id| match operation(plan, *id) {
                Some(operation) => self.claims.take(&operation.claims),
                None => true,
            });
            if let Some(id) = fitting {
                self.held_back.remove(&id);
                self.status[id.0] = Status::Running;
                return Some(id);
            }
        }
        while let Some(id) = self.ready.front().copied() {
            if let Some(operation) = operation(plan, id) {
                if running >= limit {
                    return None;
                }
                self.ready.pop_front();
                if !self.claims.take(&operation.claims) {
                    self.held_back.insert(id);
                    continue;
                }
            } else {
                self.ready.pop_front();
            }
            self.status[id.0] = Status::Running;
            return Some(id);
        }
        None
    }

    /// A step is done; what waited for it alone becomes ready.
    pub(super) fn succeeded(&mut self, plan: &Plan, id: StepId) {
        self.end(plan, id);
        for follower in std::mem::take(&mut self.followers[id.0]) {
            self.missing[follower.0] -= 1;
            if self.missing[follower.0] == 0 && self.status[follower.0] == Status::Waiting {
                self.ready.push_back(follower);
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

fn operation(plan: &Plan, id: StepId) -> Option<&Operation> {
    match &plan.steps[id.0].work {
        Work::Operation(operation) => Some(operation),
        Work::Join | Work::Conditions(_) => None,
    }
}
