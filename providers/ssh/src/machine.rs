//! What all resources on machines have in common: the machine, and the mark of what is ours on it.

use cplan_model::{Attribute, Value};
use cplan_sdk::{Access, Claim, Locality, ProviderError};
use sha2::{Digest, Sha256};

/// The folder of ownership marks on a machine: one file per object, named by the identity. A file's content can hold no
/// mark of ours, and a command leaves none at all.
pub(crate) const MARKS: &str = "/var/lib/cplan/owned";

/// The attribute that names the machine.
pub(crate) fn attribute() -> Attribute {
    Attribute::required(Access::ty(), "The machine: `lab_machine.NAME.access`.").container()
}

/// The machine of an object's values.
pub(crate) fn access(values: &Value) -> Result<Access, ProviderError> {
    values
        .get("machine")
        .and_then(Access::from_value)
        .ok_or_else(|| ProviderError::failed("the access to the machine is not known"))
}

/// Where an object with these values is read.
pub(crate) fn locality(values: &Value) -> Locality {
    access(values).map_or(Locality::Anywhere, Locality::Machine)
}

/// Beside others on the machine, and not while somebody measures there.
pub(crate) fn claims(values: &Value) -> Vec<Claim> {
    let id = values.get("machine").and_then(|m| m.get("id")).and_then(Value::as_str);
    id.map(|id| Claim::shared(format!("machine:{id}"))).into_iter().collect()
}

/// The sha256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// A known string attribute.
pub(crate) fn text<'a>(values: &'a Value, name: &str) -> Option<&'a str> {
    values.get(name).and_then(Value::as_str)
}
