//! One step: finalised if its inputs were unknown, then applied.

use std::sync::{Arc, Mutex, PoisonError};

use cplan_config::decode;
use cplan_model::{Action, Identity, InstanceAddr, Reason, Value, changes};
use cplan_sdk::{ApplyRequest, ApplyResponse, Context, Disruption, PlanRequest, Progress, ProviderError};
use cplan_store::{Intent, IntentId, RecordKey};
use futures::future::{BoxFuture, join_all};

use super::Run;
use crate::event::{Event, EventSink, Stream};
use crate::plan::{Operation, StepId};
use crate::proposed::{ignore, nulls_for_unknowns, propose, remark, told};
use crate::secret::Secrets;

/// A step under way, or several that are done with one call.
pub(super) type Task<'a> = BoxFuture<'a, Vec<Done>>;

/// Waits for the finalisation of some steps of one call; the others are ready.
pub(super) fn all<'a>(now: Vec<Prepared>, later: Vec<BoxFuture<'a, Done>>) -> Task<'a> {
    let ready = now.into_iter().map(|r| Done { id: r.id, intent: None, outcome: Outcome::Finalised(Box::new(r)) });
    let ready: Vec<Done> = ready.collect();
    Box::pin(async move { ready.into_iter().chain(join_all(later).await).collect() })
}

/// A step whose inputs are known.
pub(super) struct Prepared {
    pub(super) id: StepId,
    pub(super) planned: Option<Value>,
    pub(super) config: Option<Value>,
    pub(super) private: Vec<u8>,
}

/// What preparing gives.
pub(super) enum Ready<'a> {
    Now(Box<Prepared>),
    Later(BoxFuture<'a, Done>),
}

/// What a task ends with.
pub(super) struct Done {
    pub(super) id: StepId,
    pub(super) intent: Option<IntentId>,
    pub(super) outcome: Outcome,
}

/// How a task ended.
pub(super) enum Outcome {
    /// It was planned once more with its inputs known.
    Finalised(Box<Prepared>),
    /// With its inputs known there is nothing to change.
    Unchanged(Box<Prepared>),
    /// The provider answered; `planned` is what was asked for.
    Applied { planned: Option<Value>, result: Result<ApplyResponse, ProviderError> },
}

impl<'a> Run<'a> {
    /// Evaluates what was unknown; a step with known inputs is ready at once.
    pub(super) fn prepare(&self, id: StepId, operation: &'a Operation) -> Result<Ready<'a>, Box<ProviderError>> {
        if !operation.finalise {
            return Ok(Ready::Now(Box::new(Prepared {
                id,
                planned: operation.planned.clone(),
                config: operation.config.clone(),
                private: operation.private.clone(),
            })));
        }
        let config = self.known_config(operation)?;
        let address = &operation.key.address;
        if operation.action == Action::Read {
            let source = self.registry.data_source(&operation.provider, &address.resource.ty).ok_or_else(|| {
                Box::new(ProviderError::failed(format!("there is no data source `{}`", address.resource.ty)))
            })?;
            let secrets = Arc::new(Secrets::of([&config]));
            let ctx = self.context(id, address, &secrets);
            return Ok(Ready::Later(Box::pin(async move {
                let result = source.read(&ctx, config.unmarked_deep()).await.map(|(values, _)| ApplyResponse {
                    values: remark(source.schema(), &config, &values),
                    private: Vec::new(),
                    boot_id: None,
                });
                let result = result.map_err(|error| secrets.hush_error(error));
                Done { id, intent: None, outcome: Outcome::Applied { planned: None, result } }
            })));
        }
        let resource = self.registry.resource(&operation.provider, &address.resource.ty).ok_or_else(|| {
            Box::new(ProviderError::failed(format!("there is no resource type `{}`", address.resource.ty)))
        })?;
        let secrets = Arc::new(Secrets::of(operation.prior.iter().chain([&config])));
        let ctx = self.context(id, address, &secrets);
        Ok(Ready::Later(Box::pin(async move {
            let schema = resource.schema();
            let request = PlanRequest {
                identity: operation.identity.clone(),
                config: told(resource, &config),
                prior: operation.prior.as_ref().map(|p| told(resource, p)),
                proposed: told(resource, &propose(schema, &config, operation.prior.as_ref())),
                private: operation.private.clone(),
            };
            let proposed = request.proposed.clone();
            let outcome = match resource.plan(&ctx, request).await {
                Ok(response) => {
                    let planned = remark(schema, &config, &response.planned.unwrap_or(proposed));
                    // Inside of what was planned, or it is not done.
                    let promised = operation.planned.clone().unwrap_or_else(|| planned.clone());
                    let outside = changes(schema, &promised, &planned)
                        .into_iter()
                        .find(|c| c.before.as_ref().is_none_or(Value::is_wholly_known));
                    match outside {
                        None => {
                            let unchanged = needless(operation, &response.disruption, &planned);
                            let (planned, config) = (Some(planned), Some(config));
                            let ready = Box::new(Prepared { id, planned, config, private: response.private });
                            if unchanged { Outcome::Unchanged(ready) } else { Outcome::Finalised(ready) }
                        }
                        Some(change) => failed(
                            ProviderError::failed(format!(
                                "with its inputs known, `{}` of {address} is not what the plan said",
                                change.path
                            ))
                            .remedy("Plan again; if it happens again, this is a mistake in the provider."),
                        ),
                    }
                }
                Err(error) => failed(secrets.hush_error(error)),
            };
            Done { id, intent: None, outcome }
        })))
    }

    /// The step's configuration with everything known by now, and what is to be ignored as it was.
    fn known_config(&self, operation: &Operation) -> Result<Value, Box<ProviderError>> {
        let address = &operation.key.address;
        let fail = |what: String| Box::new(ProviderError::failed(what));
        let block = crate::planning::block_at(&self.plan.config, address)
            .ok_or_else(|| fail(format!("{address} is not in the configuration")))?;
        let provider = self.registry.provider(&operation.provider);
        let schema = match operation.action {
            Action::Read => provider.and_then(|p| p.data_source(&address.resource.ty)).map(|d| d.schema()),
            _ => provider.and_then(|p| p.resource(&address.resource.ty)).map(|r| r.schema()),
        }
        .ok_or_else(|| fail(format!("there is no type `{}`", address.resource.ty)))?;
        let live = &self.live;
        live.renew();
        let repeat = self.values.repeat_of(&address.module, address.key.as_ref(), block.repeat.as_ref(), live);
        let (config, found) = decode(&block.body, schema, &self.values.view(&address.module, &repeat, Some(live)));
        if let Some(error) = found.iter().find(|d| d.severity == cplan_model::Severity::Error) {
            return Err(Box::new(ProviderError::failed(error.what.clone()).remedy(error.remedy.clone())));
        }
        if !config.is_wholly_known() {
            return Err(fail(format!("the inputs of {address} are still not known")));
        }
        Ok(match &operation.prior {
            Some(prior) if operation.action == Action::Update => {
                ignore(&config, prior, &block.lifecycle.ignore_changes)
            }
            _ => config,
        })
    }

    /// The steps of one call themselves: one, or several of one type.
    pub(super) fn run(&self, steps: Vec<(&'a Operation, Prepared, Option<IntentId>)>) -> Task<'a> {
        let Some((first, ..)) = steps.first() else { return Box::pin(async { Vec::new() }) };
        let ty = &first.key.address.resource.ty;
        let found = self.registry.resource(&first.provider, ty);
        let Some(resource) = found.filter(|_| !first.with_container) else {
            let answer = |operation: &Operation| match operation.with_container {
                true => Ok(ApplyResponse {
                    values: Value::null(cplan_model::Type::Dynamic),
                    private: Vec::new(),
                    boot_id: None,
                }),
                false => Err(ProviderError::failed(format!("there is no resource type `{ty}`"))),
            };
            let done = |(operation, ready, intent): (&Operation, Prepared, _)| Done {
                id: ready.id,
                intent,
                outcome: Outcome::Applied { planned: None, result: answer(operation) },
            };
            let done: Vec<Done> = steps.into_iter().map(done).collect();
            return Box::pin(async move { done });
        };
        let mut requests = Vec::with_capacity(steps.len());
        let mut asked = Vec::with_capacity(steps.len());
        for (operation, ready, intent) in steps {
            let values = operation.prior.iter().chain(&ready.planned).chain(&ready.config);
            let secrets = Arc::new(Secrets::of(values));
            let request = ApplyRequest {
                identity: operation.identity.clone(),
                prior: operation.prior.as_ref().map(|v| told(resource, v)),
                planned: ready.planned.as_ref().map(|v| told(resource, v)),
                config: ready.config.as_ref().map(|v| told(resource, v)),
                private: ready.private,
                run: self.name.to_owned(),
                twin: self.twin(operation),
            };
            requests.push((self.context(ready.id, &operation.key.address, &secrets), request));
            asked.push((ready.id, intent, ready.planned, secrets));
        }
        let all = self.secrets.clone();
        Box::pin(async move {
            let results = match requests.len() {
                1 if !resource.applied_together() => {
                    let mut results = Vec::with_capacity(1);
                    for (ctx, request) in requests {
                        results.push(resource.apply(&ctx, request).await);
                    }
                    results
                }
                _ => resource.apply_together(requests).await,
            };
            let mut results = results.into_iter();
            let done = asked.into_iter().map(|(id, intent, planned, secrets)| {
                let none = || Err(ProviderError::failed("the provider gave no answer to a step"));
                let result = results.next().unwrap_or_else(none).map_err(|error| {
                    secrets.hush_error_with(&all.lock().unwrap_or_else(PoisonError::into_inner), error)
                });
                Done { id, intent, outcome: Outcome::Applied { planned, result } }
            });
            done.collect()
        })
    }

    /// The old object that a create leaves in place for now, or the new one that has taken the place of a deleted one.
    fn twin(&self, operation: &Operation) -> Option<Identity> {
        let RecordKey { address, deposed } = &operation.key;
        if operation.deposes.is_none() && deposed.is_none() {
            return None;
        }
        let twin = self.state.records.get(&RecordKey::from(address.clone())).map(|record| record.identity.clone());
        twin.filter(|twin| *twin != operation.identity)
    }

    /// The intent of a prepared step.
    pub(super) fn intent(&self, id: IntentId, operation: &Operation, ready: &Prepared) -> Intent {
        let resource = self.registry.resource(&operation.provider, &operation.key.address.resource.ty);
        Intent {
            id,
            run: self.name.to_owned(),
            key: operation.key.clone(),
            action: operation.action,
            provider: operation.provider.clone(),
            schema_version: resource.map(|r| r.schema().version).unwrap_or_default(),
            identity: operation.identity.clone(),
            prior: operation.prior.clone(),
            // What stays unknown until the provider answers cannot be known to the journal either.
            planned: ready.planned.as_ref().map(nulls_for_unknowns),
            private: ready.private.clone(),
            dependencies: operation.dependencies.clone(),
            container: operation.container.clone(),
        }
    }

    fn context(&self, step: StepId, address: &InstanceAddr, secrets: &Arc<Secrets>) -> Context {
        self.ctx.with_progress(Arc::new(StepProgress {
            events: self.events.clone(),
            step,
            address: address.clone(),
            secrets: secrets.clone(),
            all: self.secrets.clone(),
        }))
    }
}

/// Whether an update turns out to be none: what was unknown has become what it was. One that is made for another reason
/// than its values is done all the same.
fn needless(operation: &Operation, disruption: &Option<Disruption>, planned: &Value) -> bool {
    operation.action == Action::Update
        && matches!(operation.reason, Reason::Configuration | Reason::Drift)
        && disruption.is_none()
        && operation.prior.as_ref() == Some(planned)
}

fn failed(error: ProviderError) -> Outcome {
    Outcome::Applied { planned: None, result: Err(error) }
}

struct StepProgress {
    events: Arc<dyn EventSink>,
    step: StepId,
    address: InstanceAddr,
    /// Of its own step.
    secrets: Arc<Secrets>,
    /// Of all.
    all: Arc<Mutex<Secrets>>,
}

impl StepProgress {
    fn hush(&self, text: &str) -> String {
        self.secrets.hush_with(&self.all.lock().unwrap_or_else(PoisonError::into_inner), text)
    }

    fn say(&self, text: &str, stream: Stream) {
        let (step, address) = (self.step, self.address.clone());
        self.events.event(Event::StepLog { step, address, text: self.hush(text), stream });
    }
}

impl Progress for StepProgress {
    fn status(&self, text: &str) {
        self.events.event(Event::StepStatus { step: self.step, address: self.address.clone(), text: self.hush(text) });
    }

    fn note(&self, text: &str) {
        self.events.event(Event::StepNote { step: self.step, address: self.address.clone(), text: self.hush(text) });
    }

    fn log(&self, text: &str) {
        self.say(text, Stream::Out);
    }

    fn log_errors(&self, text: &str) {
        self.say(text, Stream::Err);
    }
}
