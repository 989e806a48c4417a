//! Steps that are done with one call: those of one type in one container, as far as order lets them.

use std::collections::VecDeque;

use hashbrown::HashMap;

use crate::plan::{Operation, Plan, StepId};

/// What one call is for: the provider, the type, and the identity of the container.
pub(super) type Place<'a> = (&'a str, &'a str, &'a str);

/// The places with more than one step.
#[derive(Debug, Default)]
pub(super) struct Places {
    members: Vec<Vec<StepId>>,
    of: HashMap<StepId, usize>,
    /// The steps of each place that can still come to be ready without one of the same place being done before.
    awaited: Vec<usize>,
    awaits: HashMap<StepId, usize>,
}

impl Places {
    /// The places of a plan, by what tells the place of an operation.
    pub(super) fn new<'p>(plan: &'p Plan, place: impl Fn(&'p Operation) -> Option<Place<'p>>) -> Self {
        let mut found: HashMap<Place<'p>, Vec<StepId>> = HashMap::new();
        for (id, operation) in plan.operations() {
            if let Some(place) = place(operation) {
                found.entry(place).or_default().push(id);
            }
        }
        let mut places = Places { members: found.into_values().filter(|m| m.len() > 1).collect(), ..Places::default() };
        if places.members.is_empty() {
            return places;
        }
        for (number, members) in places.members.iter().enumerate() {
            places.of.extend(members.iter().map(|id| (*id, number)));
        }
        let behind = places.behind(plan);
        places.awaited = vec![0; places.members.len()];
        for (id, number) in places.of.iter().filter(|(id, _)| !behind[id.0]) {
            places.awaited[*number] += 1;
            places.awaits.insert(*id, *number);
        }
        places
    }

    /// Which steps come after another step of their place.
    fn behind(&self, plan: &Plan) -> Vec<bool> {
        let words = self.members.len().div_ceil(64);
        let count = plan.steps.len();
        // The places that a step comes after, a bit each.
        let mut before = vec![0u64; count * words];
        let mut missing: Vec<usize> = plan.steps.iter().map(|s| s.after.len()).collect();
        let mut followers = vec![Vec::new(); count];
        for step in &plan.steps {
            step.after.iter().for_each(|before| followers[before.0].push(step.id.0));
        }
        let mut behind = vec![false; count];
        let mut queue: VecDeque<usize> = (0..count).filter(|i| missing[*i] == 0).collect();
        while let Some(step) = queue.pop_front() {
            let mut own = before[step * words..(step + 1) * words].to_vec();
            if let Some(place) = self.of.get(&StepId(step)) {
                let bit = 1 << (place % 64);
                behind[step] = own[place / 64] & bit != 0;
                own[place / 64] |= bit;
            }
            for follower in std::mem::take(&mut followers[step]) {
                let theirs = &mut before[follower * words..(follower + 1) * words];
                theirs.iter_mut().zip(&own).for_each(|(theirs, own)| *theirs |= own);
                missing[follower] -= 1;
                if missing[follower] == 0 {
                    queue.push_back(follower);
                }
            }
        }
        behind
    }

    /// A step is ready, or will never be.
    pub(super) fn arrives(&mut self, id: StepId) {
        if let Some(place) = self.awaits.remove(&id) {
            self.awaited[place] -= 1;
        }
    }

    /// Whether others of a step's place are still to come.
    pub(super) fn gathers(&self, id: StepId) -> bool {
        self.of.get(&id).is_some_and(|place| self.awaited[*place] > 0)
    }

    /// All steps of a step's place.
    pub(super) fn beside(&self, id: StepId) -> &[StepId] {
        self.of.get(&id).map_or(&[], |place| &self.members[*place])
    }
}
