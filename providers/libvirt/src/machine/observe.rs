//! What libvirt says of machines, in bulk, and what it means in values.

use std::collections::HashMap;

use cplan_model::{Format, Identity, Type, Value, parse_quantity, spelling_for};
use virt::connect::Connect;
use virt::domain::DomainState;
use virt::enumutil::Enum;

use super::values::{Machine, memory_kib};
use crate::client::LibvirtError;
use crate::naming::mac_address;
use crate::network::master;
use crate::xml::domain::{DomainSpec, InterfaceSpec, parse};

/// A domain and its state.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) spec: DomainSpec,
    pub(super) active: bool,
    pub(super) running: bool,
    /// Whether libvirt keeps it when it stops.
    pub(super) defined: bool,
    /// Whether all taps are plugged in, as far as that can be seen from here.
    pub(super) connected: bool,
}

/// The domains with these UUIDs, in one look.
pub(super) fn find(
    connection: &Connect,
    uuids: &[String],
    local: bool,
) -> Result<HashMap<String, Found>, LibvirtError> {
    let mut bridges = HashMap::new();
    let mut found = HashMap::new();
    for domain in connection.list_all_domains(0).map_err(LibvirtError::call("list the domains"))? {
        let uuid = domain.uuid_string().map_err(LibvirtError::call("name a domain"))?;
        if !uuids.contains(&uuid) {
            continue;
        }
        let look = || -> Result<Found, LibvirtError> {
            let refused = || LibvirtError::call(format!("show the domain {uuid}"));
            let (state, _) = domain.state().map_err(refused())?;
            let xml = domain.xml_desc(0).map_err(refused())?;
            let spec =
                parse(&xml).map_err(|source| LibvirtError::Xml { what: format!("the domain {uuid}"), source })?;
            let active = !matches!(state, Enum::Known(DomainState::Shutoff | DomainState::NoState));
            let running = matches!(state, Enum::Known(DomainState::Running | DomainState::Blocked));
            let defined = domain.is_persistent().map_err(refused())?;
            Ok(Found { spec, active, running, defined, connected: true })
        };
        match look() {
            Ok(mut one) => {
                one.connected = !local || one.spec.interfaces.iter().all(|i| is_plugged(connection, &mut bridges, i));
                found.insert(uuid, one);
            }
            // Gone since the list was made.
            Err(error) if error.is_missing() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Whether the tap of a running machine is in the bridge of its network; networks are asked once each.
fn is_plugged(connection: &Connect, bridges: &mut HashMap<String, Option<String>>, interface: &InterfaceSpec) -> bool {
    let Some(tap) = &interface.tap else { return true };
    let bridge = bridges.entry(interface.network.clone()).or_insert_with(|| {
        connection.lookup_network_by_name(&interface.network).and_then(|network| network.bridge_name()).ok()
    });
    bridge.is_some() && master(tap) == *bridge
}

/// The values; what means the same as before keeps its spelling.
pub(super) fn values(identity: &Identity, found: &Found, prior: &Value) -> Value {
    let spec = &found.spec;
    let before = prior.get("memory").and_then(Value::as_str);
    let memory = match before {
        Some(text) if memory_kib(text).is_ok_and(|kib| kib == spec.memory_kib) => text.to_owned(),
        _ => spelling_for(Format::Bytes, spec.memory_kib * 1024),
    };
    let values = prior
        .with("memory", Value::string(memory))
        .with("cpus", Value::number(spec.cpus))
        .with("running", Value::bool(found.running))
        .with("connected", Value::bool(found.connected))
        .with("defined", Value::bool(found.defined));
    let Ok(machine) = Machine::from_values(prior) else { return values };
    let expected: Vec<_> =
        machine.plugs().enumerate().map(|(i, p)| (mac_address(&identity.id, i), &p.network.name)).collect();
    let present =
        |(mac, network): &(String, &String)| spec.interfaces.iter().any(|i| i.mac == *mac && i.network == **network);
    let mut values = values;
    if let Some(management) = expected.first().filter(|e| !present(e)).and_then(|_| prior.get("management")) {
        values = values.with("management", Value::null(management.ty()));
    } else if let (Some(management), Some((mac, _))) = (prior.get("management"), expected.first()) {
        values = values.with("management", as_told(management, mac, spec));
    }
    let entries = prior.get("interface").and_then(Value::as_slice).unwrap_or_default();
    let kept = entries.iter().zip(expected.iter().skip(1)).filter(|(_, e)| present(e));
    let kept = kept.map(|(entry, (mac, _))| as_told(entry, mac, spec));
    let strangers = spec.interfaces.iter().filter(|i| !expected.iter().any(|(mac, _)| *mac == i.mac)).map(stranger);
    let list: Vec<_> = kept.chain(strangers).collect();
    if list.as_slice() != entries {
        let element = prior.get("management").map_or(Type::Dynamic, Value::ty);
        values = values.with("interface", Value::list(element, list));
    }
    values
}

/// An entry with the address that the running guest was told, where that is another one: an update that was interrupted
/// before the restart.
fn as_told(entry: &Value, mac: &str, spec: &DomainSpec) -> Value {
    let told = spec.interfaces.iter().find(|i| i.mac == mac).and_then(|i| i.told.as_ref()?.split('/').next());
    match told {
        Some(told) if entry.get("address").and_then(Value::as_str) != Some(told) => {
            entry.with("address", Value::string(told))
        }
        _ => entry.clone(),
    }
}

/// An interface that somebody else added.
fn stranger(interface: &InterfaceSpec) -> Value {
    let null = || Value::null(Type::String);
    let network = Value::object([
        ("id", null()),
        ("name", Value::string(interface.network.as_str())),
        ("cidr", null()),
        ("gateway", null()),
        ("mode", null()),
    ]);
    Value::object([("network", network), ("address", null())])
}

/// Whether two sizes mean the same.
pub(super) fn same_memory(a: Option<&str>, b: Option<&str>) -> bool {
    let bytes = |text: Option<&str>| text.and_then(|t| parse_quantity(Format::Bytes, t).ok());
    bytes(a) == bytes(b)
}
