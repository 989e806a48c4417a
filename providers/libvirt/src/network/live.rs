//! The network as libvirt has it.

use std::path::Path;

use cplan_model::Identity;
use cplan_sdk::{ErrorKind, ProviderError};
use virt::connect::Connect;
use virt::network::Network;
use virt::sys;

use super::values::Wanted;
use crate::client::{Client, LibvirtError};
use crate::ownership::{Mark, taken};
use crate::xml::domain;
use crate::xml::network::{Mode, NetworkSpec, Reservation, parse, render, render_reservation};

/// A network and its state.
pub(super) struct Found {
    pub(super) spec: NetworkSpec,
    pub(super) active: bool,
    pub(super) autostart: bool,
}

/// All networks of the host.
pub(super) fn all(connection: &Connect) -> Result<Vec<Found>, LibvirtError> {
    let networks = connection.list_all_networks(0).map_err(LibvirtError::call("list the networks"))?;
    let mut found = Vec::with_capacity(networks.len());
    for network in &networks {
        match look(network) {
            Ok(one) => found.push(one),
            // Gone since the list was made.
            Err(error) if error.is_missing() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn look(network: &Network) -> Result<Found, LibvirtError> {
    let refused = || LibvirtError::call("show a network");
    let xml = network.xml_desc(0).map_err(refused())?;
    let spec = parse(&xml).map_err(|source| LibvirtError::Xml { what: "a network".to_owned(), source })?;
    let active = network.is_active().map_err(refused())?;
    let autostart = network.autostart().map_err(refused())?;
    Ok(Found { spec, active, autostart })
}

/// Makes the network what it should be, from wherever it is.
pub(super) async fn ensure(client: &Client, identity: Identity, wanted: Wanted) -> Result<(), ProviderError> {
    let spec = wanted.0;
    // A bridge of somebody else's is left as it is.
    let local = client.settings().get().is_local() && spec.mode != Mode::Bridge;
    let bridge = spec.bridge.clone();
    if spec.mode == Mode::Bridge && client.settings().get().is_local() {
        let there = Path::new("/sys/class/net").join(&bridge);
        if !there.join("bridge").exists() {
            let what = if there.exists() { "is not a bridge" } else { "is not there" };
            return Err(ProviderError::new(ErrorKind::NotFound, format!("the interface `{bridge}` {what}"))
                .remedy("Name a bridge of this host, or make one with a `lab_host_bridge`."));
        }
    }
    let name = spec.name.clone();
    let started = client.call(move |c| Ok(ensure_blocking(c, &identity, &spec))).await??;
    if started && local {
        answer_soon(&bridge).await;
        reattach(client, &name, &bridge).await?;
    }
    Ok(())
}

/// Whether it was started.
fn ensure_blocking(connection: &Connect, identity: &Identity, spec: &NetworkSpec) -> Result<bool, ProviderError> {
    let what = format!("the network `{}`", spec.name);
    let refused = |verb: &str| LibvirtError::call(format!("{verb} {what}"));
    let mut existing = None;
    for found in all(connection)? {
        if found.spec.uuid == spec.uuid {
            Mark::check(found.spec.mark.as_ref(), identity, &what)?;
            existing = Some(found);
        } else if found.spec.name == spec.name {
            return Err(taken(found.spec.mark.as_ref(), identity, &what));
        }
    }
    let same = existing.as_ref().is_some_and(|found| unchanged(&found.spec, spec));
    let network = if same {
        connection.lookup_network_by_uuid_string(&spec.uuid).map_err(refused("find"))?
    } else {
        connection.define_network_xml(&render(spec)).map_err(refused("define"))?
    };
    network.set_autostart(true).map_err(refused("mark for autostart"))?;
    let mut active = existing.as_ref().is_some_and(|found| found.active);
    if active && !same {
        if let Some(found) = existing.as_ref().filter(|found| only_reservations_differ(&found.spec, spec)) {
            update_reservations(&network, &found.spec, spec).map_err(refused("change the reservations of"))?;
            return Ok(false);
        }
        network.destroy().map_err(refused("stop"))?;
        active = false;
    }
    if active {
        return Ok(false);
    }
    if let Err(error) = network.create() {
        if existing.is_none() {
            // Undo the definition: a network that never ran leaves nothing behind.
            let _ = network.undefine();
        }
        return Err(refused("start")(error).into());
    }
    Ok(true)
}

fn unchanged(found: &NetworkSpec, wanted: &NetworkSpec) -> bool {
    only_reservations_differ(found, wanted) && found.reservations == wanted.reservations
}

fn only_reservations_differ(found: &NetworkSpec, wanted: &NetworkSpec) -> bool {
    NetworkSpec { reservations: wanted.reservations.clone(), ..found.clone() } == *wanted
}

/// Live: machines stay connected. libvirt can change a host only if its key stays, so a changed one is removed and added.
fn update_reservations(network: &Network, found: &NetworkSpec, wanted: &NetworkSpec) -> Result<(), virt::error::Error> {
    let update = |command, name: &str, reservation: &Reservation| {
        network.update(
            command,
            sys::VIR_NETWORK_SECTION_IP_DHCP_HOST,
            -1,
            &render_reservation(name, reservation),
            // The definition is new already.
            sys::VIR_NETWORK_UPDATE_AFFECT_LIVE,
        )
    };
    for (name, old) in &found.reservations {
        if wanted.reservations.get(name) != Some(old) {
            update(sys::VIR_NETWORK_UPDATE_COMMAND_DELETE, name, old)?;
        }
    }
    for (name, new) in &wanted.reservations {
        if found.reservations.get(name) != Some(new) {
            update(sys::VIR_NETWORK_UPDATE_COMMAND_ADD_LAST, name, new)?;
        }
    }
    Ok(())
}

/// Stops and undefines the network; what is gone is fine, what is not ours is not touched.
pub(super) async fn remove(client: &Client, identity: Identity) -> Result<(), ProviderError> {
    client.call(move |c| Ok(remove_blocking(c, &identity))).await?
}

fn remove_blocking(connection: &Connect, identity: &Identity) -> Result<(), ProviderError> {
    let network =
        match connection.lookup_network_by_uuid_string(&identity.id).map_err(LibvirtError::call("find a network")) {
            Ok(network) => network,
            Err(error) if error.is_missing() => return Ok(()),
            Err(error) => return Err(error.into()),
        };
    let found = look(&network)?;
    let what = format!("the network `{}`", found.spec.name);
    Mark::check(found.spec.mark.as_ref(), identity, &what)?;
    let tolerate = |result: Result<(), virt::error::Error>, verb: &str| match result
        .map_err(LibvirtError::call(format!("{verb} {what}")))
    {
        Err(error) if error.is_missing() || error.is_wrong_state() => Ok(()),
        other => other,
    };
    if found.active {
        tolerate(network.destroy(), "stop")?;
    }
    Ok(tolerate(network.undefine(), "undefine")?)
}

/// Plugs the taps of running machines into a bridge again: a network that was stopped leaves them loose.
pub(crate) async fn reattach(client: &Client, network: &str, bridge: &str) -> Result<(), ProviderError> {
    let name = network.to_owned();
    let taps = client
        .call(move |connection| {
            let running = sys::VIR_CONNECT_LIST_DOMAINS_ACTIVE;
            let domains = connection.list_all_domains(running).map_err(LibvirtError::call("list the domains"))?;
            let specs = domains.iter().filter_map(|d| domain::parse(&d.xml_desc(0).ok()?).ok());
            let interfaces = specs.flat_map(|spec| spec.interfaces).filter(|i| i.network == name);
            Ok(interfaces.filter_map(|i| i.tap).collect::<Vec<_>>())
        })
        .await?;
    for tap in taps {
        if master(&tap).as_deref() == Some(bridge) {
            continue;
        }
        let arguments = ["link", "set", "dev", &tap, "master", bridge, "up"];
        let output = tokio::process::Command::new("ip").args(arguments).output().await;
        let output = output.map_err(|e| ProviderError::failed("`ip` cannot be run").source(e))?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(ProviderError::failed(format!("`{tap}` cannot be plugged into `{bridge}`: {why}"))
                .remedy(format!("It needs root: ip link set dev {tap} master {bridge} up; or restart the machine.")));
        }
    }
    Ok(())
}

/// The bridge that a tap of this host is plugged into.
pub(crate) fn master(tap: &str) -> Option<String> {
    let link = std::fs::read_link(Path::new("/sys/class/net").join(tap).join("master")).ok()?;
    link.file_name().map(|name| name.to_string_lossy().into_owned())
}

/// A guest that starts is found by ARP; the kernel's second try comes after a second, which would be waited at every
/// start. On this bridge it comes after 50 ms. Only a matter of speed, so a failure does not count.
async fn answer_soon(bridge: &str) {
    let _ = tokio::fs::write(format!("/proc/sys/net/ipv4/neigh/{bridge}/retrans_time_ms"), "50").await;
}
