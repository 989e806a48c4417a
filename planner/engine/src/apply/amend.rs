//! What a plan changes in the state alone: one transaction before the first step.

use cplan_model::InstanceAddr;
use cplan_store::{RecordKey, Transaction};
use hashbrown::HashMap;

use super::Run;
use crate::failure::EngineError;
use crate::plan::Amendment;
use crate::renamed::follow;

impl Run<'_> {
    /// Writes the plan's amendments, in their order.
    pub(super) fn amend(&mut self) -> Result<(), EngineError> {
        if self.plan.amendments.is_empty() {
            return Ok(());
        }
        let before: Vec<RecordKey> = self.state.records.keys().cloned().collect();
        let mut touched: Vec<RecordKey> = Vec::new();
        // Where each object was at first, by where it is now: moves may follow one another.
        let mut was: HashMap<InstanceAddr, InstanceAddr> = HashMap::new();
        for amendment in &self.plan.amendments {
            match amendment {
                Amendment::Move { from, to } => {
                    if let Some(record) = self.state.records.remove(from) {
                        self.state.records.insert(to.clone(), record);
                        touched.extend([from.clone(), to.clone()]);
                        let first = was.remove(&from.address).unwrap_or_else(|| from.address.clone());
                        was.insert(to.address.clone(), first);
                    }
                }
                Amendment::Adopt { key, record } => {
                    let mut record = (**record).clone();
                    record.last_run = Some(self.name.to_owned());
                    self.state.records.insert(key.clone(), record);
                    touched.push(key.clone());
                    self.report.imported += 1;
                }
                Amendment::Refresh { key, record: Some(record) } => {
                    self.state.records.insert(key.clone(), (**record).clone());
                    touched.push(key.clone());
                }
                Amendment::Refresh { key, record: None } => {
                    self.state.records.remove(key);
                    touched.push(key.clone());
                }
                Amendment::Forget { key } => {
                    self.state.records.remove(key);
                    touched.push(key.clone());
                    self.report.forgotten += 1;
                }
            }
        }
        let moved = was.into_iter().map(|(to, from)| (from, to)).collect();
        touched.extend(follow(&mut self.state.records, &moved));
        touched.sort();
        touched.dedup();
        let mut transaction = Transaction::default();
        for key in touched {
            match self.state.records.get(&key) {
                Some(record) => transaction.put.push((key, record.clone())),
                None if before.binary_search(&key).is_ok() => transaction.delete.push(key),
                None => {}
            }
        }
        tokio::task::block_in_place(|| self.store.commit(&transaction))?;
        Ok(())
    }
}
