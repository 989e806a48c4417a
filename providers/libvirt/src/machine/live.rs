//! The domain as libvirt has it.

use std::time::{Duration, Instant};

use cplan_model::Identity;
use cplan_sdk::ProviderError;
use virt::connect::Connect;
use virt::domain::{
    Domain, DomainPausedReason, DomainState, DomainStateEnum, DomainStateReason, DomainStateReasonEnum,
};
use virt::enumutil::Enum;
use virt::sys;

use super::observe::{Found, find};
use crate::client::{Client, LibvirtError};
use crate::ownership::{Mark, conflict};
use crate::xml::domain::{DomainSpec, InterfaceSpec, parse, render};

/// How long libvirt may take to start a QEMU.
const STARTING: Duration = Duration::from_secs(60);

/// How long libvirt may take to clear up after a guest that has stopped.
const CLEARING_UP: Duration = Duration::from_secs(10);

/// What the domain is, if it is there; fails if it is there and not ours.
pub(super) async fn look(client: &Client, identity: &Identity) -> Result<Option<Found>, ProviderError> {
    let (id, local) = (identity.id.clone(), client.settings().get().is_local());
    let found = client.call(move |c| Ok(find(c, std::slice::from_ref(&id), local)?.remove(&id))).await?;
    if let Some(found) = &found {
        Mark::check(found.spec.mark.as_ref(), identity, &format!("the domain `{}`", found.spec.name))?;
    }
    Ok(found)
}

/// As [`look`], when a start that a process had begun and does not wait for any more is over.
pub(super) async fn look_when_started(client: &Client, identity: &Identity) -> Result<Option<Found>, ProviderError> {
    let begun = Instant::now();
    while begun.elapsed() < STARTING && is_starting(client, &identity.id).await? {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    look(client, identity).await
}

/// Whether libvirt is about to start it.
async fn is_starting(client: &Client, id: &str) -> Result<bool, LibvirtError> {
    let reason = DomainStateReason::Paused(Enum::Known(DomainPausedReason::StartingUp));
    Ok(state(client, id).await?.is_some_and(|(_, found)| found == Enum::Known(reason)))
}

/// The state and why it is that; none of what is missing.
async fn state(client: &Client, id: &str) -> Result<Option<(DomainStateEnum, DomainStateReasonEnum)>, LibvirtError> {
    let id = id.to_owned();
    let state = client.call(move |c| lookup(c, &id)?.state().map_err(LibvirtError::call("ask for a domain's state")));
    match state.await {
        Err(error) if error.is_missing() => Ok(None),
        other => other.map(Some),
    }
}

/// Whether two domains are the same, but for what libvirt chooses at each start.
pub(super) fn is_same(one: &DomainSpec, other: &DomainSpec) -> bool {
    let plain = |spec: &DomainSpec| {
        let interfaces = spec.interfaces.iter().map(|i| InterfaceSpec { tap: None, ..i.clone() });
        DomainSpec { interfaces: interfaces.collect(), ..spec.clone() }
    };
    plain(one) == plain(other)
}

/// Defines the domain, over an older definition of ours if there is one.
pub(super) async fn define(client: &Client, identity: &Identity, spec: &DomainSpec) -> Result<(), ProviderError> {
    let (identity, spec) = (identity.clone(), spec.clone());
    client.call(move |c| Ok(define_blocking(c, &identity, &spec))).await?
}

fn define_blocking(connection: &Connect, identity: &Identity, spec: &DomainSpec) -> Result<(), ProviderError> {
    let what = format!("the domain `{}`", spec.name);
    // libvirt itself refuses a name that another UUID has; this says whose it is.
    if let Ok(other) = connection.lookup_domain_by_name(&spec.name) {
        let found = other.xml_desc(0).ok().and_then(|xml| parse(&xml).ok());
        let mark = found.as_ref().and_then(|f| f.mark.as_ref());
        if found.as_ref().is_some_and(|f| f.uuid != spec.uuid) && mark.is_none() {
            return Err(conflict(format!("{what} exists and was not made by cplan")));
        }
        Mark::check(mark, identity, &what)?;
    }
    connection.define_domain_xml(&render(spec)).map_err(LibvirtError::call(format!("define {what}")))?;
    Ok(())
}

/// Gives a domain that does not run the name that it should have; what is gone is fine.
pub(super) async fn rename(client: &Client, identity: &Identity, name: &str) -> Result<(), ProviderError> {
    let (id, name) = (identity.id.clone(), name.to_owned());
    let renamed = client.call(move |connection| {
        let domain = lookup(connection, &id)?;
        let what = format!("rename the domain `{}` to `{name}`", domain.name().unwrap_or_default());
        domain.rename(&name, 0).map_err(LibvirtError::call(what))
    });
    match renamed.await {
        Err(error) if !error.is_missing() => Err(error.into()),
        _ => Ok(()),
    }
}

/// Starts the domain, or lets it go on if it was paused; running is fine.
pub(super) async fn start(client: &Client, identity: &Identity) -> Result<(), ProviderError> {
    let id = identity.id.clone();
    let started = client.call(move |connection| {
        let domain = lookup(connection, &id)?;
        let name = domain.name().unwrap_or_default();
        let refused = || LibvirtError::call(format!("start the domain `{name}`"));
        if !domain.is_active().map_err(refused())? {
            return match domain.create() {
                // Without a word of QEMU's it was killed, by what `stopped_within` tells of if it has just been stopped.
                Err(error) if error.message().trim_end().ends_with("exited while connecting to monitor") => {
                    domain.create()
                }
                other => other,
            }
            .map_err(refused());
        }
        match domain.resume().map_err(refused()) {
            Err(error) if !error.is_wrong_state() => Err(error),
            _ => Ok(()),
        }
    });
    started.await.map_err(explain)
}

/// QEMU's own words for the commonest mistake do not say how to mend it.
fn explain(error: LibvirtError) -> ProviderError {
    let denied = matches!(&error, LibvirtError::Call { message, .. } if message.contains("Permission denied"));
    let error = ProviderError::from(error);
    if !denied {
        return error;
    }
    error.remedy("Let the user that QEMU runs as reach the files: chmod o+x on each folder above cache_dir.")
}

/// The domain by its UUID.
pub(super) fn lookup(connection: &Connect, id: &str) -> Result<Domain, LibvirtError> {
    connection.lookup_domain_by_uuid_string(id).map_err(LibvirtError::call("find a domain"))
}

/// Asks the guest to stop (ACPI); it may not listen.
pub(super) async fn press_power_button(client: &Client, identity: &Identity) -> Result<(), LibvirtError> {
    let id = identity.id.clone();
    client.call(move |c| lookup(c, &id)?.shutdown().map_err(LibvirtError::call("ask a domain to stop"))).await
}

/// Whether it runs.
pub(super) async fn is_active(client: &Client, id: &str) -> Result<bool, LibvirtError> {
    let id = id.to_owned();
    let active =
        client.call(move |c| lookup(c, &id)?.is_active().map_err(LibvirtError::call("ask for a domain's state")));
    match active.await {
        Err(error) if error.is_missing() => Ok(false),
        other => other,
    }
}

/// Waits until it no longer runs; whether that came true within the limit. A guest that has stopped while libvirt is
/// still clearing up after it is waited for longer: stopped by us as well at that moment, libvirt (9.0 and others before
/// it ignored an end of the monitor that belongs to an earlier start) would take the end of this process for the end of
/// the next one and kill it.
pub(super) async fn stopped_within(client: &Client, id: &str, limit: Duration) -> Result<bool, LibvirtError> {
    let begun = Instant::now();
    while is_active(client, id).await? {
        let waited = begun.elapsed();
        if waited >= limit + CLEARING_UP || waited >= limit && !is_shut_down(client, id).await? {
            return Ok(false);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(true)
}

/// Whether the guest has stopped, while its QEMU has not ended yet.
async fn is_shut_down(client: &Client, id: &str) -> Result<bool, LibvirtError> {
    Ok(state(client, id).await?.is_some_and(|(found, _)| found == Enum::Known(DomainState::Shutdown)))
}

/// Ends the domain as if its plug were pulled; what does not run is fine.
pub(super) async fn stop(client: &Client, identity: &Identity) -> Result<(), ProviderError> {
    let id = identity.id.clone();
    let stopped = client.call(move |connection| {
        let domain = lookup(connection, &id)?;
        let name = domain.name().unwrap_or_default();
        domain.destroy().map_err(LibvirtError::call(format!("stop the domain `{name}`")))
    });
    Ok(tolerate(stopped.await)?)
}

/// Forgets the domain; what is gone is fine.
pub(super) async fn undefine(client: &Client, identity: &Identity) -> Result<(), ProviderError> {
    let id = identity.id.clone();
    let undefined = client.call(move |connection| {
        let domain = lookup(connection, &id)?;
        let name = domain.name().unwrap_or_default();
        let flags = sys::VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
            | sys::VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
            | sys::VIR_DOMAIN_UNDEFINE_NVRAM;
        domain.undefine_flags(flags).map_err(LibvirtError::call(format!("undefine the domain `{name}`")))
    });
    Ok(tolerate(undefined.await)?)
}

fn tolerate(result: Result<(), LibvirtError>) -> Result<(), LibvirtError> {
    match result {
        Err(error) if error.is_missing() || error.is_wrong_state() => Ok(()),
        other => other,
    }
}
