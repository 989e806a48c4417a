//! A network for who names none: one that nobody on the host uses, the same for the same lab and name, so that several
//! labs of one topology live beside each other.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Mutex, PoisonError};

use cplan_model::Identity;
use cplan_sdk::ProviderError;
use ipnet::Ipv4Net;
use sha2::{Digest, Sha256};

use super::live;
use crate::client::Client;
use crate::host::interface_addresses;

/// Where networks are taken from: private addresses (RFC 1918), without those that clusters take by default
/// (10.96.0.0/12 and 10.244.0.0/16).
const FIRST: Ipv4Addr = Ipv4Addr::new(10, 128, 0, 0);
const LAST: Ipv4Addr = Ipv4Addr::new(10, 223, 255, 255);
/// The length of a network's prefix where none is named.
pub(super) const PREFIX: u8 = 24;

/// What was chosen in this process, by lab and name: two networks of one plan do not get the same.
#[derive(Debug, Default)]
pub(super) struct Chosen(Mutex<HashMap<(String, String), Ipv4Net>>);

impl Chosen {
    /// A free network with a prefix of this length.
    pub(super) async fn choose(
        &self,
        client: &Client,
        identity: &Identity,
        prefix: u8,
    ) -> Result<Ipv4Net, ProviderError> {
        let lab = identity.lab.clone();
        let used = client.call(move |connection| {
            let others = live::all(connection)?.into_iter();
            // What this lab has may be about to be replaced by this.
            let others = others.filter(|found| found.spec.mark.as_ref().is_none_or(|mark| mark.lab != lab));
            Ok(others.map(|found| (found.spec.bridge, found.spec.address)).collect::<Vec<_>>())
        });
        let networks = used.await?;
        let mut used: Vec<Ipv4Net> = networks.iter().filter_map(|(_, address)| *address).collect();
        if client.settings().get().is_local() {
            let ours = |name: &str| name.starts_with("cpl") && !networks.iter().any(|(bridge, _)| bridge == name);
            used.extend(interface_addresses().await?.into_iter().filter(|(name, _)| !ours(name)).map(|(_, net)| net));
        }
        let key = (identity.lab.clone(), identity.name.clone());
        let mut chosen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(net) = chosen.get(&key).filter(|net| net.prefix_len() == prefix && !taken(**net, &used)) {
            return Ok(*net);
        }
        used.extend(chosen.iter().filter(|(other, _)| **other != key).map(|(_, net)| *net));
        let net = free(&key.0, &key.1, prefix, &used).ok_or_else(|| {
            ProviderError::failed(format!("no network with a prefix of {prefix} bits is free from {FIRST} to {LAST}"))
                .remedy("Name one with `cidr`, or a longer `prefix`.")
        })?;
        chosen.insert(key, net);
        Ok(net)
    }
}

/// The first free one after a place that follows from the lab and the name.
fn free(lab: &str, name: &str, prefix: u8, used: &[Ipv4Net]) -> Option<Ipv4Net> {
    let size = 1u64 << (32 - u32::from(prefix));
    let count = (u64::from(u32::from(LAST) - u32::from(FIRST)) + 1) / size;
    let hash = Sha256::digest(format!("network {lab} {name}"));
    let start = u64::from_be_bytes(hash[..8].try_into().ok()?) % count.max(1);
    let nets = (0..count).map(|i| u64::from(u32::from(FIRST)) + (start + i) % count * size);
    let mut nets = nets.filter_map(|at| Ipv4Net::new(Ipv4Addr::from(u32::try_from(at).ok()?), prefix).ok());
    nets.find(|net| !taken(*net, used))
}

fn taken(net: Ipv4Net, used: &[Ipv4Net]) -> bool {
    used.iter().any(|other| net.contains(&other.network()) || other.contains(&net.network()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_the_same_for_the_same_and_free() {
        let first = free("a", "m", 24, &[]).unwrap();
        assert_eq!(free("a", "m", 24, &[]), Some(first));
        assert_ne!(free("b", "m", 24, &[]), Some(first));
        assert_eq!((first.trunc(), first.prefix_len()), (first, 24));
        let next = free("a", "m", 24, &[first]).unwrap();
        assert!(
            !taken(next, &[first])
                && (FIRST..=LAST).contains(&next.network())
                && (FIRST..=LAST).contains(&next.broadcast())
        );
        let wide = Ipv4Net::new(FIRST, 9).unwrap();
        assert_eq!(free("a", "m", 24, &[wide.trunc()]), None);
        assert!(free("a", "m", 16, &[]).is_some_and(|net| net.prefix_len() == 16));
    }
}
