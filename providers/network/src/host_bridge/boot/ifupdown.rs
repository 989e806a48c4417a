//! `/etc/network/interfaces`, see interfaces(5) and bridge-utils-interfaces(5).

use std::fmt::Write as _;

use super::stanza::{set_aside, take_back};
use crate::host_bridge::wanted::Wanted;

/// What begins a stanza.
const KEYWORDS: [&str; 8] =
    ["iface", "auto", "mapping", "source", "source-directory", "no-auto-down", "no-scripts", "template"];

/// A file without what it says of the interface, where a bridge is wanted; as it was where none is.
pub(super) fn without_interface(text: &str, bridge: &str, wanted: Option<&Wanted>) -> String {
    let text = take_back(text, bridge);
    match wanted {
        Some(wanted) => set_aside(&text, bridge, &lines_of(&text, &wanted.interface)),
        None => text,
    }
}

/// The main file, with the bridge at its end.
pub(super) fn main(text: &str, bridge: &str, wanted: Option<&Wanted>, mac: &str) -> String {
    let (begin, end) = (format!("# cplan {bridge}: begin\n"), format!("# cplan {bridge}: end\n"));
    let mut text = text.to_owned();
    if let (Some(from), Some(to)) = (text.find(&begin), text.find(&end)) {
        text.replace_range(from..to + end.len(), "");
    }
    let mut text = without_interface(&text, bridge, wanted);
    let Some(wanted) = wanted else { return text };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text + &begin + &block(wanted, mac) + &end
}

/// The lines of the stanzas of an interface. Where it stands among others that come up by themselves, its line goes and
/// they are told of in the bridge's own block.
fn lines_of(text: &str, interface: &str) -> Vec<usize> {
    let mut lines = Vec::new();
    let mut within = false;
    for (n, line) in text.lines().enumerate() {
        let words: Vec<_> = line.split_whitespace().collect();
        let Some(first) = words.first().filter(|w| !w.starts_with('#')) else { continue };
        if KEYWORDS.contains(first) || first.starts_with("allow-") {
            within = match *first {
                "iface" => words.get(1) == Some(&interface),
                "auto" => words[1..] == [interface],
                _ if first.starts_with("allow-") => words[1..] == [interface],
                _ => false,
            };
        }
        if within {
            lines.push(n);
        }
    }
    lines
}

fn block(wanted: &Wanted, mac: &str) -> String {
    let (bridge, port) = (&wanted.name, &wanted.interface);
    let mut text = format!("iface {port} inet manual\n\nauto {bridge}\n");
    let (v6, v4): (Vec<_>, Vec<_>) = wanted.addresses.iter().partition(|a| a.contains(':'));
    let shared = |text: &mut String| {
        let _ = writeln!(text, "    bridge_ports {port}");
        let _ = writeln!(text, "    bridge_hw {mac}");
        let _ = writeln!(text, "    bridge_stp {}", if wanted.stp { "on" } else { "off" });
        let _ = writeln!(text, "    bridge_fd {}", if wanted.stp { 2 } else { 0 });
    };
    if v4.is_empty() {
        let _ = writeln!(text, "iface {bridge} inet manual");
        shared(&mut text);
    }
    for (n, address) in v4.iter().enumerate() {
        let _ = writeln!(text, "iface {bridge} inet static\n    address {address}");
        if n == 0 {
            if let Some(gateway) = &wanted.gateway {
                let _ = writeln!(text, "    gateway {gateway}");
            }
            if !wanted.dns.is_empty() {
                let _ = writeln!(text, "    dns-nameservers {}", wanted.dns.join(" "));
            }
            shared(&mut text);
        }
    }
    for address in v6 {
        let _ = writeln!(text, "iface {bridge} inet6 static\n    address {address}");
    }
    text
}
