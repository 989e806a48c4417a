//! `/etc/systemd/network`, see systemd.network(5): of files that match an interface the first counts, so ours come first.

use std::fmt::Write as _;

use super::glob::fits;
use crate::host_bridge::wanted::Wanted;

/// The settings of a file: section, name and value.
fn settings(text: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    let mut section = "";
    text.lines().map(str::trim).filter_map(move |line| {
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            section = name;
            return None;
        }
        let (name, value) = line.split_once('=').filter(|_| !line.starts_with(['#', ';']))?;
        Some((section, name.trim(), value.trim()))
    })
}

/// Whether a file is of an interface, by its name and hardware address.
pub(super) fn is_of(text: &str, interface: &str, mac: &str) -> bool {
    let mut told = settings(text).filter(|(section, ..)| *section == "Match").peekable();
    told.peek().is_some()
        && told.all(|(_, name, value)| {
            let (value, wanted) = value.strip_prefix('!').map_or((value, true), |value| (value, false));
            let mut words = value.split_whitespace();
            match name {
                "Name" => words.any(|pattern| fits(pattern, interface)) == wanted,
                "MACAddress" | "PermanentMACAddress" => words.any(|word| word.eq_ignore_ascii_case(mac)) == wanted,
                _ => true,
            }
        })
}

/// What a file says that the bridge does not take over.
pub(super) fn lost(path: &str, text: &str) -> Vec<String> {
    let all: Vec<_> = settings(text).collect();
    let v6 = |value: &str| value.contains(':');
    let default = |value: &str| ["0.0.0.0/0", "default"].contains(&value);
    let of_route = |name: &str, value: &str| name == "Destination" && !default(value) || name == "Gateway" && v6(value);
    let mut found = Vec::new();
    if all.iter().any(|(section, name, value)| {
        *section == "RoutingPolicyRule"
            || *section == "Route" && of_route(name, value)
            || *section == "Network" && *name == "Gateway" && v6(value)
    }) {
        found.push(format!("{path} has routes or rules besides the IPv4 default route, which would be gone when this host starts again."));
    }
    let hung: Vec<_> = all.iter().filter(|(section, name, _)| *section == "Network" && ABOVE.contains(name)).collect();
    if let Some((_, name, value)) = hung.first() {
        found.push(format!(
            "{path} hangs `{name}={value}` on the interface, which would be gone when this host starts again."
        ));
    }
    found
}

/// What stands on an interface.
const ABOVE: [&str; 6] = ["VLAN", "MACVLAN", "MACVTAP", "IPVLAN", "Tunnel", "VXLAN"];

/// The ends of the names of our files, with what is in them; `None` where there is none.
pub(super) fn files(bridge: &str, wanted: Option<&Wanted>, mac: &str) -> [(&'static str, Option<String>); 3] {
    let device = wanted.map(|wanted| {
        let (stp, delay) = if wanted.stp { ("yes", 2) } else { ("no", 0) };
        format!(
            "[NetDev]\nName={bridge}\nKind=bridge\nMACAddress={mac}\n\n[Bridge]\nSTP={stp}\nForwardDelaySec={delay}\n"
        )
    });
    let network = wanted.map(|wanted| {
        let mut text = format!("[Match]\nName={bridge}\n\n[Network]\n");
        for address in &wanted.addresses {
            let _ = writeln!(text, "Address={address}");
        }
        if let Some(gateway) = &wanted.gateway {
            let _ = writeln!(text, "Gateway={gateway}");
        }
        for server in &wanted.dns {
            let _ = writeln!(text, "DNS={server}");
        }
        text
    });
    let port = wanted.map(|wanted| {
        format!("[Match]\nName={}\n\n[Network]\nBridge={bridge}\nLinkLocalAddressing=no\n", wanted.interface)
    });
    [(".netdev", device), (".network", network), ("-port.network", port)]
}
