//! Addresses in format 1: as they are written everywhere.

use cplan_model::{InstanceAddr, ModuleInstance, ResourceAddr, Target};
use cplan_store::RecordKey;
use serde::{Deserialize, Serialize};

use super::Wrong;

/// An object of the state.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyV1 {
    address: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deposed: Option<String>,
}

impl From<&RecordKey> for KeyV1 {
    fn from(key: &RecordKey) -> Self {
        KeyV1 { address: key.address.to_string(), deposed: key.deposed.clone() }
    }
}

impl TryFrom<KeyV1> for RecordKey {
    type Error = Wrong;

    fn try_from(dto: KeyV1) -> Result<Self, Wrong> {
        Ok(RecordKey { address: instance(&dto.address)?, deposed: dto.deposed })
    }
}

pub(super) fn text(address: Option<&InstanceAddr>) -> Option<String> {
    address.map(ToString::to_string)
}

pub(super) fn texts(addresses: &[InstanceAddr]) -> Vec<String> {
    addresses.iter().map(ToString::to_string).collect()
}

pub(super) fn instance(text: &str) -> Result<InstanceAddr, Wrong> {
    text.parse().map_err(|e: cplan_model::ParseAddressError| e.to_string())
}

pub(super) fn optional(text: Option<&str>) -> Result<Option<InstanceAddr>, Wrong> {
    text.map(instance).transpose()
}

pub(super) fn instances(texts: &[String]) -> Result<Vec<InstanceAddr>, Wrong> {
    texts.iter().map(|text| instance(text)).collect()
}

/// The root module is the empty text.
pub(super) fn module(text: &str) -> Result<ModuleInstance, Wrong> {
    if text.is_empty() {
        return Ok(ModuleInstance::root());
    }
    match text.parse::<Target>() {
        Ok(Target { module, resource: None, .. }) => Ok(module),
        Ok(_) => Err(format!("`{text}` is not a module")),
        Err(error) => Err(error.to_string()),
    }
}

pub(super) fn resource(text: &str) -> Result<ResourceAddr, Wrong> {
    let address = instance(text)?;
    if address.module.is_root() && address.key.is_none() {
        Ok(address.resource)
    } else {
        Err(format!("`{text}` is not a resource within a module"))
    }
}
