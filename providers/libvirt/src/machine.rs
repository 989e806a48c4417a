//! `lab_machine`: a domain, its overlay disk and its seed.

mod adjust;
mod boot;
mod check;
mod effect;
mod existing;
mod files;
mod live;
mod observe;
mod power;
mod schema;
mod seed;
mod throttle;
mod timezone;
mod values;

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use cplan_model::{Action, AttrPath, Diagnostics, InstanceAddr, Schema, Value};
use cplan_sdk::{
    ApplyRequest, ApplyResponse, Claim, Context, Disruption, Locality, Observed, PlanRequest, PlanResponse,
    ProbeOutput, ProviderError, ReadRequest, RecoverRequest, Resource, Shell,
};

use crate::client::Client;
use crate::host::busy_host;
use crate::kvm::KvmProbe;
use effect::effects;
pub use effect::{Effect, Rule, TABLE};
pub(crate) use files::BASE;

/// The resource type.
pub struct MachineResource {
    client: Client,
    shell: Arc<dyn Shell>,
    kvm: KvmProbe,
    schema: Schema,
    slots: OnceLock<u32>,
}

impl MachineResource {
    /// Machines of the client's host, reached through `shell`.
    pub fn new(client: Client, shell: Arc<dyn Shell>) -> Self {
        let kvm = KvmProbe::new(client.clone());
        MachineResource { client, shell, kvm, schema: schema::schema(), slots: OnceLock::new() }
    }

    /// How many machines start side by side: a start also waits for disks and timers, so two per core keep them busy.
    fn slots(&self) -> u32 {
        *self.slots.get_or_init(|| {
            let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
            u32::try_from(2 * cores).unwrap_or(u32::MAX)
        })
    }
}

#[async_trait]
impl Resource for MachineResource {
    fn ty(&self) -> &'static str {
        "lab_machine"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        check::one(&self.schema, config)
    }

    fn locality(&self, values: &Value) -> Locality {
        if let Some(access) = values::access(values).filter(|_| existing::is(values)) {
            return Locality::Machine(access);
        }
        Locality::Host(self.client.settings().get().uri)
    }

    async fn read(&self, _ctx: &Context, requests: Vec<ReadRequest>) -> Vec<Result<Observed, ProviderError>> {
        let settings = self.client.settings().get();
        let ids: Vec<_> = requests.iter().map(|r| r.identity.id.clone()).collect();
        let local = settings.is_local();
        let found = match self.client.call(move |c| observe::find(c, &ids, local)).await {
            Ok(found) => found,
            Err(error) => {
                let message = error.to_string();
                let first = ProviderError::from(error);
                let again = || ProviderError::new(first.kind, message.clone()).remedy(first.remedy.clone());
                return requests.iter().map(|_| Err(again())).collect();
            }
        };
        let observe = |request: &ReadRequest| {
            let identity = &request.identity;
            let (values, private) = match found.get(&identity.id) {
                Some(found) if found.spec.mark.as_ref().is_some_and(|m| m.id == identity.id) => {
                    let accelerator = found.spec.accelerator.as_str();
                    let has_disk = !local || files::exist(&settings, &identity.id);
                    let values = observe::values(identity, found, &request.prior);
                    (values.with("has_disk", Value::bool(has_disk)), accelerator.as_bytes().to_vec())
                }
                // Somebody undefined it, but its disk is here: it can be started as it was.
                None if files::exist(&settings, &identity.id) => {
                    let gone = Value::bool(false);
                    let values = request.prior.with("running", gone.clone()).with("defined", gone);
                    (values, request.private.clone())
                }
                // Without its mark it is no longer ours.
                _ => return Observed::Absent,
            };
            // Only the machine itself knows its boot id, and its contents' probes say it; libvirt has nothing to add.
            Observed::Present { values, private, boot_id: request.boot_id.clone() }
        };
        requests.iter().map(|request| Ok(observe(request))).collect()
    }

    fn observe(&self, request: &ReadRequest, output: &ProbeOutput) -> Result<Observed, ProviderError> {
        Ok(existing::observe(request, output))
    }

    fn upgrade(&self, _: u64, values: Value) -> Result<Value, ProviderError> {
        Ok(values::with_arch(&values))
    }

    fn contents_outlive(&self, values: &Value) -> bool {
        existing::is(values)
    }

    async fn plan(&self, ctx: &Context, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        if existing::is(&request.config) {
            return Ok(existing::plan(&self.schema, request, ctx.data_dir()));
        }
        let planned = values::planned(&request, ctx.data_dir());
        let prior = request.prior.as_ref();
        // With its disk everything that was put on it is gone: another machine, whose contents are made again.
        let moved = prior.map(|prior| effects(&self.schema, prior, &planned, &request.private)).unwrap_or_default();
        let of = |effect| moved.iter().filter(move |(_, e)| *e == effect).map(|(path, _)| path.clone());
        let (restart, replace): (Vec<AttrPath>, _) = (of(Effect::Restart).collect(), of(Effect::Replace).collect());
        let stopped = prior.is_some_and(|prior| prior.get("running").and_then(Value::as_bool) == Some(false));
        let (disruption, disrupted_by) = match (stopped, restart.is_empty()) {
            (true, _) => (Some(Disruption::Start), Vec::new()),
            (false, false) => (Some(Disruption::Restart), restart),
            (false, true) => (None, Vec::new()),
        };
        Ok(PlanResponse { planned: Some(planned), disruption, disrupted_by, replace, private: request.private })
    }

    async fn check(&self, _ctx: &Context, planned: &[(InstanceAddr, Value)]) -> Result<Diagnostics, ProviderError> {
        check::all(&self.client, &self.kvm, planned).await
    }

    async fn apply(&self, ctx: &Context, request: ApplyRequest) -> Result<ApplyResponse, ProviderError> {
        if request.planned.as_ref().or(request.prior.as_ref()).is_some_and(existing::is) {
            return existing::apply(ctx, &*self.shell, request).await;
        }
        match request.planned {
            Some(planned) => self.ensure(ctx, &request.identity, &planned).await,
            None => {
                let prior = request.prior.unwrap_or_else(|| Value::null(self.schema.object_type()));
                self.remove(ctx, &request.identity, &prior).await?;
                Ok(ApplyResponse { values: prior, private: Vec::new(), boot_id: None })
            }
        }
    }

    async fn recover(&self, ctx: &Context, request: RecoverRequest) -> Result<Observed, ProviderError> {
        if request.planned.as_ref().or(request.prior.as_ref()).is_some_and(existing::is) {
            return existing::recover(ctx, &*self.shell, request).await;
        }
        let Some(planned) = &request.planned else {
            let prior = request.prior.unwrap_or_else(|| Value::null(self.schema.object_type()));
            self.remove(ctx, &request.identity, &prior).await?;
            return Ok(Observed::Absent);
        };
        self.settle(ctx, &request, planned).await
    }

    fn instead_of_import(&self) -> &'static str {
        "Take the import away. A machine that is there already is borrowed with `existing = { address, user, host_key, key_file }` \
         in its block: software and links work on it, and it is never changed or deleted itself."
    }

    fn claims(&self, action: Action, values: &Value) -> Vec<Claim> {
        if existing::is(values) {
            return existing::claims(values);
        }
        let boot = || Claim::slots(format!("boots:{}", self.client.settings().get().uri), 1, self.slots());
        claims(action, values, boot)
    }
}

fn claims(action: Action, values: &Value, boot: impl FnOnce() -> Claim) -> Vec<Claim> {
    let mut claims = vec![busy_host()];
    if let Some(id) = values.get("id").and_then(Value::as_str) {
        claims.push(Claim::exclusive(format!("machine:{id}")));
    }
    let interfaces = values.get("interface").and_then(Value::as_slice).unwrap_or_default();
    for plug in values.get("management").into_iter().chain(interfaces) {
        if let Some(id) = plug.get("network").and_then(|n| n.get("id")).and_then(Value::as_str) {
            let claim = Claim::shared(format!("network:{id}"));
            if !claims.contains(&claim) {
                claims.push(claim);
            }
        }
    }
    if matches!(action, Action::Create | Action::Replace | Action::Update) {
        claims.push(boot());
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measurement_and_the_step_of_a_machine_exclude_each_other() {
        let values = Value::object([("id", Value::string("m1"))]);
        for action in [Action::Create, Action::Update, Action::Replace, Action::Delete] {
            let claims = claims(action, &values, || Claim::slots("boots:here", 1, 4));
            assert!(claims.contains(&Claim::shared("host:local")), "{action:?}: {claims:?}");
            assert!(claims.contains(&Claim::exclusive("machine:m1")), "{action:?}: {claims:?}");
            assert_eq!(claims.contains(&Claim::slots("boots:here", 1, 4)), action != Action::Delete, "{action:?}");
        }
    }
}
