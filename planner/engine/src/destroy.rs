//! The plan that deletes everything.

use cplan_model::{Diagnostics, InstanceAddr, Reason};
use cplan_store::{Record, RecordKey};
use hashbrown::HashSet;

use crate::plan::{OutputChange, Plan};
use crate::planning::Planner;

impl Planner<'_> {
    /// Plans the deletion of every object of the state. The world is not read first: a delete of what is gone is a
    /// success, and a machine that is dead must not stand in the way.
    pub(crate) fn destroy(mut self) -> (Option<Plan>, Diagnostics) {
        let records = self.doomed();
        let all = records.len() == self.state.records.len() && !self.selection_is_partial();
        // What goes goes wherever it was: after a look at it, it is told by the address that it would have had.
        if self.options.refresh {
            self.moved_from.clear();
        }
        self.remove(records, |_, _| Reason::Destroy);
        let outputs = if all { self.state.outputs.clone() } else { Default::default() };
        let outputs = outputs.into_iter().map(|(name, output)| OutputChange {
            name: name.into(),
            before: Some(output.value),
            after: None,
            sensitive: output.sensitive,
            was_sensitive: output.sensitive,
        });
        self.finish(outputs.collect())
    }

    /// The records that the flags name, and all that depends on them.
    fn doomed(&self) -> Vec<(RecordKey, Record)> {
        let mut doomed: HashSet<InstanceAddr> = HashSet::new();
        let named = |key: &RecordKey| self.selects(&key.address);
        doomed.extend(self.state.records.keys().filter(|k| named(k)).map(|k| k.address.without_key()));
        let mut grows = self.selection_is_partial();
        while grows {
            let users: Vec<InstanceAddr> = (self.state.records.iter())
                .filter(|(_, r)| r.dependencies.iter().any(|on| doomed.contains(on)))
                .map(|(k, _)| k.address.without_key())
                .collect();
            let known = doomed.len();
            doomed.extend(users);
            grows = doomed.len() > known;
        }
        // Of a block that was named by instance, only those instances go.
        let mut used: HashSet<InstanceAddr> = HashSet::new();
        used.extend(self.state.records.keys().filter(|k| named(k)).map(|k| k.address.clone()));
        let direct: HashSet<InstanceAddr> = used.iter().map(InstanceAddr::without_key).collect();
        let goes = |key: &RecordKey| {
            let group = key.address.without_key();
            used.contains(&key.address) || (doomed.contains(&group) && !direct.contains(&group))
        };
        self.state.records.iter().filter(|(k, _)| goes(k)).map(|(k, r)| (k.clone(), r.clone())).collect()
    }
}
