//! The provider contract.
//!
//! The engine speaks [`Provider`]; cplan's own provider is an [`Assembly`] of [`Resource`]s and [`DataSource`]s, which
//! groups reads by [`Locality`] so that a host is asked once and a machine gets one ssh command.
//!
//! The contract between the values of one resource, as in Terraform's resource-instance change lifecycle:
//! a value known in the plan is the same after apply; an unknown may become anything of its type; a configured
//! value is never rewritten (a quantity keeps the user's spelling).

mod access;
mod assembly;
mod claim;
pub mod conformance;
mod context;
mod data;
mod error;
pub mod fake;
mod json;
mod provider;
mod request;
mod resource;
mod shell;

pub use access::{Access, MICRO};
pub use assembly::Assembly;
pub use claim::{Claim, Share};
pub use context::{Context, Progress, Silent};
pub use data::DataSource;
pub use error::{ErrorKind, ProviderError};
pub use json::{from_json, from_value, to_json, to_value};
pub use provider::Provider;
pub use request::{
    ApplyRequest, ApplyResponse, Disruption, ImportRequest, Observed, PlanRequest, PlanResponse, ReadRequest,
    RecoverRequest,
};
pub use resource::{Locality, ProbeOutput, Resource};
pub use shell::{Output, SessionTime, Shell, quote};
