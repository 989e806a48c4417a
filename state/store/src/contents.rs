//! What a store holds, in memory, and what a transaction does to it; the same for every store.

use std::collections::BTreeMap;

use cplan_model::{CheckOwner, CheckedBlock, Marks, Value};

use crate::{Intent, IntentId, Record, RecordKey, State, StateOutput, StoreError, Transaction};

/// The state, the open intents, and a counter that every durable change raises.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Contents {
    pub(crate) state: State,
    pub(crate) intents: BTreeMap<IntentId, Intent>,
    pub(crate) revision: u64,
}

/// What a transaction or a begin really changes, ready to be written.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Delta {
    pub(crate) put: Vec<(RecordKey, Record)>,
    pub(crate) delete: Vec<RecordKey>,
    /// Outputs to write, and with `None` those to remove.
    pub(crate) outputs: Vec<(String, Option<StateOutput>)>,
    /// The same of what came of conditions, by block.
    pub(crate) checks: Vec<(CheckOwner, Option<CheckedBlock>)>,
    pub(crate) begun: Vec<Intent>,
    pub(crate) settled: Vec<IntentId>,
}

impl Delta {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Delta::default()
    }

    fn raises_serial(&self) -> bool {
        !(self.put.is_empty() && self.delete.is_empty() && self.outputs.is_empty() && self.checks.is_empty())
    }
}

impl Contents {
    /// A state with nothing under way.
    pub(crate) fn of(state: State) -> Self {
        Contents { state, ..Contents::default() }
    }

    /// What a transaction would change; a later entry for a key wins over an earlier one, a put over a delete.
    pub(crate) fn delta(&self, transaction: &Transaction) -> Result<Delta, StoreError> {
        let mut put = BTreeMap::new();
        for (key, record) in &transaction.put {
            let values = checked(&record.values, &key.address)?;
            put.insert(key, Record { values, ..record.clone() });
        }
        let mut delete: Vec<_> = transaction.delete.clone();
        delete.retain(|key| self.state.records.contains_key(key) && !put.contains_key(key));
        delete.sort();
        delete.dedup();
        let mut outputs = Vec::new();
        if let Some(wanted) = &transaction.outputs {
            for (name, output) in wanted {
                let value = checked(&output.value, &format_args!("output.{name}"))?;
                let output = StateOutput { value, ..*output };
                if self.state.outputs.get(name) != Some(&output) {
                    outputs.push((name.clone(), Some(output)));
                }
            }
            let gone = self.state.outputs.keys().filter(|name| !wanted.contains_key(*name));
            outputs.extend(gone.map(|name| (name.clone(), None)));
        }
        let mut checks = Vec::new();
        if let Some(wanted) = &transaction.checks {
            let known = &self.state.checks;
            let changed = wanted.iter().filter(|(block, found)| known.get(block) != Some(*found));
            checks.extend(changed.map(|(block, found)| (block.clone(), Some(found.clone()))));
            let gone = known.keys().filter(|block| !wanted.contains_key(*block));
            checks.extend(gone.map(|block| (block.clone(), None)));
        }
        let mut settled: Vec<_> = transaction.settled.clone();
        settled.retain(|id| self.intents.contains_key(id));
        settled.sort();
        settled.dedup();
        let put = put
            .into_iter()
            .filter(|(key, record)| self.state.records.get(key) != Some(record))
            .map(|(key, record)| (key.clone(), record))
            .collect();
        Ok(Delta { put, delete, outputs, checks, begun: Vec::new(), settled })
    }

    /// What makes all records and outputs those of another state.
    pub(crate) fn replacement(&self, state: &State) -> Result<Delta, StoreError> {
        self.delta(&Transaction {
            put: state.records.iter().map(|(key, record)| (key.clone(), record.clone())).collect(),
            delete: self.state.records.keys().cloned().collect(),
            outputs: Some(state.outputs.clone()),
            checks: Some(state.checks.clone()),
            settled: Vec::new(),
        })
    }

    /// What beginning these intents would change.
    pub(crate) fn begin(&self, intents: &[Intent]) -> Result<Delta, StoreError> {
        let mut begun = Vec::with_capacity(intents.len());
        for intent in intents {
            let address = &intent.key.address;
            let prior = intent.prior.as_ref().map(|v| checked(v, address)).transpose()?;
            let planned = intent.planned.as_ref().map(|v| checked(v, address)).transpose()?;
            begun.push(Intent { prior, planned, ..intent.clone() });
        }
        Ok(Delta { begun, ..Delta::default() })
    }

    /// The serial and the revision that `delta` leads to.
    pub(crate) fn after(&self, delta: &Delta) -> (u64, u64) {
        (self.state.serial + u64::from(delta.raises_serial()), self.revision + 1)
    }

    pub(crate) fn apply(&mut self, delta: Delta) {
        (self.state.serial, self.revision) = self.after(&delta);
        for key in &delta.delete {
            self.state.records.remove(key);
        }
        self.state.records.extend(delta.put);
        for (name, output) in delta.outputs {
            match output {
                Some(output) => self.state.outputs.insert(name, output),
                None => self.state.outputs.remove(&name),
            };
        }
        for (block, found) in delta.checks {
            match found {
                Some(found) => self.state.checks.insert(block, found),
                None => self.state.checks.remove(&block),
            };
        }
        self.intents.extend(delta.begun.into_iter().map(|intent| (intent.id, intent)));
        for id in &delta.settled {
            self.intents.remove(id);
        }
    }
}

fn checked(value: &Value, of: &dyn std::fmt::Display) -> Result<Value, StoreError> {
    storable(value).ok_or_else(|| StoreError::Unknown { of: of.to_string() })
}

/// The value as a store keeps it: what is marked ephemeral becomes null; `None` if any part of it is unknown.
pub fn storable(value: &Value) -> Option<Value> {
    if !value.is_wholly_known() {
        return None;
    }
    Some(if value.marks_deep().is_ephemeral() { without_ephemeral(value) } else { value.clone() })
}

fn without_ephemeral(value: &Value) -> Value {
    if value.marks().is_ephemeral() {
        return Value::null(value.ty()).mark(value.marks().without(Marks::EPHEMERAL));
    }
    value.map_children(without_ephemeral)
}
