//! Making, changing, restarting and removing a machine. Every step can be repeated from wherever it stopped.

use std::time::Duration;

use cplan_model::{Identity, Value};
use cplan_sdk::{
    Access, ApplyResponse, Context, ErrorKind, Observed, ProviderError, ReadRequest, RecoverRequest, Resource,
};

use super::adjust::{adjust, adjusted, grow_disk, settle_memory};
use super::observe::Found;
use super::values::{Machine, TIMEZONE, access, with_host_key};
use super::{MachineResource, boot, files, live, timezone};
use crate::arch::Arch;
use crate::host::facts;
use crate::network::reattach;
use crate::xml::domain::{Accelerator, DomainSpec};

/// How long a guest may take to stop by itself before its plug is pulled.
const SHUTDOWN: Duration = Duration::from_secs(3);

impl MachineResource {
    /// Makes the machine what it should be, from wherever it is, and waits until it answers.
    pub(super) async fn ensure(
        &self,
        ctx: &Context,
        identity: &Identity,
        planned: &Value,
    ) -> Result<ApplyResponse, ProviderError> {
        let settings = self.client.settings().get();
        let machine = Machine::from_values(planned)?;
        let found = live::look(&self.client, identity).await?;
        let fresh = found.is_none() && !files::exist(&settings, &identity.id);
        if !fresh && access(planned).is_some_and(|access| !access.host_key.is_empty()) {
            files::has_host_key(&settings, &identity.id, &machine.name)?;
        }
        ctx.progress.status("making its disk and keys");
        let prepared = async {
            let accelerator = self.accelerator(&machine, found.as_ref()).await?;
            let host_key = files::prepare(&settings, ctx.data_dir(), identity, &machine).await?;
            let values = with_host_key(planned, &host_key);
            let spec = machine.domain(identity, &settings, accelerator)?;
            self.power_on(ctx, identity, (&machine, &values), found.as_ref(), &spec).await?;
            Ok((values, spec))
        };
        let (values, spec) = match prepared.await {
            Ok(done) => done,
            Err(error) if fresh => {
                // It never ran: nothing of it stays, unless it cannot be removed.
                let _ = self.remove(ctx, identity, planned).await;
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        let private = spec.accelerator.as_str().as_bytes().to_vec();
        let Some(access) = access(&values) else {
            return Err(ProviderError::failed("the machine's access is not known").partial(values));
        };
        let limit = (machine.boot_timeout(), machine.image.is_cloud());
        match boot::wait(ctx, &self.client, &*self.shell, &access, &spec.console, limit).await {
            Ok(boot_id) => match settle_memory(ctx, &self.client, &machine.name, &identity.id, spec.memory_kib).await {
                Ok(()) => Ok(ApplyResponse { values, private, boot_id: Some(boot_id) }),
                Err(error) => Err(error.partial(values)),
            },
            Err(error) => {
                ctx.progress.log(&format!("console of {}:\n{}", machine.name, boot::tail(&spec.console, 50)));
                Err(error.partial(values))
            }
        }
    }

    async fn accelerator(&self, machine: &Machine, found: Option<&Found>) -> Result<Accelerator, ProviderError> {
        let wanted = machine.accel();
        // A host of another libvirt than the local one tells what it is.
        if facts(&self.client).await?.arch.is_some_and(|host| host != machine.image.arch()) {
            return Ok(Accelerator::Tcg);
        }
        match (wanted, found) {
            ("tcg", _) => return Ok(Accelerator::Tcg),
            ("auto", Some(found)) if found.active => return Ok(found.spec.accelerator),
            _ => {}
        }
        let verdict = self.kvm.verdict(machine.image.kernel.as_deref()).await;
        match verdict {
            Some(verdict) if verdict.works => Ok(Accelerator::Kvm),
            Some(verdict) if wanted == "kvm" => {
                let message = format!("KVM cannot run a machine on this host: {}", verdict.why);
                Err(ProviderError::failed(message).remedy("Set accel to \"auto\" or \"tcg\", or see `cplan doctor`."))
            }
            _ => Ok(Accelerator::Tcg),
        }
    }

    /// Gets the domain to run as it should; a running one that differs is restarted.
    async fn power_on(
        &self,
        ctx: &Context,
        identity: &Identity,
        (machine, values): (&Machine, &Value),
        found: Option<&Found>,
        wanted: &DomainSpec,
    ) -> Result<(), ProviderError> {
        let active = found.filter(|f| f.active);
        // A name that somebody else has given it stays while it runs: libvirt changes none then.
        let now = active.map(|found| DomainSpec { name: found.spec.name.clone(), ..wanted.clone() });
        let now = now.as_ref().unwrap_or(wanted);
        if let Some(found) = active.filter(|f| live::is_same(&adjusted(&f.spec, now), now)) {
            self.adjust(ctx, identity, values, found, now).await?;
            return match machine.disk_size()?.filter(|size| found.disk_size.is_some_and(|has| has < *size)) {
                Some(size) => grow_disk(&self.client, identity, size).await,
                None => Ok(()),
            };
        }
        // A disk can be made larger from outside only while nobody has it open.
        if active.is_none() {
            files::grow(&self.client.settings().get(), &identity.id, machine.disk_size()?).await?;
        }
        let renamed = found.is_some_and(|f| f.spec.name != wanted.name);
        if renamed && active.is_none() {
            live::rename(&self.client, identity, &wanted.name).await?;
        }
        live::define(&self.client, identity, now).await?;
        if active.is_some() {
            ctx.progress.status("stopping, to start again with what changed");
            self.shut_down(ctx, identity, values, active.map(|found| &found.spec)).await?;
            files::grow(&self.client.settings().get(), &identity.id, machine.disk_size()?).await?;
            if renamed {
                live::rename(&self.client, identity, &wanted.name).await?;
            }
        }
        files::clear_console(&self.client.settings().get(), &identity.id)?;
        ctx.progress.status("starting");
        live::start(&self.client, identity).await
    }

    /// Makes a running machine what it should be, without a restart.
    async fn adjust(
        &self,
        ctx: &Context,
        identity: &Identity,
        values: &Value,
        found: &Found,
        wanted: &DomainSpec,
    ) -> Result<(), ProviderError> {
        if !found.running {
            live::start(&self.client, identity).await?;
        }
        if !found.connected {
            self.plug_in(wanted).await?;
        }
        if !found.defined || !live::is_same(&found.spec, wanted) {
            live::define(&self.client, identity, wanted).await?;
        }
        ctx.progress.status("changing it while it runs");
        let zone = wanted.notes.get(TIMEZONE).filter(|zone| found.spec.notes.get(TIMEZONE) != Some(zone));
        if let (Some(zone), Some(access)) = (zone, access(values)) {
            self.tell_timezone(ctx, &access, zone).await?;
        }
        adjust(&self.client, identity, &found.spec, wanted).await
    }

    async fn tell_timezone(&self, ctx: &Context, access: &Access, zone: &str) -> Result<(), ProviderError> {
        let rules = timezone::rules(zone).unwrap_or_default();
        let output = self.shell.run(ctx, access, &timezone::script(zone), &rules).await?;
        if output.status == 0 {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(ProviderError::failed(format!("the time zone of `{}` cannot be set", access.name)).details(said))
    }

    /// Asks the guest to stop, and pulls its plug if it does not. Its disk is written out first: what was just put
    /// there must survive.
    async fn shut_down(
        &self,
        ctx: &Context,
        identity: &Identity,
        values: &Value,
        running: Option<&DomainSpec>,
    ) -> Result<(), ProviderError> {
        // Debian's kernel for ARM boards in clouds has no driver for the button of a board without ACPI.
        let button = running.is_none_or(|spec| spec.arch == Arch::Amd64 || spec.uefi);
        if let Some(access) = access(values) {
            let script = if button { "sync" } else { "sync; poweroff" };
            // A guest that does not answer has nothing to write out that could be waited for.
            let _ = boot::at_most(SHUTDOWN, self.shell.run(ctx, &access, script, &[])).await;
            self.shell.disconnect(&access).await;
        }
        let asked = if button { live::press_power_button(&self.client, identity).await } else { Ok(()) };
        if asked.is_ok() && live::stopped_within(&self.client, &identity.id, SHUTDOWN).await? {
            return Ok(());
        }
        live::stop(&self.client, identity).await
    }

    async fn plug_in(&self, wanted: &DomainSpec) -> Result<(), ProviderError> {
        let mut networks: Vec<_> = wanted.interfaces.iter().map(|i| i.network.clone()).collect();
        networks.dedup();
        for network in networks {
            let name = network.clone();
            let bridge = self.client.call(move |connection| {
                let found = connection.lookup_network_by_name(&name).and_then(|n| n.bridge_name());
                found.map_err(crate::LibvirtError::call(format!("find the bridge of the network `{name}`")))
            });
            reattach(&self.client, &network, &bridge.await?).await?;
        }
        Ok(())
    }

    /// Removes the domain and all files; what is gone is fine, what is not ours is not touched.
    pub(super) async fn remove(&self, ctx: &Context, identity: &Identity, prior: &Value) -> Result<(), ProviderError> {
        let found = live::look(&self.client, identity).await?;
        if let Some(access) = access(prior) {
            self.shell.disconnect(&access).await;
        }
        if let Some(found) = found {
            if found.active {
                ctx.progress.status("stopping");
                live::stop(&self.client, identity).await?;
            }
            live::undefine(&self.client, identity).await?;
        }
        files::remove(&self.client.settings().get(), &identity.id).await
    }

    /// Settles a create or an update that was begun: what is defined stays and is said, what only has files goes.
    pub(super) async fn settle(
        &self,
        ctx: &Context,
        request: &RecoverRequest,
        planned: &Value,
    ) -> Result<Observed, ProviderError> {
        let identity = &request.identity;
        let settings = self.client.settings().get();
        let Some(found) = live::look_when_started(&self.client, identity).await? else {
            if request.prior.is_none() {
                files::remove(&settings, &identity.id).await?;
                return Ok(Observed::Absent);
            }
            return self.observe(ctx, request, planned.clone(), None).await;
        };
        let machine = Machine::from_values(planned)?;
        let host_key = files::prepare(&settings, ctx.data_dir(), identity, &machine).await?;
        let values = with_host_key(planned, &host_key);
        let mut boot_id = None;
        if let (true, Some(access)) = (found.running, access(&values)) {
            let limit = (machine.boot_timeout(), machine.image.is_cloud());
            match boot::wait(ctx, &self.client, &*self.shell, &access, &found.spec.console, limit).await {
                Err(error) if error.kind == ErrorKind::Cancelled => return Err(error),
                // It runs and never became ready: stopped, the next plan says so and starts it.
                Err(_) => live::stop(&self.client, identity).await?,
                Ok(id) => boot_id = Some(id),
            }
        }
        self.observe(ctx, request, values, boot_id).await
    }

    async fn observe(
        &self,
        ctx: &Context,
        request: &RecoverRequest,
        values: Value,
        boot_id: Option<String>,
    ) -> Result<Observed, ProviderError> {
        let read = ReadRequest {
            identity: request.identity.clone(),
            prior: values,
            private: request.private.clone(),
            boot_id,
        };
        self.read(ctx, vec![read]).await.pop().unwrap_or(Ok(Observed::Absent))
    }
}
