//! The shell scripts that make, change and take away a bridge. Pure; they are files before they run, so that the one that
//! undoes the other needs nobody who is still there.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use cplan_sdk::quote;
use serde::{Deserialize, Serialize};

use super::link::Links;
use super::wanted::Wanted;

/// The settings that decide whether a packet filter sees what crosses a bridge.
pub(super) const NETFILTER: [&str; 3] =
    ["bridge-nf-call-iptables", "bridge-nf-call-ip6tables", "bridge-nf-call-arptables"];
/// Where they are.
pub(super) const SETTINGS: &str = "/proc/sys/net/bridge";

/// What an interface had, so that it gets it back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Before {
    /// The interface, or the bridge itself where that is changed.
    pub(super) interface: String,
    /// Whether it was switched on.
    pub(super) up: bool,
    /// Its addresses in CIDR notation.
    pub(super) addresses: BTreeSet<String>,
    /// The arguments of `ip` that make its routes.
    pub(super) routes: Vec<String>,
    /// Whether a bridge took part in a spanning tree.
    pub(super) stp: bool,
    /// The settings of the packet filter, by name; none where the kernel has none.
    pub(super) netfilter: Vec<(String, String)>,
}

impl Before {
    /// The IPv4 default gateway.
    pub(super) fn gateway(&self) -> Option<&str> {
        let via = |route: &'_ String| route.starts_with("-4 ") && route.contains(" replace default ");
        self.routes.iter().find(|route| via(route))?.split(" via ").nth(1)?.split(' ').next()
    }

    /// As it is now.
    pub(super) fn of(links: &Links, interface: &str) -> Before {
        let link = links.get(interface);
        let value = |name: &str| {
            let text = std::fs::read_to_string(format!("{SETTINGS}/{name}")).ok()?;
            Some((name.to_owned(), text.trim().to_owned()))
        };
        Before {
            interface: interface.to_owned(),
            up: link.is_some_and(super::link::Link::is_up),
            addresses: link.map(super::link::Link::addresses).unwrap_or_default(),
            routes: links.routes(interface).iter().map(|route| route.arguments(interface)).collect(),
            stp: link.is_some_and(super::link::Link::stp),
            netfilter: NETFILTER.into_iter().filter_map(value).collect(),
        }
    }
}

/// Makes the bridge from nothing; the hardware address of the interface becomes that of the bridge, so that the host
/// stays who it is to its network.
pub(super) fn make(wanted: &Wanted, links: &Links) -> String {
    let (bridge, port) = (quote(&wanted.name), quote(&wanted.interface));
    let mac = links.get(&wanted.interface).map(|link| link.mac.clone()).unwrap_or_default();
    let mut script = String::from("set -e\n");
    let _ = writeln!(script, "ip link add name {bridge} address {} type bridge {}", quote(&mac), spanning(wanted.stp));
    let _ = writeln!(script, "ip link set dev {bridge} alias {}", quote(&wanted.mark));
    script += &join(wanted);
    script +=
        &settle(wanted, &links.routes(&wanted.interface).iter().map(|r| r.arguments(&wanted.name)).collect::<Vec<_>>());
    let _ = writeln!(script, "ip address flush dev {port} scope global");
    script
}

/// Brings a bridge that is there to what it should be.
pub(super) fn change(wanted: &Wanted, links: &Links) -> String {
    let bridge = quote(&wanted.name);
    let mut script = String::from("set -e\n");
    let _ = writeln!(script, "ip link set dev {bridge} type bridge {}", spanning(wanted.stp));
    let master = links.get(&wanted.interface).and_then(|link| link.master.as_deref());
    if master != Some(&wanted.name) {
        script += &join(wanted);
    }
    let now = links.get(&wanted.name).map(super::link::Link::addresses).unwrap_or_default();
    for gone in now.difference(&wanted.addresses) {
        let _ = writeln!(script, "ip address delete {} dev {bridge}", quote(gone));
    }
    // The default route stands with the gateway, the others as they are.
    let routes: Vec<String> = links
        .routes(&wanted.name)
        .iter()
        .filter(|r| r.dst != "default" || r.gateway.as_deref().is_some_and(|g| g.contains(':')))
        .map(|r| r.arguments(&wanted.name))
        .collect();
    if links.gateway(&wanted.name).is_some() && links.gateway(&wanted.name) != wanted.gateway.as_deref() {
        let _ = writeln!(script, "ip -4 route delete default dev {bridge}");
    }
    script + &settle(wanted, &routes)
}

/// Takes the bridge away, and gives the interface what it had.
pub(super) fn give_back(bridge: &str, before: &Before) -> String {
    let (name, port) = (quote(bridge), quote(&before.interface));
    let mut script = String::new();
    let _ = writeln!(script, "ip link set dev {port} nomaster");
    let _ = writeln!(script, "ip link delete dev {name} type bridge");
    script + &restore(before)
}

/// Makes a bridge again as it is now, whatever of it is there by then.
pub(super) fn bring_back(wanted: &Wanted, links: &Links) -> String {
    let now = Before::of(links, &wanted.name);
    let wanted = Wanted { addresses: now.addresses, gateway: None, netfilter: None, ..wanted.clone() };
    let (bridge, port) = (quote(&wanted.name), quote(&wanted.interface));
    let mac = links.get(&wanted.name).map(|link| link.mac.clone()).unwrap_or_default();
    let spanning = spanning(now.stp);
    let mut script = format!("ip link add name {bridge} address {} type bridge {spanning}\n", quote(&mac));
    let _ = writeln!(script, "ip link set dev {bridge} alias {}", quote(&wanted.mark));
    script += &join(&wanted);
    script += &settle(&wanted, &now.routes);
    let _ = writeln!(script, "ip address flush dev {port} scope global");
    for (name, value) in &now.netfilter {
        let _ = writeln!(script, "[ ! -e {SETTINGS}/{name} ] || echo {} >{SETTINGS}/{name}", quote(value));
    }
    script
}

/// Gives a bridge or an interface what it had; what fails does not keep the rest from it.
pub(super) fn restore(before: &Before) -> String {
    let port = quote(&before.interface);
    let mut script = String::new();
    let _ = writeln!(script, "ip address flush dev {port} scope global");
    let _ = writeln!(script, "ip link set dev {port} {}", if before.up { "up" } else { "down" });
    for address in &before.addresses {
        let _ = writeln!(script, "ip address replace {} dev {port}{}", quote(address), no_detection(address));
    }
    for route in &before.routes {
        let _ = writeln!(script, "ip {route}");
    }
    for (name, value) in &before.netfilter {
        let _ = writeln!(script, "[ ! -e {SETTINGS}/{name} ] || echo {} >{SETTINGS}/{name}", quote(value));
    }
    script
}

/// The spanning tree of a bridge as it was.
pub(super) fn restore_spanning(before: &Before) -> String {
    format!("ip link set dev {} type bridge {}\n", quote(&before.interface), spanning(before.stp))
}

fn join(wanted: &Wanted) -> String {
    let (bridge, port) = (quote(&wanted.name), quote(&wanted.interface));
    format!("ip link set dev {port} up\nip link set dev {port} master {bridge}\nip link set dev {bridge} up\n")
}

/// Addresses, then routes, then the packet filter.
fn settle(wanted: &Wanted, routes: &[String]) -> String {
    let bridge = quote(&wanted.name);
    let mut script = format!("ip link set dev {bridge} up\n");
    for address in &wanted.addresses {
        let _ = writeln!(script, "ip address replace {} dev {bridge}{}", quote(address), no_detection(address));
    }
    for route in routes {
        let _ = writeln!(script, "ip {route}");
    }
    if let Some(gateway) = &wanted.gateway
        && !routes.iter().any(|r| r.contains("replace default ") && r.contains(&format!(" via {gateway} ")))
    {
        let _ = writeln!(script, "ip -4 route replace default via {} dev {bridge}", quote(gateway));
    }
    if let Some(on) = wanted.netfilter {
        if on {
            let _ = writeln!(script, "[ -e {SETTINGS} ] || modprobe br_netfilter");
        }
        for name in NETFILTER {
            let _ = writeln!(script, "[ ! -e {SETTINGS}/{name} ] || echo {} >{SETTINGS}/{name}", u8::from(on));
        }
    }
    script
}

/// With a spanning tree a port forwards after twice this delay, of which two seconds are the least; without one at once.
fn spanning(stp: bool) -> &'static str {
    if stp { "stp_state 1 forward_delay 200" } else { "stp_state 0 forward_delay 0" }
}

/// An IPv6 address that this host had a moment ago is nobody else's.
fn no_detection(address: &str) -> &'static str {
    if address.contains(':') { " nodad" } else { "" }
}
