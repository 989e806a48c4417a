//! From values to the bridge that should be.

use std::collections::BTreeSet;
use std::time::Duration;

use cplan_model::{Format, Identity, Value, parse_quantity};
use cplan_sdk::{ProviderError, from_value};
use serde::Deserialize;

/// The bridge that should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Its mark: the alias of the bridge.
    pub(super) mark: String,
    pub(super) name: String,
    pub(super) interface: String,
    pub(super) addresses: BTreeSet<String>,
    pub(super) gateway: Option<String>,
    pub(super) dns: Vec<String>,
    pub(super) stp: bool,
    pub(super) netfilter: Option<bool>,
    pub(super) persistent: String,
    pub(super) reachable: Vec<String>,
    pub(super) undo_after: Duration,
}

#[derive(Deserialize)]
struct Plain {
    interface: String,
    name: String,
    addresses: BTreeSet<String>,
    gateway: Option<String>,
    dns: Option<Vec<String>>,
    stp: bool,
    netfilter: Option<bool>,
    persistent: String,
    reachable: Option<Vec<String>>,
    undo_after: String,
}

/// What the bridge of an identity has as its alias.
pub(super) fn mark(identity: &Identity) -> String {
    format!("cplan {} {}", identity.id, whose(identity))
}

/// The part of a mark that stays when a bridge is replaced.
pub(super) fn whose(identity: &Identity) -> String {
    format!("{} {}", identity.lab, identity.name)
}

impl Wanted {
    pub(super) fn from_values(identity: &Identity, values: &Value) -> Result<Wanted, ProviderError> {
        let plain: Plain = from_value(values)?;
        let nanoseconds = parse_quantity(Format::Duration, &plain.undo_after)
            .map_err(|error| ProviderError::failed("`undo_after` is not a duration").source(error))?;
        let gateway = plain.gateway.filter(|g| !g.is_empty());
        Ok(Wanted {
            mark: mark(identity),
            name: plain.name,
            interface: plain.interface,
            addresses: plain.addresses,
            reachable: plain.reachable.unwrap_or_else(|| gateway.iter().cloned().collect()),
            gateway,
            dns: plain.dns.unwrap_or_default(),
            stp: plain.stp,
            netfilter: plain.netfilter,
            persistent: plain.persistent,
            undo_after: Duration::from_nanos(nanoseconds),
        })
    }
}
