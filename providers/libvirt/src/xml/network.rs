//! `<network>`: <https://libvirt.org/formatnetwork.html>.

use std::collections::BTreeMap;

use ipnet::Ipv4Net;

use super::read::{all, attribute, find, mark, metadata, text};
use super::{Element, XmlError};
use crate::ownership::Mark;

/// Where a network leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The host and the machines on it, nowhere else.
    Isolated,
    /// Also wherever the host can reach, behind the host's address.
    Nat,
    /// Wherever a bridge leads that the host has, and that is not libvirt's.
    Bridge,
    /// Anything that cplan does not make (routed, passed through, …).
    Other,
}

impl Mode {
    /// `isolated`, `nat`, `bridge`
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Isolated => "isolated",
            Mode::Nat => "nat",
            Mode::Bridge => "bridge",
            Mode::Other => "other",
        }
    }
}

/// A fixed DHCP reservation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reservation {
    /// The MAC address, lower case.
    pub mac: String,
    /// The IPv4 address.
    pub address: String,
}

/// What matters of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkSpec {
    /// Whose it is.
    pub mark: Option<Mark>,
    /// The libvirt name.
    pub name: String,
    /// The libvirt UUID.
    pub uuid: String,
    /// The bridge; empty when libvirt has yet to choose one.
    pub bridge: String,
    /// The MAC address of the bridge.
    pub mac: Option<String>,
    /// Where it leads.
    pub mode: Mode,
    /// The host's address in it, with the prefix; `None` where the host has none.
    pub address: Option<Ipv4Net>,
    /// Reservations by name.
    pub reservations: BTreeMap<String, Reservation>,
}

/// One `<host>` of `<dhcp>`, also what `virNetworkUpdate` takes.
pub fn render_reservation(name: &str, reservation: &Reservation) -> String {
    host(name, reservation).render()
}

fn host(name: &str, reservation: &Reservation) -> Element {
    Element::new("host").attr("mac", &reservation.mac).attr("name", name).attr("ip", &reservation.address)
}

/// The document that defines a network.
pub fn render(spec: &NetworkSpec) -> String {
    let mut root = Element::new("network")
        .child(Element::new("name").text(&spec.name))
        .child(Element::new("uuid").text(&spec.uuid))
        .children(spec.mark.as_ref().map(|mark| metadata(mark, Vec::new())));
    if spec.mode == Mode::Bridge {
        let forward = Element::new("forward").attr("mode", "bridge");
        return root.child(forward).child(Element::new("bridge").attr("name", &spec.bridge)).render();
    }
    if spec.mode == Mode::Nat {
        root = root.child(Element::new("forward").attr("mode", "nat"));
    }
    // One bridge cannot form a loop: without STP a port forwards at once and no BPDUs disturb measurements.
    root = root.child(Element::new("bridge").attr("name", &spec.bridge).attr("stp", "off").attr("delay", 0));
    root = root.children(spec.mac.as_ref().map(|mac| Element::new("mac").attr("address", mac)));
    // Machines get fixed addresses; an isolated network needs no dnsmasq unless something is reserved.
    if spec.mode == Mode::Isolated {
        root = root.child(Element::new("dns").attr("enable", "no"));
    }
    let ip = spec.address.map(|net| {
        let ip = Element::new("ip").attr("family", "ipv4").attr("address", net.addr()).attr("prefix", net.prefix_len());
        if spec.reservations.is_empty() {
            return ip;
        }
        ip.child(Element::new("dhcp").children(spec.reservations.iter().map(|(name, r)| host(name, r))))
    });
    root.children(ip).render()
}

/// What a document from libvirt says.
pub fn parse(xml: &str) -> Result<NetworkSpec, XmlError> {
    let document = roxmltree::Document::parse(xml)?;
    let root = document.root_element();
    let mode = match find(root, &["forward"]).map(|f| f.attribute("mode").unwrap_or("nat")) {
        None => Mode::Isolated,
        Some("nat") => Mode::Nat,
        // With devices of its own it would be macvtap.
        Some("bridge") if find(root, &["bridge"]).is_some() => Mode::Bridge,
        Some(_) => Mode::Other,
    };
    let mut address = None;
    let mut reservations = BTreeMap::new();
    for ip in root.children().filter(|c| c.has_tag_name("ip") && c.attribute("family") != Some("ipv6")) {
        address = address.or_else(|| ipv4(ip));
        for host in all(ip, &["dhcp"], "host") {
            let get = |name| host.attribute(name).map(str::to_owned);
            if let (Some(mac), Some(address)) = (get("mac"), get("ip")) {
                let name = get("name").unwrap_or_else(|| mac.clone());
                reservations.insert(name, Reservation { mac: mac.to_ascii_lowercase(), address });
            }
        }
    }
    Ok(NetworkSpec {
        mark: mark(root),
        name: text(root, &["name"]).ok_or(XmlError::Missing("the name"))?,
        uuid: text(root, &["uuid"]).ok_or(XmlError::Missing("the UUID"))?,
        bridge: attribute(root, &["bridge"], "name").unwrap_or_default(),
        mac: attribute(root, &["mac"], "address"),
        mode,
        address,
        reservations,
    })
}

/// libvirt writes a prefix or a netmask, as it was given.
fn ipv4(ip: roxmltree::Node<'_, '_>) -> Option<Ipv4Net> {
    let address = ip.attribute("address")?.parse().ok()?;
    match (ip.attribute("prefix"), ip.attribute("netmask")) {
        (Some(prefix), _) => Ipv4Net::new(address, prefix.parse().ok()?).ok(),
        (None, Some(mask)) => Ipv4Net::with_netmask(address, mask.parse().ok()?).ok(),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(mode: Mode) -> NetworkSpec {
        NetworkSpec {
            mark: Some(Mark { id: "i".into(), lab: "l".into(), name: "n <&> é".into() }),
            name: "cplan-l-n".into(),
            uuid: "c0ffee00-0000-4000-8000-000000000001".into(),
            bridge: "cpl0123".into(),
            mac: Some("52:54:00:00:00:01".into()),
            mode,
            address: Some("10.70.0.1/24".parse().unwrap()),
            reservations: BTreeMap::from([(
                "a".to_owned(),
                Reservation { mac: "52:54:00:00:00:02".into(), address: "10.70.0.2".into() },
            )]),
        }
    }

    #[test]
    fn reads_what_it_writes() {
        for mode in [Mode::Isolated, Mode::Nat] {
            assert_eq!(parse(&render(&spec(mode))).unwrap(), spec(mode));
        }
        let bridged = NetworkSpec { reservations: BTreeMap::new(), mac: None, address: None, ..spec(Mode::Bridge) };
        assert_eq!(parse(&render(&bridged)).unwrap(), bridged);
        let bare = NetworkSpec { reservations: BTreeMap::new(), mark: None, mac: None, ..spec(Mode::Nat) };
        assert_eq!(parse(&render(&bare)).unwrap(), bare);
    }

    #[test]
    fn reads_what_libvirt_adds() {
        let found = parse(
            "<network connections='1'>\n <name>d</name>\n <uuid>u</uuid>\n <forward mode='nat'><nat><port start='1024' \
             end='65535'/></nat></forward><bridge name='virbr0' stp='on' delay='0'/><mac address='52:54:00:aa:bb:cc'/>\
             <ip address='192.168.122.1' netmask='255.255.255.0'><dhcp><range start='192.168.122.2' \
             end='192.168.122.254'/></dhcp></ip><ip family='ipv6' address='fd00::1' prefix='64'/></network>",
        )
        .unwrap();
        assert_eq!((found.mode, found.mark.is_none()), (Mode::Nat, true));
        assert_eq!(found.address.unwrap().trunc().to_string(), "192.168.122.0/24");
    }

    #[test]
    fn malformed_documents_are_errors() {
        assert!(matches!(parse("<network>"), Err(XmlError::Malformed(_))));
        assert!(matches!(parse("<network/>"), Err(XmlError::Missing("the name"))));
    }
}
