//! The engine: config -> graph -> refresh -> desired -> plan -> steps -> apply.
//!
//! [`plan`] evaluates the configuration in the order of its graph, reads back what the state knows, asks the
//! providers what will be, and lowers that to steps with edges. [`apply`] does what the steps say and nothing else; it reads the
//! plan, not the folder. The engine knows providers only by their contract.

mod apply;
mod beside;
mod dependencies;
mod destroy;
mod dot;
mod drift;
mod event;
mod failure;
mod graph;
mod identity;
mod inputs;
mod plan;
mod plan_file;
mod planning;
mod proposed;
mod provider_settings;
mod refresh;
mod registry;
mod remote_state;
mod renamed;
mod secret;
mod settle;
mod steps;
mod terraform_data;
mod unwritten;
mod validate;
mod values;

pub use apply::{ApplyReport, Cause, Failure, apply};
pub use dependencies::dependencies;
pub use dot::dot;
pub use drift::{DriftEntry, DriftKind};
pub use event::{Deaf, Event, EventSink, Stream};
pub use failure::EngineError;
pub use identity::choose as choose_identity;
pub use plan::{
    Amendment, Change, DeferReason, Deferred, Operation, OutputChange, Plan, PlanMode, PlanStep, StepId, Summary, Work,
};
pub use plan_file::{PlanFile, PlanFileError, PlanKey, PlanLabel, plan_hash, provider_type};
pub use planning::{Console, PlanInput, PlanOptions, plan};
pub use provider_settings::provider_settings;
pub use refresh::drift;
pub use registry::{MakeProvider, Registry};
pub use settle::settle;
pub use terraform_data::TerraformProvider;
pub use unwritten::{Unwritten, unwritten};
pub use validate::validate;
