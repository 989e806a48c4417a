//! `/etc/netplan`, see netplan(5). Lists of several files are joined, so what another file says of the interface has to
//! be set aside there.

use serde_json::{Map, Value as Json, json};

use super::stanza::{set_aside, take_back};
use crate::host_bridge::wanted::Wanted;

/// A file without what it says of the interface, where a bridge is wanted; as it was where none is.
pub(super) fn without_interface(text: &str, bridge: &str, wanted: Option<&Wanted>) -> String {
    let text = take_back(text, bridge);
    match wanted {
        Some(wanted) => set_aside(&text, bridge, &lines_of(&text, &wanted.interface)),
        None => text,
    }
}

/// The block of an interface below `ethernets:`, and that line too where nothing else stands below it.
fn lines_of(text: &str, interface: &str) -> Vec<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let is_blank = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
    // The lines below one that are indented deeper.
    let below = |at: usize| {
        let end = (at + 1..lines.len())
            .find(|n| !is_blank(lines[*n]) && indent(lines[*n]) <= indent(lines[at]))
            .unwrap_or(lines.len());
        (at + 1..end).filter(|n| !is_blank(lines[*n])).collect::<Vec<_>>()
    };
    let key = |line: &str| {
        line.trim().split_once(':').map(|(key, _)| key.trim().trim_matches(['"', '\'']).to_owned()).unwrap_or_default()
    };
    let mut found = Vec::new();
    for section in (0..lines.len()).filter(|n| !is_blank(lines[*n]) && key(lines[*n]) == "ethernets") {
        let children = below(section);
        let Some(level) = children.first().map(|n| indent(lines[*n])) else { continue };
        let names: Vec<_> = children.iter().copied().filter(|n| indent(lines[*n]) == level).collect();
        for at in names.iter().copied().filter(|n| key(lines[*n]) == interface) {
            found.push(at);
            found.extend(below(at));
            if names.len() == 1 {
                found.push(section);
            }
        }
    }
    found
}

/// Our own file. YAML's flow style is JSON's.
pub(super) fn file(wanted: &Wanted, mac: &str) -> String {
    let mut bridge = json!({
        "interfaces": [wanted.interface],
        "macaddress": mac,
        "dhcp4": false,
        "dhcp6": false,
        "addresses": wanted.addresses,
        "parameters": {"stp": wanted.stp, "forward-delay": if wanted.stp { 2 } else { 0 }},
    });
    if let Some(gateway) = &wanted.gateway {
        bridge["routes"] = json!([{"to": "default", "via": gateway}]);
    }
    if !wanted.dns.is_empty() {
        bridge["nameservers"] = json!({"addresses": wanted.dns});
    }
    let named = |name: &str, value| Json::Object(Map::from_iter([(name.to_owned(), value)]));
    let whole = json!({"network": {
        "version": 2,
        "ethernets": named(&wanted.interface, json!({"dhcp4": false, "dhcp6": false, "accept-ra": false})),
        "bridges": named(&wanted.name, bridge),
    }});
    format!("# Written by cplan for the bridge {}.\n{whole:#}\n", wanted.name)
}
