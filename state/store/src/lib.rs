//! What cplan believes exists, durably: records, intents, the lock and the snapshot.

mod contents;
mod export;
mod format;
mod lock;
mod memory;
mod read;
mod record;
mod sled_store;
mod snapshot;
mod socket;
mod store;
mod terraform;

pub use contents::storable;
pub use export::{export, import};
pub use format::{decode_json, encode_json, v1, write_json};
pub use lock::Holder;
pub use memory::MemoryStore;
pub use read::{Reading, read, read_unsettled};
pub use record::{Intent, IntentId, Record, RecordKey, State, StateOutput, Status};
pub use sled_store::{Boundary, Faults, Options, SledStore};
pub use snapshot::read_snapshot;
pub use store::{Store, StoreError, Transaction};
pub use terraform::{Types, export_terraform, import_terraform, terraform_outputs, terraform_version, type_json};
