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

/// What begins the lines about name servers.
const DNS: &str = "dns-";

/// A file as it was before there was a bridge.
pub(super) fn original(text: &str, bridge: &str) -> String {
    let (begin, end) = ends(bridge);
    let mut text = text.to_owned();
    if let (Some(from), Some(to)) = (text.find(&begin), text.find(&end)) {
        text.replace_range(from..to + end.len(), "");
    }
    take_back(&text, bridge)
}

fn ends(bridge: &str) -> (String, String) {
    (format!("# cplan {bridge}: begin\n"), format!("# cplan {bridge}: end\n"))
}

/// What begins the lines with commands that are run when an interface comes up or goes down.
const HOOKS: [&str; 6] = ["up", "post-up", "pre-up", "down", "pre-down", "post-down"];

/// The command of a line with one, without the options of `ip`.
fn command(line: &str) -> Option<(&str, &str)> {
    let mut words = line.split_whitespace();
    words.next().filter(|word| HOOKS.contains(word))?;
    let program = words.next()?.rsplit('/').next()?;
    Some((program, words.find(|word| !word.starts_with('-')).unwrap_or_default()))
}

/// Whether a line is about ways to other networks, which lead through the bridge then.
fn is_of_routes(line: &str) -> bool {
    let object = |word: &str| {
        ["route", "rule"].iter().any(|whole| !word.is_empty() && whole.starts_with(word) && word.len() > 1)
    };
    line.starts_with("gateway ")
        || command(line).is_some_and(|(program, word)| program == "route" || program == "ip" && object(word))
}

/// Whether a line gives an address, which the bridge has as one of its own.
fn is_of_addresses(line: &str) -> bool {
    command(line).is_some_and(|(program, word)| program == "ip" && word.starts_with('a') && "address".starts_with(word))
}

/// What the stanzas of an interface say of what it is, and not of its addresses: what a bond consists of (ifenslave(8)),
/// what a VLAN is of (vlan-interfaces(5)), how large its frames are, and what is run when it comes up. And the name servers
/// (resolvconf(8)) and the gateway of IPv6, which the values of the bridge do not have.
pub(super) fn nature(text: &str, interface: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let told = lines_of(text, interface).into_iter().map(|n| lines[n].trim()).filter(|line| {
        let word = line.split_whitespace().next().unwrap_or_default();
        ["bond-", "bond_", "vlan-", "vlan_", DNS].iter().any(|begin| word.starts_with(begin))
            || word == "mtu"
            || HOOKS.contains(&word) && !is_of_addresses(line)
            || word == "gateway" && line.contains(':')
    });
    told.map(str::to_owned).collect()
}

/// The main file, with the bridge at its end. `nature` is what is said of the interface itself, in all files.
pub(super) fn main(text: &str, bridge: &str, wanted: Option<&Wanted>, (mac, nature): (&str, &[String])) -> String {
    let (begin, end) = ends(bridge);
    let mut text = without_interface(&original(text, bridge), bridge, wanted);
    let Some(wanted) = wanted else { return text };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text + &begin + &block(wanted, mac, nature) + &end
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

fn block(wanted: &Wanted, mac: &str, nature: &[String]) -> String {
    let (bridge, port) = (&wanted.name, &wanted.interface);
    let (dns, nature): (Vec<_>, Vec<_>) = nature.iter().partition(|line| line.starts_with(DNS));
    let (routes, nature): (Vec<_>, Vec<_>) = nature.into_iter().partition(|line| is_of_routes(line));
    let (gateway6, routes): (Vec<_>, Vec<_>) = routes.into_iter().partition(|line| line.starts_with("gateway"));
    let through = |line: &String| {
        let words: Vec<_> = line.split(' ').map(|word| if word == port { bridge } else { word }).collect();
        format!("    {}\n", words.join(" "))
    };
    let routes: String = routes.into_iter().map(through).collect();
    let written = |lines: &[&String]| lines.iter().map(|line| format!("    {line}\n")).collect::<String>();
    // The bridge brings its port up, but not with what stands here of it.
    let auto = if nature.is_empty() { String::new() } else { format!("auto {port}\n") };
    let mut text = format!("{auto}iface {port} inet manual\n{}\nauto {bridge}\n", written(&nature));
    let (v6, v4): (Vec<_>, Vec<_>) = wanted.addresses.iter().partition(|a| a.contains(':'));
    let shared = |text: &mut String| {
        let _ = writeln!(text, "    bridge_ports {port}");
        let _ = writeln!(text, "    bridge_hw {mac}");
        let _ = writeln!(text, "    bridge_stp {}", if wanted.stp { "on" } else { "off" });
        let _ = writeln!(text, "    bridge_fd {}", if wanted.stp { 2 } else { 0 });
        *text += &routes;
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
            if wanted.dns.is_empty() {
                text += &written(&dns);
            } else {
                let _ = writeln!(text, "    dns-nameservers {}", wanted.dns.join(" "));
            }
            shared(&mut text);
        }
    }
    for (n, address) in v6.iter().enumerate() {
        let _ = writeln!(text, "iface {bridge} inet6 static\n    address {address}");
        if n == 0 {
            text += &written(&gateway6);
        }
    }
    text
}
