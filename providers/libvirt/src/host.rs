//! What the host has.

use cplan_sdk::{Claim, ProviderError};
use ipnet::Ipv4Net;
use serde::Deserialize;

use crate::arch::Arch;
use crate::client::{Client, LibvirtError, QEMU};

/// Facts of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostFacts {
    /// What libvirt calls the driver that answers: `QEMU`.
    pub driver: String,
    /// What its processors are; `None` of one that runs no machine of ours.
    pub arch: Option<Arch>,
    /// Processors.
    pub cpus: u64,
    /// Memory in bytes.
    pub memory: u64,
    /// The version of libvirt: 9.0.0 is 9 000 000.
    pub libvirt_version: u32,
    /// The version of QEMU, in the same form.
    pub qemu_version: u32,
}

/// Of work that keeps the host busy: a measurement claims the same thing for itself, so that neither disturbs the other.
pub(crate) fn busy_host() -> Claim {
    Claim::shared("host:local")
}

/// Asks libvirt, and the kernel where that is this one.
pub async fn facts(client: &Client) -> Result<HostFacts, ProviderError> {
    let local = client.settings().get().is_local();
    let facts = client.call(move |connection| {
        let refused = || LibvirtError::call("describe the host");
        let node = connection.node_info().map_err(refused())?;
        let driver = connection.driver_type().map_err(refused())?;
        // Of a made-up host all is made up.
        let local = local && driver == QEMU;
        Ok(HostFacts {
            driver,
            arch: Arch::of_kernel_name(&node.model),
            cpus: node.cpus.into(),
            // libvirt adds up NUMA nodes, which do not count memory that was plugged in later.
            memory: (node.memory * 1024).max(if local { memory_total() } else { 0 }),
            libvirt_version: connection.lib_version().map_err(refused())?,
            qemu_version: connection.hyp_version().map_err(refused())?,
        })
    });
    Ok(facts.await?)
}

/// `MemTotal` of proc(5), in bytes; zero where it cannot be read.
fn memory_total() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

#[derive(Deserialize)]
struct Link {
    ifname: String,
    addr_info: Vec<Address>,
}

#[derive(Deserialize)]
struct Address {
    local: Option<String>,
    prefixlen: u8,
}

/// The IPv4 addresses of this host's interfaces (iproute2's JSON).
pub(crate) async fn interface_addresses() -> Result<Vec<(String, Ipv4Net)>, ProviderError> {
    let output = tokio::process::Command::new("ip").args(["-json", "-4", "address", "show"]).output().await;
    let output = output.map_err(|e| {
        ProviderError::failed("`ip` cannot be run").remedy("Install it: apt-get install iproute2.").source(e)
    })?;
    let links: Vec<Link> = serde_json::from_slice(&output.stdout)
        .map_err(|e| ProviderError::failed("the addresses of this host cannot be read").source(e))?;
    let addresses = links.into_iter().flat_map(|link| {
        let name = link.ifname;
        link.addr_info.into_iter().filter_map(move |a| {
            let net = Ipv4Net::new(a.local?.parse().ok()?, a.prefixlen).ok()?;
            Some((name.clone(), net))
        })
    });
    Ok(addresses.collect())
}
