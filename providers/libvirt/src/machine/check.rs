//! What is wrong with machines, before anything is touched.

mod emulation;
mod limits;
mod names;

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::path::Path;

use cplan_model::{
    AttrPath, Diagnostic, Diagnostics, Format, InstanceAddr, Schema, Value, parse_quantity, spelling_for,
};
use cplan_sdk::ProviderError;
use ipnet::Ipv4Net;
use virt::connect::Connect;

use super::existing;
use crate::cgroup::{CpuController, cpu_controller};
use crate::client::{Client, LibvirtError};
use crate::host::{HostFacts, facts};
use crate::kvm::{KvmProbe, KvmVerdict};
use crate::naming::mac_address;
use crate::network::{Reserved, Taken, address_in};
use crate::xml::domain::{DomainSpec, parse};

/// What one block says, as far as it is known.
pub(super) fn one(schema: &Schema, config: &Value) -> Diagnostics {
    let mut found = Diagnostics::new();
    found.extend(existing::check(schema, config));
    let error = |id, summary: &str, what: String, remedy: String, attribute| {
        Diagnostic::error(id, summary, what).remedy(remedy).attribute(AttrPath::attr(attribute))
    };
    if let Some(name) = config.get("name").and_then(Value::as_str)
        && !is_host_name(name)
    {
        let what = format!("\"{name}\" is not a host name.");
        let remedy = "Write up to 63 letters, digits and hyphens, with a letter or digit at both ends.".to_owned();
        found.push(error("machine-name", "Invalid machine name", what, remedy, "name"));
    }
    if let Some(cpus) = config.get("cpus").filter(|v| v.as_number().is_some())
        && !matches!(cpus.as_u64(), Some(1..=255))
    {
        let what = format!("{cpus:?} is not a number of processors.");
        let remedy = "Write a whole number from 1 to 255.".to_owned();
        found.push(error("machine-cpus", "Invalid number of processors", what, remedy, "cpus"));
    }
    let memory = config.get("memory").and_then(Value::as_str);
    if let Some(bytes) = memory.and_then(|m| parse_quantity(Format::Bytes, m).ok())
        && bytes < SMALLEST
    {
        let what = format!("{} is too little memory for a machine to start.", memory.unwrap_or_default());
        let remedy = format!("Write at least \"{}\".", spelling_for(Format::Bytes, SMALLEST));
        found.push(error("machine-memory", "Too little memory", what, remedy, "memory"));
    }
    if let Some(accel) = config.get("accel").and_then(Value::as_str)
        && !["auto", "kvm", "tcg"].contains(&accel)
    {
        let what = format!("\"{accel}\" is not a way to run a machine.");
        found.push(error(
            "machine-accel",
            "Invalid accelerator",
            what,
            "Write \"auto\", \"kvm\" or \"tcg\".".into(),
            "accel",
        ));
    }
    found.extend(emulation::one(config));
    found.extend(limits::one(config));
    found.extend(names::one(config));
    for plug in plugs(config) {
        found.extend(plug.outside());
    }
    found
}

/// A kernel and its initial root file system need this much.
const SMALLEST: u64 = 96 * 1024 * 1024;

fn is_host_name(name: &str) -> bool {
    let inner = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    inner && (1..=63).contains(&name.len()) && !name.starts_with('-') && !name.ends_with('-')
}

/// An interface as far as it is known.
struct Plug {
    path: AttrPath,
    network: Option<(String, Ipv4Net)>,
    taken: Taken,
    address: Option<String>,
    mac: Option<String>,
}

fn plugs(values: &Value) -> Vec<Plug> {
    let plug = |path: AttrPath, block: &Value| {
        let network = block.get("network");
        let text = |name| network.and_then(|n| n.get(name)).and_then(Value::as_str);
        Plug {
            path,
            network: text("id").zip(text("cidr").and_then(|c| c.parse().ok())).map(|(id, net)| (id.to_owned(), net)),
            taken: match text("mode") {
                Some("bridge") => Taken::Router(text("gateway").and_then(|g| g.parse().ok())),
                _ => Taken::Host,
            },
            address: block.get("address").and_then(Value::as_str).map(str::to_owned),
            mac: block.get("mac").and_then(Value::as_str).map(str::to_owned),
        }
    };
    let management = values.get("management").map(|block| plug(AttrPath::attr("management"), block));
    let interfaces = values.get("interface").and_then(Value::as_slice).unwrap_or_default().iter().enumerate();
    let interfaces = interfaces.map(|(i, block)| plug(AttrPath::attr("interface").then_index(i), block));
    management.into_iter().chain(interfaces).collect()
}

impl Plug {
    fn outside(&self) -> Option<Diagnostic> {
        let text = self.address.as_deref()?;
        let (what, remedy) = match &self.network {
            Some((_, net)) => address_in(*net, self.taken, text).err()?,
            None if text.parse::<Ipv4Addr>().is_ok() => return None,
            None => (format!("\"{text}\" is not an IPv4 address."), "Write one such as \"10.70.0.11\".".to_owned()),
        };
        let diagnostic = Diagnostic::error("machine-address", "Address does not fit", what).remedy(remedy);
        Some(diagnostic.attribute(self.path.then_attr("address")))
    }
}

/// What is wrong between machines, and between them and their host.
pub(super) async fn all(
    client: &Client,
    kvm: &KvmProbe,
    planned: &[(InstanceAddr, Value)],
) -> Result<Diagnostics, ProviderError> {
    let mut diagnostics = between(planned);
    // Of those that were there before nothing is asked of this host.
    let planned: Vec<_> = planned.iter().filter(|(_, values)| !existing::is(values)).cloned().collect();
    let planned = planned.as_slice();
    if planned.is_empty() {
        return Ok(diagnostics);
    }
    let facts = facts(client).await?;
    for (address, values) in planned {
        let wrong = [emulation::conflict(values), emulation::not_accelerated(values, &facts)];
        diagnostics.extend(wrong.into_iter().flatten().map(|diagnostic| diagnostic.address(address.clone())));
    }
    diagnostics.extend(emulation::missing(client, planned, &facts).await?);
    let lab = |values: &Value| Some(values.get("domain")?.as_str()?.split('-').nth(1)?.to_owned());
    let labs: Vec<String> = planned.iter().filter_map(|(_, values)| lab(values)).collect();
    let others = if planned.iter().any(|(_, v)| v.get("cpu_pin").is_some_and(|pin| !pin.is_null())) {
        client.call(move |connection| strangers(connection, &labs)).await?
    } else {
        Vec::new()
    };
    diagnostics.extend(limits::shared_pins(planned, &others, facts.cpus));
    let limited: Vec<_> =
        planned.iter().filter(|(_, v)| v.get("cpu_quota").is_some_and(|quota| !quota.is_null())).collect();
    if !limited.is_empty()
        && let CpuController::Missing(why) = cpu_controller(client).await
    {
        diagnostics.extend(limited.iter().map(|(address, _)| no_quota(&why).address(address.clone())));
    }
    if client.settings().get().is_local() {
        diagnostics.extend(planned.iter().filter_map(|(address, values)| limits::disk(address, values)));
    }
    let explicit = planned.iter().filter(|(_, v)| v.get("accel").and_then(Value::as_str) == Some("kvm"));
    let explicit: Vec<_> = explicit.filter(|(_, v)| emulation::not_accelerated(v, &facts).is_none()).collect();
    let kernel = explicit.iter().find_map(|(_, v)| v.get("image")?.get("kernel")?.as_str());
    let verdict = if explicit.is_empty() { None } else { kvm.verdict(kernel.map(Path::new)).await };
    if !client.reserved().is_empty() {
        diagnostics.extend(planned.iter().flat_map(|(address, values)| kept(client.reserved(), address, values)));
    }
    let mut wanted = Vec::with_capacity(planned.len());
    for (address, values) in planned {
        let (memory, wrong) = against_host(address, values, &facts);
        diagnostics.extend(wrong);
        wanted.push((address, memory));
    }
    diagnostics.extend(together(&wanted, &facts));
    if let Some(KvmVerdict { works: false, why }) = verdict {
        diagnostics.extend(explicit.iter().map(|(address, _)| no_kvm(&why).address(address.clone())));
    }
    Ok(diagnostics)
}

fn no_quota(why: &str) -> Diagnostic {
    let what = format!("A share of a processor cannot be kept on this host: {why}.");
    Diagnostic::error("machine-no-quota", "Processor quotas do not work", what)
        .remedy("Leave `cpu_quota` out, or see `cplan doctor`.")
        .attribute(AttrPath::attr("cpu_quota"))
}

/// The machines of the host that are of no lab of this plan: what is ours may be about to go or to change.
fn strangers(connection: &Connect, labs: &[String]) -> Result<Vec<DomainSpec>, LibvirtError> {
    let domains = connection.list_all_domains(0).map_err(LibvirtError::call("list the domains"))?;
    let specs = domains.iter().filter_map(|domain| parse(&domain.xml_desc(0).ok()?).ok());
    Ok(specs.filter(|spec| spec.mark.as_ref().is_none_or(|mark| !labs.contains(&mark.lab))).collect())
}

fn no_kvm(why: &str) -> Diagnostic {
    let what = format!("KVM cannot run a machine on this host: {why}.");
    Diagnostic::error("machine-kvm", "KVM does not work", what)
        .remedy("Write \"auto\" or \"tcg\", or see `cplan doctor`.")
        .attribute(AttrPath::attr("accel"))
}

/// The memory that a machine has while it runs, and what is too large for the host.
fn against_host(address: &InstanceAddr, values: &Value, facts: &HostFacts) -> (u64, Vec<Diagnostic>) {
    let mut found = Vec::new();
    let mut memory = 0;
    let mut error = |what: String, remedy: String, attribute| {
        let diagnostic = Diagnostic::error("machine-too-large", "Machine larger than its host", what).remedy(remedy);
        found.push(diagnostic.address(address.clone()).attribute(AttrPath::attr(attribute)));
    };
    // QEMU takes what it may become when it starts. Where only `memory` is written, that is the same.
    for name in ["memory", "maximum_memory"] {
        let wanted = values.get(name).and_then(Value::as_str).unwrap_or_default();
        let Ok(bytes) = parse_quantity(Format::Bytes, wanted) else { continue };
        if name == "memory" {
            memory = bytes;
        }
        if bytes > facts.memory {
            let host = format!("{}MiB", facts.memory / (1024 * 1024));
            error(
                format!("The machine wants {wanted} of memory and its host has {host}."),
                format!("Write at most \"{host}\"."),
                name,
            );
            break;
        }
    }
    if let Some(cpus) = values.get("cpus").and_then(Value::as_u64).filter(|cpus| *cpus > facts.cpus) {
        let host = facts.cpus;
        error(
            format!("The machine wants {cpus} processors and its host has {host}."),
            format!("Write at most {host}."),
            "cpus",
        );
    }
    (memory, found)
}

/// Fixed addresses that their network keeps for another card: whoever has that is lent it, too.
fn kept(reserved: &Reserved, address: &InstanceAddr, values: &Value) -> Vec<Diagnostic> {
    let id = values.get("id").and_then(Value::as_str);
    let told = |(n, plug): (usize, Plug)| {
        let ((network, _), text) = (plug.network?, plug.address?);
        let mac = plug.mac.map_or_else(|| Some(mac_address(id?, n)), Some)?;
        let (name, theirs) = reserved.other(&network, &text, &mac)?;
        let what = format!(
            "The network keeps {text} for `{name}`, the card with the MAC address {theirs}, and this is another."
        );
        let remedy =
            "Take the reservation away, for the address of a machine is fixed without one, or choose another address.";
        let told = Diagnostic::error("machine-address-reserved", "Address reserved for another", what).remedy(remedy);
        Some(told.address(address.clone()).attribute(plug.path.then_attr("address")))
    };
    plugs(values).into_iter().enumerate().filter_map(told).collect()
}

/// Machines that fit one by one, and not all together: they take what they use, so they may well start.
fn together(wanted: &[(&InstanceAddr, u64)], facts: &HostFacts) -> Option<Diagnostic> {
    let sum = wanted.iter().fold(0u64, |sum, (_, memory)| sum.saturating_add(*memory));
    let most = wanted.iter().map(|(_, memory)| *memory).max()?;
    if sum <= facts.memory || most > facts.memory {
        return None;
    }
    let (largest, _) = wanted.iter().find(|(_, memory)| *memory == most)?;
    let (count, sum, host) = (wanted.len(), spelling_for(Format::Bytes, sum), facts.memory / (1024 * 1024));
    let what = format!(
        "The {count} machines want {sum} of memory together, and their host has {host}MiB. What they do not use they do not take, \
         but a host that runs out of memory ends one of them."
    );
    let most = spelling_for(Format::Bytes, most);
    let warning = Diagnostic::warning("machines-memory", "More memory than the host has", what)
        .remedy(format!("Give them less, or have fewer; the largest has {most}."));
    Some(warning.address((*largest).clone()).attribute(AttrPath::attr("memory")))
}

/// Addresses outside of their network and addresses and names that two machines want.
fn between(planned: &[(InstanceAddr, Value)]) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let mut addresses: HashMap<(String, String), (&InstanceAddr, AttrPath)> = HashMap::new();
    let mut names: HashMap<&str, &InstanceAddr> = HashMap::new();
    let mut macs: HashMap<(String, String), &InstanceAddr> = HashMap::new();
    for (address, values) in planned {
        if let Some(name) = values.get("name").and_then(Value::as_str)
            && let Some(other) = names.insert(name, address)
        {
            let diagnostic = Diagnostic::error(
                "machine-name",
                "Invalid machine name",
                format!("`{other}` has the name \"{name}\" too."),
            )
            .remedy("Give each machine a name of its own.");
            diagnostics.push(diagnostic.address(address.clone()).attribute(AttrPath::attr("name")));
        }
        for plug in plugs(values) {
            if let Some((mac, network)) = plug.mac.clone().zip(plug.network.as_ref().map(|(id, _)| id.clone()))
                && let Some(other) = macs.insert((network, mac.to_ascii_lowercase()), address)
                && other != address
            {
                let what = format!("`{other}` has a card with the MAC address {mac} in the same network.");
                let diagnostic = Diagnostic::error("machine-mac", "Invalid MAC address", what)
                    .remedy("Give each card an address of its own, or leave it out.");
                diagnostics.push(diagnostic.address(address.clone()).attribute(plug.path.then_attr("mac")));
            }
            if let Some(outside) = plug.outside() {
                diagnostics.push(outside.address(address.clone()));
                continue;
            }
            let (Some((network, _)), Some(text)) = (plug.network, plug.address) else { continue };
            let path = plug.path.then_attr("address");
            if let Some((other, at)) = addresses.insert((network, text.clone()), (address, path.clone())) {
                let what = format!("The address {text} is used by `{other}` ({at}) and by `{address}` ({path}).");
                let diagnostic = Diagnostic::error("machine-address-twice", "Address used twice", what)
                    .remedy("Give each machine an address of its own.");
                diagnostics.push(diagnostic.address(address.clone()).attribute(path));
            }
        }
    }
    diagnostics
}

#[cfg(test)]
mod tests {
    use cplan_sdk::from_json;
    use serde_json::json;

    use super::*;
    use crate::machine::schema::schema;

    fn machine(name: &str, address: &str, memory: &str, cpus: u32) -> Value {
        let network = json!({"id": "n", "name": "m", "cidr": "10.70.0.0/24", "gateway": "10.70.0.1", "mode": "nat"});
        let image = json!({"digest": "d", "flavor": "micro", "arch": "amd64", "disk": "/d", "seed": "tar"});
        let json = json!({"name": name, "cpus": cpus, "memory": memory, "accel": "auto", "image": image,
            "management": {"network": network, "address": address}, "interface": [{"network": network, "address": "10.70.0.77"}]});
        from_json(&json, &schema().object_type()).unwrap()
    }

    fn short(diagnostics: &Diagnostics) -> Vec<(String, String)> {
        diagnostics.iter().map(|d| (d.id.to_owned(), d.attribute.clone().unwrap_or_default().to_string())).collect()
    }

    #[test]
    fn one_block_is_checked() {
        assert_eq!(short(&one(&schema(), &machine("edge-1", "10.70.0.11", "256MiB", 1))), []);
        let all = one(&schema(), &machine("-x", "10.71.0.11", "1MiB", 0));
        let expected = [
            ("machine-name", "name"),
            ("machine-cpus", "cpus"),
            ("machine-memory", "memory"),
            ("machine-address", "management.address"),
        ];
        assert_eq!(short(&all), expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    #[test]
    fn addresses_and_names_are_used_once() {
        let (a, b) = ("lab_machine.a".parse().unwrap(), "lab_machine.b".parse().unwrap());
        let planned = [(a, machine("x", "10.70.0.11", "1GiB", 1)), (b, machine("x", "10.70.0.11", "1GiB", 1))];
        let found = between(&planned);
        let expected = [
            ("machine-name", "name"),
            ("machine-address-twice", "management.address"),
            ("machine-address-twice", "interface[0].address"),
        ];
        assert_eq!(short(&found), expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
        let what = &found.iter().nth(1).unwrap().what;
        assert!(what.contains("lab_machine.a") && what.contains("lab_machine.b"), "{what}");
    }

    fn host() -> HostFacts {
        let driver = "QEMU".to_owned();
        HostFacts { driver, arch: None, cpus: 2, memory: 1 << 30, libvirt_version: 0, qemu_version: 0 }
    }

    #[test]
    fn machines_that_fit_only_one_by_one_are_told_with_the_figures() {
        let [a, b, c]: [InstanceAddr; 3] = ["a", "b", "c"].map(|n| format!("lab_machine.{n}").parse().unwrap());
        let of = |c_has: u64| together(&[(&a, 256 << 20), (&b, 512 << 20), (&c, c_has)], &host());
        assert!(of(256 << 20).is_none(), "exactly all of it");
        let told = of(300 << 20).unwrap();
        assert_eq!((told.severity, told.address.as_ref()), (cplan_model::Severity::Warning, Some(&b)));
        for figure in ["3 machines", "1068MiB", "1024MiB"] {
            assert!(told.what.contains(figure), "{}", told.what);
        }
        assert!(of(2 << 30).is_none(), "one that does not fit alone is an error of its own");
    }

    #[test]
    fn larger_than_the_host_names_both_numbers() {
        let facts = host();
        let (_, found) =
            against_host(&"lab_machine.a".parse().unwrap(), &machine("x", "10.70.0.11", "2GiB", 3), &facts);
        assert!(found[0].what.contains("2GiB") && found[0].what.contains("1024MiB"), "{}", found[0].what);
        let grows = machine("x", "10.70.0.11", "1GiB", 1).with("maximum_memory", Value::string("2GiB"));
        let (memory, found_too) = against_host(&"lab_machine.a".parse().unwrap(), &grows, &facts);
        assert_eq!((memory, found_too.len()), (1 << 30, 1));
        assert_eq!(found_too[0].attribute, Some(AttrPath::attr("maximum_memory")));
        assert!(found[1].what.contains("3 processors") && found[1].what.contains("host has 2"), "{}", found[1].what);
    }
}
