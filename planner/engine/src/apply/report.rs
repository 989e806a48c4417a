//! What an apply tells.

use std::collections::BTreeMap;

use cplan_model::{Action, Diagnostics, InstanceAddr, Span};
use cplan_sdk::ProviderError;
use cplan_store::StateOutput;

/// How an apply went.
#[derive(Debug, Default)]
pub struct ApplyReport {
    /// Objects made.
    pub created: usize,
    /// Objects changed in place.
    pub updated: usize,
    /// Objects deleted.
    pub deleted: usize,
    /// Objects taken in.
    pub imported: usize,
    /// Objects left in the world and forgotten.
    pub forgotten: usize,
    /// Steps that failed.
    pub failures: Vec<Failure>,
    /// Steps that were not begun, and why.
    pub skipped: Vec<(InstanceAddr, String)>,
    /// The root outputs as they are now.
    pub outputs: BTreeMap<String, StateOutput>,
    /// Warnings on the way.
    pub diagnostics: Diagnostics,
    /// Whether the user interrupted.
    pub cancelled: bool,
}

/// A step that failed.
#[derive(Debug)]
pub struct Failure {
    /// The object.
    pub address: InstanceAddr,
    /// What was tried.
    pub action: Action,
    /// Why it failed.
    pub cause: Cause,
    /// Its block in the configuration.
    pub place: Option<Span>,
}

/// Why a step failed.
#[derive(Debug)]
pub enum Cause {
    /// The provider could not do it.
    Provider(ProviderError),
    /// Conditions do not hold: all of them, of the object as it is (what is done is done).
    Conditions(Diagnostics),
}
