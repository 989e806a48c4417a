//! What cplan believes exists, durably: records, intents, the lock and the snapshot.

mod record;
mod store;

pub use record::{Intent, IntentId, Record, RecordKey, State, StateOutput, Status};
pub use store::{Store, StoreError, Transaction};
