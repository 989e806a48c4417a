//! What libvirt says of machines, in bulk, and what it means in values.

use std::collections::HashMap;

use cplan_model::{Format, Identity, Number, Type, Value, parse_quantity, spelling_for};
use cplan_sdk::from_value;
use virt::connect::Connect;
use virt::domain::DomainState;
use virt::enumutil::Enum;

use super::schema::interface;
use super::throttle::capacity;
use super::values::{LABEL, Machine, TIER, TIMEZONE, disk_bytes, memory_kib, quota};
use crate::client::LibvirtError;
use crate::network::master;
use crate::xml::domain::{DomainSpec, InterfaceSpec, PERIOD, disk_name, parse};

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
    /// How large its disk looks to it, in bytes.
    pub(super) disk_size: Option<u64>,
}

/// The domains with these UUIDs, in one look.
pub(super) fn find(
    connection: &Connect,
    uuids: &[String],
    local: bool,
) -> Result<HashMap<String, Found>, LibvirtError> {
    let cpus = u64::from(connection.node_info().map_err(LibvirtError::call("describe the host"))?.cpus);
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
            let mut spec =
                parse(&xml).map_err(|source| LibvirtError::Xml { what: format!("the domain {uuid}"), source })?;
            // To run on all of them is to be pinned to none.
            spec.pins.retain(|_, set| !(0..cpus).all(|cpu| set.contains(&cpu)));
            let active = !matches!(state, Enum::Known(DomainState::Shutoff | DomainState::NoState));
            let running = matches!(state, Enum::Known(DomainState::Running | DomainState::Blocked));
            let defined = domain.is_persistent().map_err(refused())?;
            let disk_size = capacity(&domain, &disk_name(0)).ok();
            Ok(Found { spec, active, running, defined, connected: true, disk_size })
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
    let values = limits(spec, prior)
        .with("disk_size", disk_size(prior, found.disk_size))
        .with("memory", memory(prior, "memory", spec.memory_kib))
        .with("maximum_memory", memory(prior, "maximum_memory", spec.maximum_kib))
        .with("cpus", Value::number(spec.cpus))
        .with("arch", Value::string(spec.arch.name()))
        .with("running", Value::bool(found.running))
        .with("connected", Value::bool(found.connected))
        .with("defined", Value::bool(found.defined));
    let Ok(machine) = Machine::from_values(prior) else { return values };
    let names = machine.plugs().map(|p| &p.network.name);
    let expected: Vec<_> = machine.macs(&identity.id).into_iter().zip(names).collect();
    let present =
        |(mac, network): &(String, &String)| spec.interfaces.iter().any(|i| i.mac == *mac && i.network == **network);
    // The cable of a lab interface is an attribute of its own; that of the management network is always plugged in.
    let pulled = expected.first().is_some_and(|(mac, _)| spec.interfaces.iter().any(|i| i.mac == *mac && !i.up));
    let mut values = if pulled { values.with("connected", Value::bool(false)) } else { values };
    if let Some(management) = expected.first().filter(|e| !present(e)).and_then(|_| prior.get("management")) {
        values = values.with("management", Value::null(management.ty()));
    } else if let (Some(management), Some((mac, _))) = (prior.get("management"), expected.first()) {
        values = values.with("management", as_told(management, mac, spec));
    }
    let entries = prior.get("interface").and_then(Value::as_slice).unwrap_or_default();
    let kept = entries.iter().zip(expected.iter().skip(1)).filter(|(_, e)| present(e));
    let kept = kept.map(|(entry, (mac, _))| with_cable(as_told(entry, mac, spec), mac, spec));
    let strangers = spec.interfaces.iter().filter(|i| !expected.iter().any(|(mac, _)| *mac == i.mac)).map(stranger);
    let list: Vec<_> = kept.chain(strangers).collect();
    if list.as_slice() != entries {
        values = values.with("interface", Value::list(interface().object_type(), list));
    }
    values
}

/// The size of its disk, where it is not left to the image.
fn disk_size(prior: &Value, found: Option<u64>) -> Value {
    let before = prior.get("disk_size").cloned().unwrap_or_else(|| Value::null(Type::String));
    let wanted = before.as_str().and_then(|text| disk_bytes(text).ok());
    match (wanted, found) {
        (Some(wanted), Some(found)) if wanted != found => Value::string(spelling_for(Format::Bytes, found)),
        _ => before,
    }
}

fn memory(prior: &Value, name: &str, kib: u64) -> Value {
    match prior.get(name).and_then(Value::as_str) {
        Some(text) if memory_kib(text).is_ok_and(|before| before == kib) => Value::string(text),
        _ => Value::string(spelling_for(Format::Bytes, kib * 1024)),
    }
}

/// What limits it, and what is noted about it.
fn limits(spec: &DomainSpec, prior: &Value) -> Value {
    let disk = spec.disks.first();
    let throughput = |name: &str, found: Option<u64>| match (prior.get(name).and_then(Value::as_str), found) {
        (Some(text), Some(found)) if parse_quantity(Format::Throughput, text) == Ok(found) => Value::string(text),
        (_, Some(found)) => Value::string(spelling_for(Format::Throughput, found)),
        (_, None) => Value::null(Type::String),
    };
    let note = |key: &str| spec.notes.get(key).map_or_else(|| Value::null(Type::String), |t| Value::string(t.as_str()));
    let labels =
        spec.notes.iter().filter_map(|(key, text)| Some((key.strip_prefix(LABEL)?, Value::string(text.as_str()))));
    let labels = Value::map(Type::String, labels);
    // None and an empty map mean the same.
    let unlabelled = prior.get("labels").is_none_or(Value::is_null) && labels.as_map().is_none_or(|m| m.is_empty());
    let labels = if unlabelled { Value::null(Type::map(Type::String)) } else { labels };
    prior
        .with("cpu_quota", share(spec, prior))
        .with("cpu_pin", pins(spec))
        .with("disk_read_limit", throughput("disk_read_limit", disk.and_then(|d| d.read_limit)))
        .with("disk_write_limit", throughput("disk_write_limit", disk.and_then(|d| d.write_limit)))
        .with("tier", note(TIER))
        .with("timezone", note(TIMEZONE))
        .with("labels", labels)
}

/// The quota as a share; as it was written where that means the same, because a period has whole microseconds.
fn share(spec: &DomainSpec, prior: &Value) -> Value {
    let Some(found) = spec.quota else { return Value::null(Type::Number) };
    let before = prior.get("cpu_quota").filter(|v| from_value::<f64>(v).is_ok_and(|share| quota(share) == found));
    let digits = format!("{}.{:05}", found / PERIOD, found % PERIOD);
    before
        .cloned()
        .unwrap_or_else(|| Number::parse(&digits).map_or_else(|_| Value::number(found / PERIOD), Value::number))
}

/// One processor of the host for each of its own; where that is not what is there, the first of each set.
fn pins(spec: &DomainSpec) -> Value {
    if spec.pins.is_empty() {
        return Value::null(Type::list(Type::Number));
    }
    let first =
        spec.pins.values().map(|set| set.first().map_or_else(|| Value::null(Type::Number), |n| Value::number(*n)));
    Value::list(Type::Number, first)
}

/// An entry with its cable as it is found.
fn with_cable(entry: Value, mac: &str, spec: &DomainSpec) -> Value {
    let found = spec.interfaces.iter().find(|i| i.mac == mac).is_none_or(|i| i.up);
    let before = entry.get("up").and_then(Value::as_bool).unwrap_or(true);
    if found == before { entry } else { entry.with("up", Value::bool(found)) }
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
    let mac = Value::string(interface.mac.as_str());
    Value::object([("network", network), ("address", null()), ("mac", mac), ("up", Value::null(Type::Bool))])
}
