//! What libvirt changes while a machine runs.

use std::time::{Duration, Instant};

use cplan_model::Identity;
use cplan_sdk::{Context, ProviderError};
use virt::connect::Connect;
use virt::domain::{Domain, SchedBandwidth, SchedulerInfo};
use virt::sys;

use super::live::lookup;
use super::throttle::throttle;
use crate::client::{Client, LibvirtError};
use crate::xml::domain::{DiskSpec, DomainSpec, InterfaceSpec, PERIOD, disk_name, render_interface, render_mark};

/// How long a guest may take to give memory back or to take it.
const BALLOON: Duration = Duration::from_secs(20);

/// What the domain would be if everything that can change while it runs were as wanted.
pub(super) fn adjusted(found: &DomainSpec, wanted: &DomainSpec) -> DomainSpec {
    let disk = |(i, disk): (usize, &DiskSpec)| match wanted.disks.get(i) {
        Some(w) => DiskSpec { read_limit: w.read_limit, write_limit: w.write_limit, ..disk.clone() },
        None => disk.clone(),
    };
    let interface = |interface: &InterfaceSpec| {
        let up = wanted.interfaces.iter().find(|w| w.mac == interface.mac).map_or(interface.up, |w| w.up);
        InterfaceSpec { up, ..interface.clone() }
    };
    let fits = wanted.memory_kib <= found.maximum_kib;
    DomainSpec {
        memory_kib: if fits { wanted.memory_kib } else { found.memory_kib },
        quota: wanted.quota,
        pins: wanted.pins.clone(),
        notes: wanted.notes.clone(),
        disks: found.disks.iter().enumerate().map(disk).collect(),
        interfaces: found.interfaces.iter().map(interface).collect(),
        ..found.clone()
    }
}

/// Changes the running domain from what is found to what is wanted, as far as [`adjusted`] says that it can.
pub(super) async fn adjust(
    client: &Client,
    identity: &Identity,
    found: &DomainSpec,
    wanted: &DomainSpec,
) -> Result<(), ProviderError> {
    let (id, found, wanted) = (identity.id.clone(), found.clone(), wanted.clone());
    Ok(client.call(move |connection| adjust_blocking(connection, &id, &found, &wanted)).await?)
}

fn adjust_blocking(
    connection: &Connect,
    id: &str,
    found: &DomainSpec,
    wanted: &DomainSpec,
) -> Result<(), LibvirtError> {
    let domain = lookup(connection, id)?;
    let name = &found.name;
    let refused = |what: &str| LibvirtError::call(format!("{what} of the domain `{name}`"));
    if found.quota != wanted.quota {
        limit_processors(&domain, wanted.quota).map_err(refused("change the processor quota"))?;
    }
    if found.pins != wanted.pins {
        pin(connection, &domain, found, wanted).map_err(refused("pin the processors"))?;
    }
    for (i, (before, after)) in found.disks.iter().zip(&wanted.disks).enumerate() {
        if (before.read_limit, before.write_limit) != (after.read_limit, after.write_limit) {
            let disk = disk_name(i);
            throttle(&domain, &disk, after.read_limit, after.write_limit).map_err(refused("limit the disk"))?;
        }
    }
    for after in &wanted.interfaces {
        let before = found.interfaces.iter().find(|i| i.mac == after.mac);
        if before.is_some_and(|before| before.up != after.up) {
            let flags = sys::VIR_DOMAIN_AFFECT_LIVE;
            domain.update_device_flags(&render_interface(after), flags).map_err(refused("change an interface"))?;
        }
    }
    if found.memory_kib != wanted.memory_kib && wanted.memory_kib <= found.maximum_kib {
        let flags = sys::VIR_DOMAIN_AFFECT_LIVE;
        domain.set_memory_flags(wanted.memory_kib, flags).map_err(refused("change the memory"))?;
    }
    if found.notes != wanted.notes
        && let Some(mark) = render_mark(&DomainSpec { interfaces: found.interfaces.clone(), ..wanted.clone() })
    {
        let kind = i32::try_from(sys::VIR_DOMAIN_METADATA_ELEMENT).unwrap_or_default();
        let flags = sys::VIR_DOMAIN_AFFECT_LIVE;
        domain
            .set_metadata(kind, Some(&mark), Some("cplan"), Some(crate::NAMESPACE), flags)
            .map_err(refused("change the metadata"))?;
    }
    Ok(())
}

/// Makes the disk of a running machine larger; the guest sees it at once.
pub(super) async fn grow_disk(client: &Client, identity: &Identity, bytes: u64) -> Result<(), ProviderError> {
    let id = identity.id.clone();
    let grown = client.call(move |connection| {
        let flags = sys::VIR_DOMAIN_BLOCK_RESIZE_BYTES;
        let refused = LibvirtError::call("make the disk of a domain larger");
        lookup(connection, &id)?.block_resize(&disk_name(0), bytes, flags).map_err(refused)
    });
    Ok(grown.await?)
}

fn limit_processors(domain: &Domain, quota: Option<u64>) -> Result<(), virt::error::Error> {
    // Below zero is no limit; zero would be no change.
    let quota = quota.map_or(-1, |quota| i64::try_from(quota).unwrap_or(i64::MAX));
    let vcpu_bw = SchedBandwidth { period: Some(PERIOD), quota: Some(quota) };
    let parameters = SchedulerInfo { vcpu_bw, ..SchedulerInfo::default() };
    domain.set_scheduler_parameters_flags(&parameters, sys::VIR_DOMAIN_AFFECT_LIVE)
}

fn pin(
    connection: &Connect,
    domain: &Domain,
    found: &DomainSpec,
    wanted: &DomainSpec,
) -> Result<(), virt::error::Error> {
    let cpus = u64::from(connection.node_info()?.cpus);
    let all = (0..cpus).collect();
    for own in 0..found.cpus {
        if found.pins.get(&own) == wanted.pins.get(&own) {
            continue;
        }
        let mut map = vec![0u8; usize::try_from(cpus.div_ceil(8)).unwrap_or(1)];
        for host in wanted.pins.get(&own).unwrap_or(&all) {
            if let Some(byte) = usize::try_from(host / 8).ok().and_then(|i| map.get_mut(i)) {
                *byte |= 1 << (host % 8);
            }
        }
        domain.pin_vcpu_flags(u32::try_from(own).unwrap_or(u32::MAX), &map, sys::VIR_DOMAIN_AFFECT_LIVE)?;
    }
    Ok(())
}

/// Waits until the guest has given back the memory that it should not have, or has taken what it should.
pub(super) async fn settle_memory(
    ctx: &Context,
    client: &Client,
    name: &str,
    id: &str,
    wanted_kib: u64,
) -> Result<(), ProviderError> {
    let begun = Instant::now();
    loop {
        let id = id.to_owned();
        let has = client.call(move |connection| {
            let refused = || LibvirtError::call("ask how much memory a domain has");
            Ok(lookup(connection, &id)?.info().map_err(refused())?.memory)
        });
        let has = has.await?;
        if has == wanted_kib {
            return Ok(());
        }
        if begun.elapsed() >= BALLOON {
            let message = format!(
                "the guest of `{name}` did not go from {}MiB to {}MiB of memory",
                has / 1024,
                wanted_kib / 1024
            );
            return Err(ProviderError::failed(message)
                .remedy("It needs the kernel module virtio_balloon; or set maximum_memory to the same as memory."));
        }
        ctx.progress.status(&format!("waiting for its memory to become {}MiB", wanted_kib / 1024));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
