//! What all types of the fake world have in common.

use std::sync::Arc;

use async_trait::async_trait;
use cplan_model::{
    Action, AttrPath, Diagnostics, Format, Identity, Schema, Value, changes, parse_quantity, spelling_for,
};
use futures::future::join_all;
use serde_json::{Map, Value as Json};

use super::client::{Client, kind, unexpected};
use super::protocol::{Behaviour, Event, Object, Request, Response};
use crate::{
    ApplyRequest, ApplyResponse, Claim, Context, Disruption, ErrorKind, Locality, Observed, PlanRequest, PlanResponse,
    ProviderError, ReadRequest, RecoverRequest, Resource, from_json, to_json,
};

/// What makes a type different from the others.
pub(super) struct Traits {
    pub(super) ty: &'static str,
    pub(super) schema: Schema,
    /// Computed attributes that the world chooses when it creates the object; all others are known when planning.
    pub(super) generate: &'static [&'static str],
    /// Fills in what follows from identity and configuration.
    pub(super) complete: fn(&Identity, Value) -> Value,
    /// A change of one of these restarts a running object.
    pub(super) restart_on: &'static [&'static str],
    /// Delays and failures, for an operation.
    pub(super) behaviour: fn(Action, &Value) -> Behaviour,
    pub(super) claims: fn(Action, &Value) -> Vec<Claim>,
    /// Whether what is ready in one box is done with one call.
    pub(super) together: bool,
}

/// A type of the fake world.
pub(super) struct FakeResource {
    pub(super) client: Arc<Client>,
    pub(super) traits: Traits,
}

/// The identity of the box that holds an object with these values.
pub(super) fn container(schema: &Schema, values: &Value) -> Option<String> {
    let holder = values.get(schema.container()?)?;
    holder.get("id").and_then(Value::as_str).map(str::to_owned)
}

impl FakeResource {
    fn object(&self, identity: &Identity, values: &Value) -> Object {
        let mut values_json = match to_json(values) {
            Json::Object(values) => values,
            _ => Map::new(),
        };
        for (name, format) in self.formats() {
            let amount = values.get(name).and_then(Value::as_str).and_then(|text| parse_quantity(format, text).ok());
            if let Some(amount) = amount {
                // The world has a spelling of its own, as real ones do.
                values_json.insert(name.to_owned(), Json::String(spelling_for(format, amount)));
            }
        }
        let text = |name: &str| values.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Object {
            ty: self.traits.ty.to_owned(),
            id: identity.id.clone(),
            name: text("name"),
            values: values_json,
            container: container(&self.traits.schema, values),
            volatile: !self.survives_restart(values),
            boot_id: self.is_box().then(String::new),
            generation: 0,
        }
    }

    fn is_box(&self) -> bool {
        self.traits.schema.attributes.contains_key("running")
    }

    fn formats(&self) -> impl Iterator<Item = (&str, Format)> {
        self.traits.schema.attributes.iter().filter_map(|(name, a)| Some((&**name, a.format?)))
    }

    /// The object's values; a quantity that means what `reference` says is spelt as there.
    fn values(&self, object: &Object, reference: Option<&Value>) -> Result<Value, ProviderError> {
        let mut values = from_json(&Json::Object(object.values.clone()), &self.traits.schema.object_type())?;
        for (name, format) in self.formats() {
            let amount = |v: &Value| v.get(name).and_then(Value::as_str).and_then(|t| parse_quantity(format, t).ok());
            if let Some(reference) = reference
                && amount(reference).is_some()
                && amount(reference) == amount(&values)
                && let Some(spelling) = reference.get(name)
            {
                values = values.with(name, spelling.clone());
            }
        }
        Ok(values)
    }

    fn present(
        &self,
        object: &Object,
        holder: Option<&Object>,
        reference: Option<&Value>,
    ) -> Result<Observed, ProviderError> {
        Ok(Observed::Present {
            values: self.values(object, reference)?,
            private: object.generation.to_string().into_bytes(),
            boot_id: object.boot_id.clone().or_else(|| holder.and_then(|holder| holder.boot_id.clone())),
        })
    }

    fn observed(
        &self,
        object: Option<&Object>,
        inside: Option<&str>,
        holder: Option<&Object>,
        prior: Option<&Value>,
    ) -> Result<Observed, ProviderError> {
        if let Some(reason) = inside.and_then(|id| silence(id, holder)) {
            return Ok(Observed::Unreachable { reason });
        }
        object.map_or(Ok(Observed::Absent), |object| self.present(object, holder, prior))
    }

    fn restarts_for(&self, prior: &Value, planned: &Value) -> Vec<AttrPath> {
        let restart_on = |path: &AttrPath| path.root().is_some_and(|name| self.traits.restart_on.contains(&name));
        let moved = changes(&self.traits.schema, prior, planned).into_iter().map(|change| change.path);
        moved.filter(restart_on).collect()
    }

    fn restarts(&self, prior: &Value, planned: &Value) -> bool {
        !self.restarts_for(prior, planned).is_empty()
    }
}

/// Why nobody answers for what is in a box, if so: one that is gone answers as little as one that is stopped, as with
/// machines and ssh.
fn silence(id: &str, holder: Option<&Object>) -> Option<String> {
    match holder {
        Some(holder) if holder.is_running() => None,
        Some(holder) => Some(format!("box `{}` does not run", holder.name)),
        None => Some(format!("no box with the identity {id} answers")),
    }
}

fn is_running(values: &Value) -> bool {
    values.get("running").and_then(Value::as_bool).unwrap_or(true)
}

#[async_trait]
impl Resource for FakeResource {
    fn ty(&self) -> &'static str {
        self.traits.ty
    }

    fn schema(&self) -> &Schema {
        &self.traits.schema
    }

    fn validate(&self, _: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    fn locality(&self, values: &Value) -> Locality {
        container(&self.traits.schema, values).map_or(Locality::Anywhere, |id| Locality::Host(format!("box:{id}")))
    }

    async fn read(&self, _: &Context, requests: Vec<ReadRequest>) -> Vec<Result<Observed, ProviderError>> {
        let ids = requests.iter().map(|r| r.identity.id.clone()).collect();
        // A batch is of one locality, so one box holds all of it.
        let inside = requests.first().and_then(|r| container(&self.traits.schema, &r.prior));
        match self.client.read(ids, inside.clone(), false).await {
            Ok((objects, holder)) => requests
                .iter()
                .zip(objects)
                .map(|(r, o)| self.observed(o.as_ref(), inside.as_deref(), holder.as_ref(), Some(&r.prior)))
                .collect(),
            Err(first) => {
                let again = || ProviderError::new(first.kind, first.message.clone());
                requests.iter().map(|_| Err(again())).collect()
            }
        }
    }

    async fn plan(&self, _: &Context, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        let planned = (self.traits.complete)(&request.identity, request.proposed);
        let (disruption, disrupted_by) = match &request.prior {
            Some(prior) if self.is_box() && !is_running(prior) => (Some(Disruption::Start), Vec::new()),
            Some(prior) => match self.restarts_for(prior, &planned) {
                paths if paths.is_empty() => (None, paths),
                paths => (Some(Disruption::Restart), paths),
            },
            None => (None, Vec::new()),
        };
        Ok(PlanResponse {
            planned: Some(planned),
            replace: Vec::new(),
            disruption,
            disrupted_by,
            private: request.private,
        })
    }

    async fn apply(&self, _: &Context, request: ApplyRequest) -> Result<ApplyResponse, ProviderError> {
        let id = request.identity.id.clone();
        let (behave, traits) = (self.traits.behaviour, &self.traits);
        let message = match (&request.prior, &request.planned) {
            (None, Some(planned)) => Request::Create {
                object: self.object(&request.identity, planned),
                generate: traits.generate.iter().map(ToString::to_string).collect(),
                behaviour: behave(Action::Create, planned),
            },
            (Some(prior), Some(planned)) => Request::Update {
                object: self.object(&request.identity, planned),
                restart: self.restarts(prior, planned),
                behaviour: behave(Action::Update, planned),
            },
            (Some(prior), None) => {
                if let Some(inside) = container(&self.traits.schema, prior) {
                    let (_, holder) = self.client.read(Vec::new(), Some(inside.clone()), false).await?;
                    if let Some(reason) = silence(&inside, holder.as_ref()) {
                        return Err(ProviderError::new(ErrorKind::Transient, reason));
                    }
                }
                let Object { ty, name, .. } = self.object(&request.identity, prior);
                Request::Delete { ty, id, name, behaviour: behave(Action::Delete, prior) }
            }
            (None, None) => return Err(ProviderError::failed("there is nothing to do")),
        };
        let is_delete = request.planned.is_none();
        let reference = request.planned.as_ref();
        let response = match self.client.ask(&message).await? {
            Response::Object(object) => object,
            Response::Failed { event: Event::Missing, .. } if is_delete => None,
            Response::Failed { event, message, object } => {
                let error = ProviderError::new(kind(event), message);
                return Err(match object {
                    // Somebody else's object is no part of ours.
                    Some(object) if event != Event::Duplicate => error.partial(self.values(&object, reference)?),
                    _ => error,
                });
            }
            other => return Err(unexpected(&other)),
        };
        let Some(object) = response else {
            let values = request.prior.unwrap_or_else(|| Value::null(traits.schema.object_type()));
            return Ok(ApplyResponse { values, private: Vec::new(), boot_id: None });
        };
        let holder = match object.container.clone() {
            Some(holder) => self.client.read(Vec::new(), Some(holder), false).await?.1,
            None => None,
        };
        match self.present(&object, holder.as_ref(), reference)? {
            Observed::Present { values, private, boot_id } => Ok(ApplyResponse { values, private, boot_id }),
            _ => Err(ProviderError::failed("the fake world lost what it made")),
        }
    }

    fn applied_together(&self) -> bool {
        self.traits.together
    }

    async fn apply_together(
        &self,
        requests: Vec<(Context, ApplyRequest)>,
    ) -> Vec<Result<ApplyResponse, ProviderError>> {
        let first = requests.first().and_then(|(_, r)| r.planned.as_ref().or(r.prior.as_ref()));
        let container = first.and_then(|values| container(&self.traits.schema, values)).unwrap_or_default();
        let call = Request::Together { ty: self.traits.ty.to_owned(), container, count: requests.len() };
        if let Err(error) = self.client.ask(&call).await {
            let again = || ProviderError::new(error.kind, error.message.clone());
            return requests.iter().map(|_| Err(again())).collect();
        }
        join_all(requests.into_iter().map(|(ctx, request)| async move { self.apply(&ctx, request).await })).await
    }

    async fn recover(&self, _: &Context, request: RecoverRequest) -> Result<Observed, ProviderError> {
        let reference = request.planned.as_ref().or(request.prior.as_ref());
        let inside = reference.and_then(|values| container(&self.traits.schema, values));
        // What was asked for before the process died may still be under way: the end of it is what counts.
        let (objects, holder) = self.client.read(vec![request.identity.id], inside.clone(), true).await?;
        if let Some(reason) = inside.as_deref().and_then(|id| silence(id, holder.as_ref())) {
            return Err(ProviderError::new(ErrorKind::Transient, reason));
        }
        let object = objects.into_iter().next().flatten();
        self.observed(object.as_ref(), inside.as_deref(), holder.as_ref(), reference)
    }

    fn claims(&self, action: Action, values: &Value) -> Vec<Claim> {
        (self.traits.claims)(action, values)
    }

    fn survives_restart(&self, values: &Value) -> bool {
        values.get("volatile").and_then(Value::as_bool) != Some(true)
    }
}

/// What the configuration left out stays as it is; `id` is the identity.
pub(super) fn with_id(identity: &Identity, values: Value) -> Value {
    values.with("id", Value::string(identity.id.as_str()))
}

/// Answers at once and never fails.
pub(super) fn well(_: Action, _: &Value) -> Behaviour {
    Behaviour::default()
}

/// Needs nothing.
pub(super) fn free(_: Action, _: &Value) -> Vec<Claim> {
    Vec::new()
}
