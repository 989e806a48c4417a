//! How the engine itself fails (user mistakes are diagnostics, failed steps are in the report).

use cplan_model::InstanceAddr;
use cplan_sdk::ProviderError;
use cplan_store::StoreError;

/// A failure that ends a command.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The state could not be read or written.
    #[error("the state failed")]
    Store(#[from] StoreError),
    /// The state moved on since the plan was made.
    #[error("the plan is stale: it was made from serial {planned}, and the state is now at serial {found}; plan again")]
    Stale {
        /// The serial the plan was made from.
        planned: u64,
        /// The serial of the state now.
        found: u64,
    },
    /// What an interrupted run left could not be settled.
    #[error("the interrupted operation on {address} cannot be settled")]
    Settle {
        /// The object.
        address: Box<InstanceAddr>,
        /// Why.
        #[source]
        source: ProviderError,
    },
    /// A record names a provider or type that this cplan does not have.
    #[error("the state has {address}, and this cplan has no resource type `{ty}` of provider `{provider}`")]
    UnknownType {
        /// The object.
        address: Box<InstanceAddr>,
        /// The provider's name.
        provider: String,
        /// The type.
        ty: String,
    },
    /// The configuration has errors, so providers cannot be configured.
    #[error("the configuration has errors")]
    Configuration(cplan_model::Diagnostics),
}
