//! What is wrong with networks, before anything is touched.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use cplan_model::{AttrPath, Diagnostic, Diagnostics, InstanceAddr, Step, Value};
use cplan_sdk::ProviderError;
use ipnet::Ipv4Net;

use super::live;
use super::values::gateway;
use crate::Client;
use crate::host::interface_addresses;
use crate::naming::wrong_mac;

/// What one block says, as far as it is known.
pub(super) fn one(config: &Value) -> Diagnostics {
    let mut found = Diagnostics::new();
    if let Some(mode) = config.get("mode").and_then(Value::as_str)
        && !["isolated", "nat", "bridge"].contains(&mode)
    {
        found.push(
            Diagnostic::error("network-mode", "Invalid network mode", format!("`{mode}` is not a mode of a network."))
                .remedy("Write \"isolated\", \"nat\" or \"bridge\".")
                .attribute(AttrPath::attr("mode")),
        );
    }
    bridged(config, &mut found);
    found.extend(prefix(config));
    let Some(cidr) = config.get("cidr").and_then(Value::as_str) else { return found };
    match network(cidr) {
        Ok(net) => reservations(net, config, &mut found),
        Err((what, remedy)) => found.push(
            Diagnostic::error("network-cidr", "Invalid network", what).remedy(remedy).attribute(AttrPath::attr("cidr")),
        ),
    }
    found
}

/// What belongs to a bridge of the host's, and what does not.
fn bridged(config: &Value, found: &mut Diagnostics) {
    let mut wrong = |what: String, remedy: &str, attribute| {
        let error = Diagnostic::error("network-bridge", "Invalid network", what);
        found.push(error.remedy(remedy).attribute(AttrPath::attr(attribute)));
    };
    let Some(mode) = config.get("mode").filter(|mode| mode.is_known()) else { return };
    let is_set = |name| config.get(name).is_some_and(|v| !v.is_null());
    if mode.as_str() == Some("bridge") {
        if !is_set("bridge") {
            let remedy = "Write `bridge = \"br0\"`, or the name of a `lab_host_bridge`.";
            wrong("A network in mode `bridge` needs the bridge that it uses.".into(), remedy, "mode");
        }
        if !is_set("cidr") {
            let remedy = "Write the network of the bridge's addresses, such as `cidr = \"192.168.1.0/24\"`.";
            wrong("Which network the bridge of the host is in has to be said.".into(), remedy, "mode");
        }
        if is_set("reservations") {
            let what = "On a bridge of the host's, addresses are given by whoever gives them there already.";
            wrong(what.into(), "Remove `reservations`; machines have fixed addresses.", "reservations");
        }
        return;
    }
    for name in ["bridge", "gateway"].into_iter().filter(|name| is_set(name)) {
        let what = format!(
            "In mode `{}` the network has a bridge and an address of its own.",
            mode.as_str().unwrap_or("isolated")
        );
        wrong(what, &format!("Remove `{name}`, or write `mode = \"bridge\"`."), name);
    }
}

fn prefix(config: &Value) -> Option<Diagnostic> {
    let prefix = config.get("prefix").filter(|v| v.as_number().is_some())?;
    let given = config.get("cidr").is_some_and(|cidr| !cidr.is_null());
    let (what, remedy) = match prefix.as_u64() {
        _ if given => ("A network that is named has its prefix in its name.".to_owned(), "Leave out one of the two."),
        Some(16..=30) => return None,
        _ => (format!("A network with a prefix of {prefix:?} bits cannot be chosen."), "Write a number from 16 to 30."),
    };
    let diagnostic = Diagnostic::error("network-prefix", "Invalid prefix", what).remedy(remedy);
    Some(diagnostic.attribute(AttrPath::attr("prefix")))
}

/// The network, or what is wrong with it and how to mend it.
fn network(cidr: &str) -> Result<Ipv4Net, (String, String)> {
    let net: Ipv4Net = cidr.parse().map_err(|_| {
        (
            format!("\"{cidr}\" is not an IPv4 network."),
            "Write it in CIDR notation, such as \"10.70.0.0/24\".".to_owned(),
        )
    })?;
    if net.trunc() != net {
        let what = format!("\"{cidr}\" is the address of a host, not of a network.");
        return Err((what, format!("Write \"{}\".", net.trunc())));
    }
    let first = net.network();
    // RFC 6890: "this network", multicast, and what is reserved; no machine can have an address of these.
    if first.octets()[0] == 0 || first.octets()[0] >= 224 {
        let what = format!("\"{cidr}\" holds addresses that no machine can have.");
        return Err((what, "Write a private network, such as \"10.70.0.0/24\".".to_owned()));
    }
    if gateway(net).is_none() {
        let what = format!("\"{cidr}\" has no room for the host and a machine.");
        return Err((what, "Write a prefix of at most 30 bits, such as \"/24\".".to_owned()));
    }
    Ok(net)
}

fn reservations(net: Ipv4Net, config: &Value, found: &mut Diagnostics) {
    let mut taken: HashMap<Ipv4Addr, &str> = HashMap::new();
    let mut macs: HashMap<String, &str> = HashMap::new();
    for (name, reservation) in config.get("reservations").and_then(Value::as_map).into_iter().flatten() {
        let at = |attribute| AttrPath::attr("reservations").then(Step::Key(name.clone())).then_attr(attribute);
        let error = |id, what: String, remedy: String, attribute| {
            Diagnostic::error(id, "Invalid reservation", what).remedy(remedy).attribute(at(attribute))
        };
        if !is_name(name) {
            let what = format!("{name:?} is not a host name.");
            let remedy = "Write letters, digits, hyphens, dots and underscores; who asks for an address is given it as its name.";
            let wrong = Diagnostic::error("reservation-name", "Invalid reservation", what).remedy(remedy);
            found.push(wrong.attribute(AttrPath::attr("reservations").then(Step::Key(name.clone()))));
        }
        if let Some(mac) = reservation.get("mac").and_then(Value::as_str) {
            if let Some(what) = wrong_mac(mac) {
                found.push(error(
                    "reservation-mac",
                    what,
                    "Write six pairs of hex digits, such as \"52:54:00:12:34:56\".".into(),
                    "mac",
                ));
            } else if let Some(other) = macs.insert(mac.to_ascii_lowercase(), name) {
                let what = format!("The MAC address {mac} is reserved for `{other}` too.");
                found.push(error(
                    "reservation-mac",
                    what,
                    "Give each reservation a MAC address of its own.".into(),
                    "mac",
                ));
            }
        }
        let Some(text) = reservation.get("address").and_then(Value::as_str) else { continue };
        if let Err((what, remedy)) = address_in(net, Taken::Host, text) {
            found.push(error("reservation-address", what, remedy, "address"));
        } else if let Some(other) = text.parse().ok().and_then(|a| taken.insert(a, name)) {
            let what = format!("The address {text} is reserved for `{other}` too.");
            found.push(error(
                "reservation-address",
                what,
                "Give each reservation an address of its own.".into(),
                "address",
            ));
        }
    }
}

/// What stands in libvirt's XML and in dnsmasq's lines as it is.
fn is_name(name: &str) -> bool {
    (1..=253).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// The one address of a network that no machine can have: the host's own, or on a bridge of the host's the router's, if
/// there is one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Taken {
    Host,
    Router(Option<Ipv4Addr>),
}

/// Whether a machine can have an address in a network: what is wrong with it and how to mend it.
pub(crate) fn address_in(net: Ipv4Net, taken: Taken, text: &str) -> Result<Ipv4Addr, (String, String)> {
    let (theirs, whose) = match taken {
        Taken::Host => (gateway(net), "the host's own"),
        Taken::Router(router) => (router, "the router's"),
    };
    let [mut first, mut last] =
        [u32::from(net.network()).saturating_add(1), u32::from(net.broadcast()).saturating_sub(1)];
    if theirs == Some(first.into()) {
        first = first.saturating_add(1);
    }
    if theirs == Some(last.into()) {
        last = last.saturating_sub(1);
    }
    let [first, last] = [first, last].map(Ipv4Addr::from);
    let remedy =
        if first == last { format!("Write {first}.") } else { format!("Write an address from {first} to {last}.") };
    let address: Ipv4Addr =
        text.parse().map_err(|_| (format!("\"{text}\" is not an IPv4 address."), remedy.clone()))?;
    let what = if !net.contains(&address) {
        format!("The address {address} is outside of the network {net}.")
    } else if Some(address) == theirs {
        format!("The address {address} is {whose} in the network {net}.")
    } else if address == net.network() || address == net.broadcast() {
        format!("The address {address} is the network's own or its broadcast address in {net}.")
    } else {
        return Ok(address);
    };
    Err((what, remedy))
}

/// What is wrong between networks, and between them and what else the host has.
pub(super) async fn all(client: &Client, planned: &[(InstanceAddr, Value)]) -> Result<Diagnostics, ProviderError> {
    let mut diagnostics = Diagnostics::new();
    let text = |value: &Value, name| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let nets: Vec<_> = planned
        .iter()
        .filter_map(|(address, value)| {
            let net = network(&text(value, "cidr")?).ok()?;
            // On a bridge of the host's, machines stand in the network that is there already.
            let shared = text(value, "mode").as_deref() == Some("bridge");
            Some((address, net, text(value, "id")?, text(value, "name")?, text(value, "bridge")?, shared))
        })
        .collect();
    let overlap = |a: &Ipv4Net, b: &Ipv4Net| a.contains(&b.network()) || b.contains(&a.network());
    let error = |address: &InstanceAddr, what: String| {
        Diagnostic::error("network-in-use", "Network already in use", what)
            .remedy("Choose another network for `cidr`.")
            .address(address.clone())
            .attribute(AttrPath::attr("cidr"))
    };
    for (i, (address, net, .., shared)) in nets.iter().enumerate() {
        let in_the_way = |other: &&(_, Ipv4Net, _, _, _, bool)| overlap(net, &other.1) && !(*shared && other.5);
        if let Some((other, theirs, ..)) = nets[..i].iter().find(in_the_way) {
            diagnostics.push(error(address, format!("The network {net} overlaps with {theirs} of `{other}`.")));
        }
    }
    if nets.is_empty() {
        return Ok(diagnostics);
    }
    let local = client.settings().get().is_local();
    let existing = client.call(live::all).await?;
    let interfaces = if local { interface_addresses().await? } else { Vec::new() };
    for (address, net, id, name, bridge, _) in nets.iter().filter(|(.., shared)| !shared) {
        // A lab's own networks are compared with each other above; one of them may be about to be replaced by this.
        let lab = name.strip_prefix("cplan-").and_then(|rest| rest.split('-').next());
        let ours = |spec: &crate::xml::network::NetworkSpec| {
            spec.uuid == *id || spec.mark.as_ref().is_some_and(|m| Some(m.lab.as_str()) == lab)
        };
        if let Some(other) =
            existing.iter().find(|f| !ours(&f.spec) && f.spec.address.is_some_and(|a| overlap(net, &a)))
        {
            let theirs = other.spec.address.map(|a| a.trunc().to_string()).unwrap_or_default();
            let what =
                format!("The network {net} overlaps with {theirs} of the libvirt network `{}`.", other.spec.name);
            diagnostics.push(error(address, what));
            continue;
        }
        let known = |interface: &str| interface == bridge || existing.iter().any(|f| f.spec.bridge == interface);
        if let Some((interface, theirs)) = interfaces.iter().find(|(i, a)| !known(i) && overlap(net, a)) {
            let what =
                format!("The network {net} overlaps with {} of the host's interface `{interface}`.", theirs.trunc());
            diagnostics.push(error(address, what));
        }
    }
    Ok(diagnostics)
}

#[cfg(test)]
mod tests {
    use cplan_model::Type;

    use super::*;

    fn config(mode: &str, cidr: &str, reservations: &[(&str, &str, &str)]) -> Value {
        let ty = Type::object([("mac", Type::String), ("address", Type::String)]);
        let entries = reservations.iter().map(|(name, mac, address)| {
            (*name, Value::object([("mac", Value::string(*mac)), ("address", Value::string(*address))]))
        });
        Value::object([
            ("mode", Value::string(mode)),
            ("cidr", Value::string(cidr)),
            ("reservations", Value::map(ty, entries)),
        ])
    }

    fn found(config: &Value) -> Vec<(String, String)> {
        one(config).iter().map(|d| (d.id.to_owned(), d.attribute.clone().unwrap_or_default().to_string())).collect()
    }

    #[test]
    fn good_ones_pass() {
        let reservations = [("a", "52:54:00:00:00:01", "10.0.0.2"), ("b", "52:54:00:00:00:02", "10.0.0.254")];
        assert_eq!(found(&config("nat", "10.0.0.0/24", &reservations)), []);
    }

    #[test]
    fn names_the_attribute() {
        assert_eq!(found(&config("routed", "10.0.0.0/24", &[]))[0], ("network-mode".into(), "mode".into()));
        for cidr in ["10.0.0.5/24", "10.0.0.0", "10.0.0.0/31", "224.1.0.0/24", "250.0.0.0/24", "0.0.0.0/8", "x"] {
            assert_eq!(found(&config("nat", cidr, &[]))[0], ("network-cidr".into(), "cidr".into()), "{cidr}");
        }
        for address in ["10.0.1.2", "10.0.0.1", "10.0.0.0", "10.0.0.255", "x"] {
            let config = config("nat", "10.0.0.0/24", &[("a", "52:54:00:00:00:01", address)]);
            assert_eq!(
                found(&config),
                [("reservation-address".into(), "reservations[\"a\"].address".into())],
                "{address}"
            );
        }
        let twice = [("a", "52:54:00:00:00:01", "10.0.0.2"), ("b", "52:54:00:00:00:01", "10.0.0.2")];
        assert_eq!(found(&config("nat", "10.0.0.0/24", &twice)).len(), 2);
    }

    #[test]
    fn a_reservation_is_of_a_host_and_a_card() {
        let of = |name: &str, mac: &str| found(&config("nat", "10.0.0.0/24", &[(name, mac, "10.0.0.2")])).len();
        assert_eq!(["a", "a.lab", "A_b-1"].map(|name| of(name, "52:54:00:00:00:01")), [0, 0, 0]);
        assert_eq!(["", "a b", "a,b", "a\n", "ß"].map(|name| of(name, "52:54:00:00:00:01")), [1; 5]);
        assert_eq!(["00:00:00:00:00:00", "01:00:5e:00:00:01", "x"].map(|mac| of("a", mac)), [1; 3]);
    }

    #[test]
    fn says_which_addresses_fit() {
        let (what, remedy) = address_in("10.0.0.0/30".parse().unwrap(), Taken::Host, "10.0.0.1").unwrap_err();
        assert!(what.contains("the host's own") && remedy == "Write 10.0.0.2.", "{what} {remedy}");
        // On a bridge of the host's it is the router that has one.
        let (net, router) = ("10.0.0.0/24".parse().unwrap(), Taken::Router(Some(Ipv4Addr::new(10, 0, 0, 254))));
        assert!(address_in(net, router, "10.0.0.1").is_ok());
        let (what, remedy) = address_in(net, router, "10.0.0.254").unwrap_err();
        assert!(what.contains("the router's") && remedy.ends_with("from 10.0.0.1 to 10.0.0.253."), "{what} {remedy}");
        assert!(address_in(net, Taken::Router(None), "10.0.0.254").is_ok());
    }
}
