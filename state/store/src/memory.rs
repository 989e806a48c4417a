//! The store without a disk: the twin of the real one for tests and for trials.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::contents::Contents;
use crate::{Intent, State, Store, StoreError, Transaction};

/// Holds everything in memory; durable as long as the process lives.
#[derive(Debug)]
pub struct MemoryStore(Mutex<Contents>);

impl MemoryStore {
    /// An empty state with a fresh lineage.
    pub fn new() -> Self {
        MemoryStore(Mutex::new(Contents::of(State::fresh())))
    }

    /// A state to start from, without open intents.
    pub fn with(state: State) -> Self {
        MemoryStore(Mutex::new(Contents { state, ..Contents::default() }))
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Store for MemoryStore {
    fn load(&self) -> Result<State, StoreError> {
        Ok(self.contents().state.clone())
    }

    fn intents(&self) -> Result<Vec<Intent>, StoreError> {
        Ok(self.contents().intents.values().cloned().collect())
    }

    fn begin(&self, intents: &[Intent]) -> Result<(), StoreError> {
        let mut contents = self.contents();
        let delta = contents.begin(intents)?;
        contents.apply(delta);
        Ok(())
    }

    fn commit(&self, transaction: &Transaction) -> Result<(), StoreError> {
        let mut contents = self.contents();
        let delta = contents.delta(transaction)?;
        contents.apply(delta);
        Ok(())
    }

    fn finish(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
