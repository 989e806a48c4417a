//! What the host has.

use cplan_sdk::ProviderError;
use ipnet::Ipv4Net;
use serde::Deserialize;

use crate::client::{Client, LibvirtError};

/// Facts of a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostFacts {
    /// Processors.
    pub cpus: u64,
    /// Memory in bytes.
    pub memory: u64,
    /// The version of libvirt: 9.0.0 is 9 000 000.
    pub libvirt_version: u32,
    /// The version of QEMU, in the same form.
    pub qemu_version: u32,
}

/// Asks libvirt.
pub async fn facts(client: &Client) -> Result<HostFacts, ProviderError> {
    let facts = client.call(|connection| {
        let refused = || LibvirtError::call("describe the host");
        let node = connection.node_info().map_err(refused())?;
        Ok(HostFacts {
            cpus: node.cpus.into(),
            memory: node.memory * 1024,
            libvirt_version: connection.lib_version().map_err(refused())?,
            qemu_version: connection.hyp_version().map_err(refused())?,
        })
    });
    Ok(facts.await?)
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
