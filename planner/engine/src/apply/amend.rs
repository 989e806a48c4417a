//! What a plan changes in the state alone: one transaction before the first step.

use cplan_store::{RecordKey, Transaction};

use super::Run;
use crate::failure::EngineError;
use crate::plan::Amendment;

impl Run<'_> {
    /// Writes the plan's amendments, in their order.
    pub(super) fn amend(&mut self) -> Result<(), EngineError> {
        if self.plan.amendments.is_empty() {
            return Ok(());
        }
        let before: Vec<RecordKey> = self.state.records.keys().cloned().collect();
        let mut touched: Vec<RecordKey> = Vec::new();
        let renamed: Vec<_> = (self.plan.amendments.iter())
            .filter_map(|a| match a {
                Amendment::Move { from, to } => Some((from.address.clone(), to.address.clone())),
                _ => None,
            })
            .collect();
        for amendment in &self.plan.amendments {
            match amendment {
                Amendment::Move { from, to } => {
                    if let Some(record) = self.state.records.remove(from) {
                        self.state.records.insert(to.clone(), record);
                        touched.extend([from.clone(), to.clone()]);
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
        // What names a moved object goes by its new address, too.
        for (from, to) in &renamed {
            let (from_group, to_group) = (from.without_key(), to.without_key());
            for (key, record) in &mut self.state.records {
                let depends = record.dependencies.contains(&from_group);
                let within = record.container.as_ref() == Some(from);
                for on in record.dependencies.iter_mut().filter(|on| **on == from_group) {
                    on.clone_from(&to_group);
                }
                if within {
                    record.container = Some(to.clone());
                }
                if depends || within {
                    touched.push(key.clone());
                }
            }
        }
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
