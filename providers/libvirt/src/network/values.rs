//! From values to what is wanted, and from what is found to values.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use cplan_model::{Identity, Type, Value};
use cplan_sdk::{ProviderError, from_value};
use ipnet::Ipv4Net;
use serde::Deserialize;

use super::live::Found;
use crate::naming::{bridge_name, libvirt_name, mac_address};
use crate::ownership::Mark;
use crate::xml::network::{Mode, NetworkSpec, Reservation};

/// The network that should be.
pub(super) struct Wanted(pub(super) NetworkSpec);

#[derive(Deserialize)]
struct Plain {
    mode: Option<String>,
    cidr: String,
    bridge: Option<String>,
    reservations: Option<BTreeMap<String, PlainReservation>>,
}

#[derive(Deserialize)]
struct PlainReservation {
    mac: String,
    address: String,
}

impl Wanted {
    pub(super) fn from_values(identity: &Identity, values: &Value) -> Result<Wanted, ProviderError> {
        let plain: Plain = from_value(values)?;
        let net: Ipv4Net = plain.cidr.parse().map_err(|e| {
            ProviderError::failed(format!("`{}` is not a network in CIDR notation", plain.cidr)).source(e)
        })?;
        let address = gateway(net).and_then(|gateway| Ipv4Net::new(gateway, net.prefix_len()).ok());
        let reservations = plain.reservations.unwrap_or_default();
        let mode = match plain.mode.as_deref() {
            Some("nat") => Mode::Nat,
            Some("bridge") => Mode::Bridge,
            _ => Mode::Isolated,
        };
        // What others have made keeps what others have given it.
        let own = mode != Mode::Bridge;
        Ok(Wanted(NetworkSpec {
            mark: Some(Mark::from(identity)),
            name: libvirt_name(identity),
            uuid: identity.id.clone(),
            bridge: plain.bridge.filter(|_| !own).unwrap_or_else(|| bridge_name(&identity.id)),
            mac: own.then(|| mac_address(&identity.id, 0)),
            mode,
            address: address.filter(|_| own),
            reservations: reservations
                .into_iter()
                .map(|(name, r)| (name, Reservation { mac: r.mac.to_ascii_lowercase(), address: r.address }))
                .collect(),
        }))
    }
}

/// The host's address in a network: the first; `None` where there is no room for a host and a machine.
pub(super) fn gateway(net: Ipv4Net) -> Option<Ipv4Addr> {
    (net.prefix_len() <= 30).then(|| Ipv4Addr::from(u32::from(net.network()) + 1))
}

/// What will be: all that follows from the identity and the known configuration is known.
pub(super) fn planned(identity: &Identity, config: &Value, proposed: &Value) -> Value {
    let mode = match config.get("mode") {
        Some(mode) if !mode.is_null() => mode.clone(),
        _ => Value::string("isolated"),
    };
    let cidr = proposed.get("cidr").cloned().unwrap_or_else(|| Value::unknown(Type::String));
    let set = |name: &str| config.get(name).filter(|v| !v.is_null()).cloned();
    if mode.as_str() == Some("bridge") {
        let [bridge, gateway] = ["bridge", "gateway"].map(|n| set(n).unwrap_or_else(|| Value::null(Type::String)));
        return complete(identity, proposed, bridge, [mode, cidr, gateway], true);
    }
    if !mode.is_known() {
        let unknown = || Value::unknown(Type::String);
        return complete(identity, proposed, unknown(), [mode, cidr, unknown()], true);
    }
    let gateway = match cidr.as_str().map(str::parse::<Ipv4Net>) {
        Some(Ok(net)) => gateway(net).map_or_else(|| Value::null(Type::String), |a| Value::string(a.to_string())),
        Some(Err(_)) => Value::null(Type::String),
        None => Value::unknown(Type::String),
    };
    complete(identity, proposed, Value::string(bridge_name(&identity.id)), [mode, cidr, gateway], true)
}

/// What is there; what means the same as before keeps its spelling.
pub(super) fn observed(identity: &Identity, found: &Found, prior: &Value) -> Value {
    let spec = &found.spec;
    // libvirt knows nothing of the addresses on a bridge that is not its own.
    let believed = |name: &str| prior.get(name).cloned().unwrap_or_else(|| Value::null(Type::String));
    let (cidr, gateway) = match spec.address {
        _ if spec.mode == Mode::Bridge => (believed("cidr"), believed("gateway")),
        Some(net) => (Value::string(net.trunc().to_string()), Value::string(net.addr().to_string())),
        None => (Value::string(""), Value::null(Type::String)),
    };
    let values = complete(
        identity,
        prior,
        Value::string(spec.bridge.as_str()),
        [Value::string(spec.mode.as_str()), cidr, gateway],
        found.active && found.autostart,
    );
    let before = Wanted::from_values(identity, prior).map(|w| w.0.reservations).unwrap_or_default();
    if before == spec.reservations {
        return values;
    }
    let ty = Type::object([("mac", Type::String), ("address", Type::String)]);
    let reservations = spec.reservations.iter().map(|(name, r)| {
        let value = [("mac", Value::string(r.mac.as_str())), ("address", Value::string(r.address.as_str()))];
        (name.as_str(), Value::object(value))
    });
    values.with("reservations", Value::map(ty, reservations))
}

fn complete(identity: &Identity, base: &Value, bridge: Value, settings: [Value; 3], active: bool) -> Value {
    let [mode, cidr, gateway] = settings;
    let name = Value::string(libvirt_name(identity));
    let id = Value::string(identity.id.as_str());
    let attachment = Value::object([
        ("id", id.clone()),
        ("name", name.clone()),
        ("cidr", cidr.clone()),
        ("gateway", gateway.clone()),
        ("mode", mode.clone()),
    ]);
    base.with("id", id)
        .with("name", name)
        .with("bridge", bridge)
        .with("mode", mode)
        .with("cidr", cidr)
        .with("gateway", gateway)
        .with("active", Value::bool(active))
        .with("attachment", attachment)
}
