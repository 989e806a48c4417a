//! What is wrong with bridges, before anything is touched.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use cplan_model::{AttrPath, Diagnostic, Diagnostics, Format, InstanceAddr, Step, Value, parse_quantity};

use super::boot::{self, Tool};
use super::link::Links;

/// What stands for no file that is written at all.
pub(super) const NONE: &str = "none";

fn text<'v>(values: &'v Value, name: &str) -> Option<&'v str> {
    values.get(name).and_then(Value::as_str)
}

/// What one block says, as far as it is known.
pub(super) fn one(config: &Value) -> Diagnostics {
    let mut found = Diagnostics::new();
    let mut wrong = |id, summary: &str, what: String, remedy: &str, at: AttrPath| {
        found.push(Diagnostic::error(id, summary, what).remedy(remedy).attribute(at));
    };
    for attribute in ["name", "interface"] {
        let Some(name) = text(config, attribute).filter(|name| !is_interface_name(name)) else { continue };
        let what = format!("\"{name}\" cannot be the name of an interface.");
        let remedy = "Write at most 15 letters, digits, dots, dashes or underscores, such as \"br0\".";
        wrong("host-bridge-name", "Invalid interface name", what, remedy, AttrPath::attr(attribute));
    }
    let each = |name: &'static str| {
        let items = config.get(name).and_then(Value::as_slice).unwrap_or_default();
        items.iter().enumerate().filter_map(move |(n, item)| Some((n, item.clone(), item.as_str()?)))
    };
    for (_, element, address) in each("addresses") {
        let parts = address.split_once('/').and_then(|(a, p)| Some((a.parse::<IpAddr>().ok()?, p.parse::<u8>().ok()?)));
        if parts.is_some_and(|(ip, prefix)| prefix <= if ip.is_ipv4() { 32 } else { 128 }) {
            continue;
        }
        let what = format!("\"{address}\" is not an address with a prefix.");
        let at = AttrPath::attr("addresses").then(Step::Element(element));
        wrong("host-bridge-address", "Invalid address", what, "Write one such as \"192.168.1.10/24\".", at);
    }
    let mut address = |address: &str, at: AttrPath, kind: &str, ok: bool| {
        if !ok {
            let what = format!("\"{address}\" is not an {kind}.");
            wrong("host-bridge-address", "Invalid address", what, "Write one such as \"192.168.1.1\".", at);
        }
    };
    if let Some(gateway) = text(config, "gateway") {
        address(gateway, AttrPath::attr("gateway"), "IPv4 address", gateway.parse::<Ipv4Addr>().is_ok());
    }
    for name in ["dns", "reachable"] {
        for (n, _, one) in each(name) {
            address(one, AttrPath::attr(name).then(Step::Index(n)), "address", one.parse::<IpAddr>().is_ok());
        }
    }
    let tools: Vec<_> = Tool::ALL.into_iter().map(Tool::name).chain([NONE]).collect();
    if let Some(tool) = text(config, "persistent").filter(|tool| !tools.contains(tool)) {
        let what = format!("\"{tool}\" is not what configures the network of a host.");
        let remedy = "Write \"ifupdown\", \"netplan\", \"systemd-networkd\" or \"none\".";
        wrong("host-bridge-persistent", "Unknown tool", what, remedy, AttrPath::attr("persistent"));
    }
    if let Some(time) = text(config, "undo_after")
        && parse_quantity(Format::Duration, time).is_ok_and(|n| !(1_000_000_000..=3_600_000_000_000).contains(&n))
    {
        let what = format!("Nobody can say within {time} whether the management path is lost.");
        let remedy = "Write a time from \"1s\" to \"1h\".";
        wrong("host-bridge-undo", "Unusable time limit", what, remedy, AttrPath::attr("undo_after"));
    }
    found
}

/// The kernel's `dev_valid_name`, without what a shell or a configuration file would take for something else.
fn is_interface_name(name: &str) -> bool {
    let fits = !name.is_empty() && name.len() <= 15 && name != "." && name != "..";
    fits && !name.starts_with('-') && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// What is wrong between bridges, and between them and what the host has.
pub(super) fn all(
    planned: &[(InstanceAddr, Value)],
    marks: &BTreeMap<String, String>,
    links: &Links,
    root: &Path,
) -> Diagnostics {
    let mut found = lent(planned, links);
    let mut taken: BTreeMap<&str, &InstanceAddr> = BTreeMap::new();
    for (address, values) in planned {
        let mut wrong = |id, summary: &str, what: String, remedy: &str, attribute: &str| {
            found.push(
                Diagnostic::error(id, summary, what)
                    .remedy(remedy)
                    .address(address.clone())
                    .attribute(AttrPath::attr(attribute)),
            );
        };
        let (Some(interface), Some(name), Some(id)) =
            (text(values, "interface"), text(values, "name"), text(values, "id"))
        else {
            continue;
        };
        // Of one that is about to be replaced all but the id is the same.
        let whose = marks.get(id);
        let is_mark = |alias: &str| alias.contains(id) || whose.is_some_and(|w| is_mark_of(alias, w));
        let ours = |link: &super::link::Link| link.alias.as_deref().is_some_and(is_mark);
        if let Some(other) = taken.insert(interface, address) {
            let what = format!("The interface `{interface}` is the port of `{other}` already.");
            wrong("host-bridge-interface", "Unusable interface", what, "An interface has one bridge.", "interface");
            continue;
        }
        let port = links.get(interface);
        if port.is_some_and(|port| is_of_network_manager(root, port.index)) {
            let what = format!("NetworkManager manages `{interface}` and would take it back from the bridge.");
            let remedy = format!(
                "Let it go with `nmcli device set {interface} managed no` (for good: `unmanaged-devices=interface-name:{interface}` \
                 in /etc/NetworkManager/conf.d), or have NetworkManager make the bridge and write `bridge` in the `lab_network`."
            );
            wrong("host-bridge-networkmanager", "Interface of NetworkManager", what, &remedy, "interface");
        }
        let master = port.and_then(|port| port.master.as_deref());
        let unusable = match port {
            None => Some((
                format!("This host has no interface `{interface}`."),
                "Name one of those that `ip -brief link` shows.".to_owned(),
            )),
            Some(port) if port.is_loopback() || port.is_bridge() => Some((
                format!("The interface `{interface}` cannot be the port of a bridge."),
                "Name a physical one, as `ip -brief link` shows them.".to_owned(),
            )),
            Some(_) if Path::new("/sys/class/net").join(interface).join("wireless").exists() => Some((
                format!("The interface `{interface}` is wireless: access points take no frames of other machines."),
                "Use a network in mode \"nat\", or a wired interface.".to_owned(),
            )),
            Some(_) if master.is_some_and(|m| m != name) && !master.and_then(|m| links.get(m)).is_some_and(ours) => {
                Some((
                    format!("The interface `{interface}` is a port of `{}` already.", master.unwrap_or_default()),
                    "Write `bridge` in the `lab_network` to use that one.".to_owned(),
                ))
            }
            Some(_) => None,
        };
        if let Some((what, remedy)) = unusable {
            wrong("host-bridge-interface", "Unusable interface", what, &remedy, "interface");
        }
        if links.get(name).is_some_and(|link| !ours(link)) {
            let what = format!("This host has an interface `{name}` that cplan did not make.");
            let remedy = "Choose another name, or write `bridge` in the `lab_network` to use that one.";
            wrong("host-bridge-name", "Name already taken", what, remedy, "name");
        }
        let tool = text(values, "persistent").and_then(|t| Tool::ALL.into_iter().find(|tool| tool.name() == t));
        if let Some(tool) = tool.filter(|tool| !tool.is_used(root)) {
            let what = format!("This host's network is not configured by {}.", tool.name());
            let has = Tool::of(root).map_or(NONE, Tool::name);
            wrong("host-bridge-persistent", "Unknown tool", what, &format!("Write \"{has}\"."), "persistent");
        }
        if let Some((tool, port)) = tool.zip(port).filter(|_| links.get(name).is_none()) {
            for what in boot::lost(root, tool, interface, &port.mac) {
                let remedy = "Give the interface a definition of its own there that has only addresses, name servers and one gateway, or \
                              write `persistent = \"none\"` and keep the bridge in these files yourself.";
                wrong("host-bridge-files", "Configuration that would be lost", what, remedy, "interface");
            }
        }
        if tool == Some(Tool::Ifupdown) && !root.join("etc/network/if-pre-up.d/bridge").exists() {
            let what = "ifupdown makes bridges only where bridge-utils is installed.".to_owned();
            let remedy = "Install it: apt-get install bridge-utils.";
            wrong("host-bridge-persistent", "Missing program", what, remedy, "persistent");
        }
        if !may_change_the_network() {
            let what = "Only root can change the network of this host.".to_owned();
            let remedy = "Run cplan as root, or have the bridge made and write `bridge` in the `lab_network`.";
            wrong("host-bridge-root", "Root needed", what, remedy, "interface");
        }
    }
    found
}

/// Whether an alias is a mark of ours with any id.
fn is_mark_of(alias: &str, whose: &str) -> bool {
    alias.strip_prefix("cplan ").and_then(|rest| rest.split_once(' ')).is_some_and(|(_, rest)| rest == whose)
}

/// Addresses that nobody would ask for again. What is the port of a bridge already has none of its own.
fn lent(planned: &[(InstanceAddr, Value)], links: &Links) -> Diagnostics {
    let told = |(address, values): &(InstanceAddr, Value)| {
        let interface = text(values, "interface")?;
        let lease = links.get(interface)?.leased().into_iter().next()?;
        let what = format!(
            "`{interface}` has its address {lease} from a DHCP server. The bridge keeps it as a fixed one and asks for no lease."
        );
        let told = Diagnostic::warning("host-bridge-lease", "Address that is only lent", what)
            .remedy("Reserve it in the DHCP server, or write `addresses` that are outside of its range.");
        Some(told.address(address.clone()).attribute(AttrPath::attr("interface")))
    };
    let mut found = Diagnostics::new();
    planned.iter().filter_map(told).for_each(|diagnostic| found.push(diagnostic));
    found
}

/// Whether NetworkManager says, in what it keeps of each device while it runs, that it manages one.
fn is_of_network_manager(root: &Path, index: u32) -> bool {
    let kept = root.join("run/NetworkManager/devices").join(index.to_string());
    std::fs::read_to_string(kept).is_ok_and(|text| text.lines().any(|line| line.trim() == "managed=true"))
}

/// Whether this process may change the network: bit 12 of its effective capabilities is CAP_NET_ADMIN (capabilities(7)).
fn may_change_the_network() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    effective.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).is_some_and(|bits| bits & 1 << 12 != 0)
}
