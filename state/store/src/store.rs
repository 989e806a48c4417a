//! The store: the trait that the engine speaks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use cplan_model::Checks;

use crate::{Intent, IntentId, Record, RecordKey, State, StateOutput};

/// A set of changes that becomes durable as one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transaction {
    /// Records to write.
    pub put: Vec<(RecordKey, Record)>,
    /// Records to remove.
    pub delete: Vec<RecordKey>,
    /// All outputs anew, if any changed.
    pub outputs: Option<BTreeMap<String, StateOutput>>,
    /// What came of all conditions anew, if any was looked at.
    pub checks: Option<Checks>,
    /// Intents that are settled by this.
    pub settled: Vec<IntentId>,
}

impl Transaction {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        *self == Transaction::default()
    }

    /// Adds what comes after this, so that both become durable as one.
    pub fn follow(&mut self, later: Transaction) {
        if !later.delete.is_empty() {
            // Of one transaction a put wins over a delete, and these deletes come after the puts.
            let gone: BTreeSet<&RecordKey> = later.delete.iter().collect();
            self.put.retain(|(key, _)| !gone.contains(key));
        }
        self.put.extend(later.put);
        self.delete.extend(later.delete);
        self.outputs = later.outputs.or_else(|| self.outputs.take());
        self.checks = later.checks.or_else(|| self.checks.take());
        self.settled.extend(later.settled);
    }
}

/// How a store fails.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else holds the lock.
    #[error("the state is locked by {holder}")]
    Locked {
        /// User, host, pid, command and since when.
        holder: String,
    },
    /// The database is damaged; `remedy` says how to go back to the snapshot.
    #[error("the state in {} is damaged: {what}", path.display())]
    Damaged {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        what: String,
        /// How to mend it.
        remedy: String,
    },
    /// Written by a newer cplan.
    #[error("the state in {} has format {found}, and this cplan knows up to {known}", path.display())]
    Newer {
        /// The folder.
        path: PathBuf,
        /// The format found.
        found: u32,
        /// The newest known.
        known: u32,
    },
    /// A value that is not wholly known was to be stored.
    #[error("`{of}` has values that are not known yet")]
    Unknown {
        /// The instance or output.
        of: String,
    },
    /// A text is not an exported state.
    #[error("this is not an exported state")]
    NotAState {
        /// Where and why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The disk or the system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried: `write`, `open`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The database refused.
    #[error("the state database in {} failed", path.display())]
    Database {
        /// The folder.
        path: PathBuf,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// A state that is held by this process alone. Every method that changes returns only after it is durable.
pub trait Store: Send + Sync {
    /// Everything believed now.
    fn load(&self) -> Result<State, StoreError>;

    /// The intents that were begun and not settled, oldest first.
    fn intents(&self) -> Result<Vec<Intent>, StoreError>;

    /// Makes intents durable. Must return before the world is changed.
    fn begin(&self, intents: &[Intent]) -> Result<(), StoreError>;

    /// Makes results durable; raises the serial when the transaction changes a record or an output.
    fn commit(&self, transaction: &Transaction) -> Result<(), StoreError>;

    /// Writes the snapshot that readers use; called at the end of every command that changed something.
    fn finish(&self) -> Result<(), StoreError>;
}
