//! `lab_network`: a libvirt network with its bridge.

mod check;
mod choose;
mod live;
mod reserved;
mod schema;
mod values;

use std::collections::HashMap;

use async_trait::async_trait;
use cplan_model::{Action, Diagnostics, InstanceAddr, Schema, Value};
use cplan_sdk::{
    ApplyRequest, ApplyResponse, Claim, Context, Locality, Observed, PlanRequest, PlanResponse, ProviderError,
    ReadRequest, RecoverRequest, Resource,
};

use crate::Client;
pub(crate) use check::{Taken, address_in};
use choose::Chosen;
pub(crate) use live::{master, reattach};
pub(crate) use reserved::Reserved;
pub use schema::attachment_type;
use values::Wanted;

/// The resource type.
pub struct NetworkResource {
    client: Client,
    schema: Schema,
    chosen: Chosen,
}

impl NetworkResource {
    /// Networks of the client's host.
    pub fn new(client: Client) -> Self {
        NetworkResource { client, schema: schema::schema(), chosen: Chosen::default() }
    }
}

#[async_trait]
impl Resource for NetworkResource {
    fn ty(&self) -> &'static str {
        "lab_network"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        check::one(config)
    }

    fn locality(&self, _values: &Value) -> Locality {
        Locality::Host(self.client.settings().get().uri)
    }

    async fn read(&self, _ctx: &Context, requests: Vec<ReadRequest>) -> Vec<Result<Observed, ProviderError>> {
        let found: HashMap<_, _> = match self.client.call(live::all).await {
            Ok(all) => all.into_iter().map(|found| (found.spec.uuid.clone(), found)).collect(),
            Err(error) => {
                let message = error.to_string();
                let first = ProviderError::from(error);
                let (kind, remedy) = (first.kind, first.remedy);
                let again = || ProviderError::new(kind, message.clone()).remedy(remedy.clone());
                return requests.iter().map(|_| Err(again())).collect();
            }
        };
        let observe = |request: &ReadRequest| match found.get(&request.identity.id) {
            // Without its mark it is no longer ours.
            Some(found) if found.spec.mark.as_ref().is_some_and(|m| m.id == request.identity.id) => Observed::Present {
                values: values::observed(&request.identity, found, &request.prior),
                private: Vec::new(),
                boot_id: None,
            },
            _ => Observed::Absent,
        };
        requests.iter().map(|request| Ok(observe(request))).collect()
    }

    async fn plan(&self, _ctx: &Context, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        let given = |values: &Value| values.get("cidr").is_some_and(|cidr| !cidr.is_null());
        let mut proposed = request.proposed;
        // Chosen once: a network that exists keeps what it has.
        let bridged = request.config.get("mode").and_then(Value::as_str) == Some("bridge");
        if !bridged && !given(&request.config) && !request.prior.as_ref().is_some_and(given) {
            let prefix = request.config.get("prefix").cloned().unwrap_or_else(null);
            let cidr = if prefix.is_known() {
                let prefix = prefix.as_u64().and_then(|n| u8::try_from(n).ok()).unwrap_or(choose::PREFIX);
                Value::string(self.chosen.choose(&self.client, &request.identity, prefix).await?.to_string())
            } else {
                Value::unknown(cplan_model::Type::String)
            };
            proposed = proposed.with("cidr", cidr);
        }
        let planned = values::planned(&request.identity, &request.config, &proposed);
        self.client.reserved().note(&request.identity.id, &planned);
        Ok(PlanResponse { planned: Some(planned), ..PlanResponse::default() })
    }

    async fn check(&self, _ctx: &Context, planned: &[(InstanceAddr, Value)]) -> Result<Diagnostics, ProviderError> {
        check::all(&self.client, planned).await
    }

    async fn apply(&self, ctx: &Context, request: ApplyRequest) -> Result<ApplyResponse, ProviderError> {
        let identity = request.identity;
        let Some(planned) = request.planned else {
            live::remove(&self.client, identity).await?;
            return Ok(ApplyResponse {
                values: request.prior.unwrap_or_else(null),
                private: Vec::new(),
                boot_id: None,
            });
        };
        ctx.progress.status("starting the network");
        let wanted = Wanted::from_values(&identity, &planned)?;
        live::ensure(&self.client, identity, wanted).await?;
        Ok(ApplyResponse { values: planned, private: Vec::new(), boot_id: None })
    }

    async fn recover(&self, ctx: &Context, request: RecoverRequest) -> Result<Observed, ProviderError> {
        let Some(planned) = &request.planned else {
            return live::remove(&self.client, request.identity).await.map(|()| Observed::Absent);
        };
        let read = || ReadRequest {
            identity: request.identity.clone(),
            prior: planned.clone(),
            private: Vec::new(),
            boot_id: None,
        };
        let found = self.read(ctx, vec![read()]).await.pop().unwrap_or(Ok(Observed::Absent))?;
        if !matches!(found, Observed::Present { .. }) {
            return Ok(found);
        }
        // What was begun is finished; what cannot be is drift for the next plan.
        let wanted = Wanted::from_values(&request.identity, planned)?;
        let _ = live::ensure(&self.client, request.identity.clone(), wanted).await;
        self.read(ctx, vec![read()]).await.pop().unwrap_or(Ok(Observed::Absent))
    }

    fn instead_of_import(&self) -> &'static str {
        "Take the import away. Machines are plugged into a network that is there already with `mode = \"bridge\"`, `bridge` and \
         `cidr`: it is used as it is, and stays when the lab goes."
    }

    fn claims(&self, _action: Action, values: &Value) -> Vec<Claim> {
        let id = values.get("id").and_then(Value::as_str);
        id.map(|id| Claim::exclusive(format!("network:{id}"))).into_iter().collect()
    }
}

fn null() -> Value {
    Value::null(cplan_model::Type::Dynamic)
}
