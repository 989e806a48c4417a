//! `/etc/netplan`, see netplan(5). Lists of several files are joined, so what another file says of the interface has to
//! be set aside there.

use serde_json::{Map, Value as Json, json};

use super::glob::fits;
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

/// What may stand in the definition of an interface about its addresses, which the bridge takes over. The rest, such as
/// what a bond consists of, is what the interface is, and stays.
const ADDRESSING: [&str; 16] = [
    "addresses",
    "dhcp4",
    "dhcp6",
    "dhcp4-overrides",
    "dhcp6-overrides",
    "dhcp-identifier",
    "gateway4",
    "gateway6",
    "nameservers",
    "routes",
    "routing-policy",
    "accept-ra",
    "link-local",
    "optional-addresses",
    "ipv6-privacy",
    "ipv6-address-generation",
];

/// What a definition of an interface can stand below.
const SECTIONS: [&str; 3] = ["ethernets", "bonds", "vlans"];

/// The definition of an interface: the line of its section, which may have no other, its own line and those below.
struct Definition {
    section: usize,
    alone: bool,
    at: usize,
    below: Vec<usize>,
}

/// The lines of a file, as far as they say something.
struct Lines<'a>(Vec<&'a str>);

impl<'a> Lines<'a> {
    fn indent(&self, at: usize) -> usize {
        self.0[at].len() - self.0[at].trim_start().len()
    }

    fn is_blank(&self, at: usize) -> bool {
        self.0[at].trim().is_empty() || self.0[at].trim_start().starts_with('#')
    }

    fn entry(&self, at: usize) -> (&'a str, &'a str) {
        let (key, value) = self.0[at].split_once(':').unwrap_or_default();
        let plain = |text: &'a str| text.trim().trim_matches(['"', '\'']);
        (plain(key), plain(value))
    }

    /// The lines below one that are indented deeper, or that are its list.
    fn below(&self, at: usize) -> Vec<usize> {
        let deeper = |n: usize| {
            self.indent(n) > self.indent(at) || self.indent(n) == self.indent(at) && self.0[n].trim().starts_with('-')
        };
        let end = (at + 1..self.0.len()).find(|n| !self.is_blank(*n) && !deeper(*n)).unwrap_or(self.0.len());
        (at + 1..end).filter(|n| !self.is_blank(*n)).collect()
    }

    /// Of lines, those that are indented like the first.
    fn children(&self, lines: &[usize]) -> Vec<usize> {
        let level = lines.first().map(|n| self.indent(*n));
        let of_level = |n: &usize| Some(self.indent(*n)) == level && !self.0[*n].trim().starts_with('-');
        lines.iter().copied().filter(of_level).collect()
    }

    /// The words of a line and those below it, in block style or in flow style with what stands between its words.
    fn words(&self, at: usize, between: &str) -> Vec<&'a str> {
        let lines = std::iter::once(at).chain(self.below(at)).map(|n| self.0[n].split(" #").next().unwrap_or_default());
        let apart = |c: char| c.is_whitespace() || between.contains(c);
        lines.flat_map(|line| line.split(apart)).filter(|word| !word.is_empty() && *word != ":").collect()
    }

    /// Whether a line of an interface says more of routes than that there is an IPv4 default route.
    fn is_lost(&self, at: usize) -> bool {
        match self.entry(at).0 {
            "gateway6" | "routing-policy" => true,
            "routes" => {
                let words = self.words(at, "{}[],\"'");
                let of = |key: &'static str| {
                    words.windows(2).filter(move |w| w[0].trim_end_matches(':') == key).map(|w| w[1])
                };
                of("to").any(|to| !["default", "0.0.0.0/0"].contains(&to)) || of("via").any(|via| via.contains(':'))
            }
            _ => false,
        }
    }

    /// Whether a definition of some name is of an interface all the same, by its name or hardware address.
    fn fits(&self, below: &[usize], interface: &str, mac: &str) -> bool {
        let Some(at) = self.children(below).into_iter().find(|n| self.entry(*n).0 == "match") else { return false };
        let words = self.words(at, "{},\"'");
        let of = |key: &str| words.windows(2).find(|w| w[0].trim_end_matches(':') == key).map(|w| w[1]);
        of("name").is_none_or(|pattern| fits(pattern, interface))
            && of("macaddress").is_none_or(|address| address.eq_ignore_ascii_case(mac))
    }

    /// Where an interface is defined: under its name, or under another that is given it by `set-name`.
    fn definitions(&self, interface: &str) -> Vec<Definition> {
        let sections = (0..self.0.len())
            .filter(|n| !self.is_blank(*n) && SECTIONS.contains(&self.entry(*n).0))
            .collect::<Vec<_>>();
        let mut found = Vec::new();
        for section in sections {
            let names = self.children(&self.below(section));
            for at in &names {
                let below = self.below(*at);
                let is_named = |n: &usize| self.entry(*n) == ("set-name", interface);
                if self.entry(*at).0 == interface || below.iter().any(is_named) {
                    found.push(Definition { section, alone: names.len() == 1, at: *at, below });
                }
            }
        }
        found
    }
}

/// What is said of an interface's addresses; its definition too where nothing else stands in it, and then the line of the
/// section where nothing else stands below that.
fn lines_of(text: &str, interface: &str) -> Vec<usize> {
    let lines = Lines(text.lines().collect());
    let mut found = Vec::new();
    for Definition { section, alone, at, below } in lines.definitions(interface) {
        let addressing = lines.children(&below).into_iter().filter(|n| ADDRESSING.contains(&lines.entry(*n).0));
        let moved: Vec<_> = addressing.flat_map(|n| std::iter::once(n).chain(lines.below(n))).collect();
        if moved.len() == below.len() {
            found.extend((alone).then_some(section));
            found.push(at);
        }
        found.extend(moved);
    }
    found
}

/// What a file says of an interface that the bridge does not take over.
pub(super) fn lost(path: &str, text: &str, interface: &str, mac: &str) -> Vec<String> {
    let lines = Lines(text.lines().collect());
    let gone = |key: &str| format!("`{key}` of `{interface}` in {path} would be gone when this host starts again.");
    let mut found = Vec::new();
    for section in (0..lines.0.len()).filter(|n| !lines.is_blank(*n) && SECTIONS.contains(&lines.entry(*n).0)) {
        for at in lines.children(&lines.below(section)) {
            let (name, below) = (lines.entry(at).0, lines.below(at));
            if name == interface || below.iter().any(|n| lines.entry(*n) == ("set-name", interface)) {
                let keys = lines.children(&below).into_iter().filter(|n| lines.is_lost(*n));
                found.extend(keys.map(|n| gone(lines.entry(n).0)));
            } else if lines.fits(&below, interface, mac) {
                found.push(format!(
                    "`{name}` in {path} is of several interfaces, one of which is `{interface}`, and would take it back from the \
                     bridge when this host starts again."
                ));
            }
        }
    }
    found
}

/// What our own file adds to: the section and the name of the definition of an interface, in files without what is ours.
pub(super) fn place(texts: &[String], interface: &str) -> (String, String) {
    let found = texts.iter().find_map(|text| {
        let lines = Lines(text.lines().collect());
        let found = lines.definitions(interface).into_iter().next()?;
        Some((lines.entry(found.section).0.to_owned(), lines.entry(found.at).0.to_owned()))
    });
    found.unwrap_or_else(|| (SECTIONS[0].to_owned(), interface.to_owned()))
}

/// Our own file. YAML's flow style is JSON's.
pub(super) fn file(wanted: &Wanted, mac: &str, (section, name): (String, String)) -> String {
    let mut bridge = json!({
        "interfaces": [name],
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
        section: named(&name, json!({"dhcp4": false, "dhcp6": false, "accept-ra": false})),
        "bridges": named(&wanted.name, bridge),
    }});
    format!("# Written by cplan for the bridge {}.\n{whole:#}\n", wanted.name)
}
