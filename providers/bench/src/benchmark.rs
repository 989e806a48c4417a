//! `lab_benchmark`: one measured run as a resource.

use std::sync::Arc;

use async_trait::async_trait;
use cplan_model::{Action, AttrPath, Diagnostics, Identity, Schema, Value};
use cplan_sdk::{
    ApplyRequest, ApplyResponse, Claim, Context, Observed, PlanRequest, PlanResponse, ProviderError, ReadRequest,
    RecoverRequest, Resource, Shell, to_value,
};

use crate::clock::Stamp;
use crate::guest::GuestBinary;
use crate::inputs::Inputs;
use crate::record::{self, RunRecord};
use crate::samples::Samples;
use crate::schema::{results_type, schema, with_results};
use crate::statistics::Summary;
use crate::{run, validate};

/// The version of `run.json`.
const FORMAT: u32 = 1;

/// The resource type. A run is made once and never changed: other inputs plan another run, drift never does, and its
/// records outlive it.
pub struct BenchmarkResource {
    schema: Schema,
    shell: Arc<dyn Shell>,
    guest: Arc<GuestBinary>,
}

impl BenchmarkResource {
    /// The resource; `guest` is pushed to the machines by `shell` when they do not have it yet.
    pub fn new(shell: Arc<dyn Shell>, guest: Arc<GuestBinary>) -> Self {
        BenchmarkResource { schema: schema(), shell, guest }
    }

    async fn measure(
        &self,
        ctx: &Context,
        identity: &Identity,
        apply: &str,
        planned: &Value,
    ) -> Result<RunRecord, ProviderError> {
        let inputs = Inputs::known(planned)?;
        let started = Stamp::now();
        let outcome = run::run(ctx, &self.shell, &self.guest, &inputs, &token(identity)).await?;
        let sent = outcome.samples.values().map(|s| s.summary().sent).sum();
        let latencies = outcome.samples.values().flat_map(Samples::latencies_ns).collect();
        let record = RunRecord {
            format: FORMAT,
            run_id: format!("{}-{}-{}", started.compact(), identity.name, short(identity)),
            identity: identity.id.clone(),
            apply: apply.to_owned(),
            started_at: started.rfc3339(),
            digest: inputs.digest(),
            inputs: inputs.essence(),
            guest: self.guest.digest()?.to_owned(),
            all: Summary::new(sent, latencies),
            endpoints: outcome.samples.iter().map(|(n, s)| (n.clone(), s.summary())).collect(),
            publishers: outcome.samples.iter().map(|(n, s)| (n.clone(), s.sums.clone())).collect(),
            workers: outcome.workers,
        };
        let folder = record::write(ctx.data_dir(), &record, &outcome.samples)?;
        ctx.progress.log(&format!("records: {}", folder.display()));
        Ok(record)
    }

    /// The planned values with what a record says.
    fn measured(&self, planned: &Value, record: &RunRecord) -> Result<Value, ProviderError> {
        let mut values = planned
            .with("digest", Value::string(record.digest.as_str()))
            .with("run_id", Value::string(record.run_id.as_str()))
            .with("started_at", Value::string(record.started_at.as_str()))
            .with("results", to_value(&record.endpoints, &results_type())?);
        let all = to_value(&record.all, &results_type_of_one())?;
        for (name, value) in all.as_map().into_iter().flatten() {
            values = values.with(name, value.clone());
        }
        Ok(values)
    }

    /// Values as planned, with every result null: a run that was not completed.
    fn unmeasured(&self, planned: &Value) -> Value {
        with_results(planned, &self.schema, Value::null)
    }
}

#[async_trait]
impl Resource for BenchmarkResource {
    fn ty(&self) -> &'static str {
        "lab_benchmark"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        let mut found = validate::validate(config);
        found.extend(validate::elsewhere(config, self.guest.arch()));
        found
    }

    /// A record does not drift, so no machine is asked. Missing files are said, and change nothing.
    async fn read(&self, ctx: &Context, requests: Vec<ReadRequest>) -> Vec<Result<Observed, ProviderError>> {
        let observe = |request: ReadRequest| {
            if let Some(run_id) = request.prior.get("run_id").and_then(Value::as_str) {
                for path in record::missing(ctx.data_dir(), run_id) {
                    ctx.progress.log(&format!("the record {} of run {run_id} is gone", path.display()));
                }
            }
            Ok(Observed::Present { values: request.prior, private: request.private, boot_id: None })
        };
        requests.into_iter().map(observe).collect()
    }

    async fn plan(&self, _ctx: &Context, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        let next = Inputs::from_value(&request.proposed);
        let replace = match &request.prior {
            None => Vec::new(),
            Some(prior) => match (Inputs::from_value(prior), &next) {
                (Some(before), Some(next)) => before.differences(next),
                _ => unlike(prior, &request.proposed),
            },
        };
        let mut planned = request.proposed;
        if request.prior.is_none() || !replace.is_empty() {
            planned = with_results(&planned, &self.schema, Value::unknown);
            if let Some(inputs) = next {
                planned = planned.with("digest", Value::string(inputs.digest()));
            }
        }
        Ok(PlanResponse { planned: Some(planned), replace, ..PlanResponse::default() })
    }

    async fn apply(&self, ctx: &Context, request: ApplyRequest) -> Result<ApplyResponse, ProviderError> {
        let values = match (&request.prior, &request.planned) {
            // The records stay.
            (_, None) => Value::object([] as [(&str, Value); 0]),
            // Only spellings or ways to the machines changed.
            (Some(_), Some(planned)) => planned.clone(),
            (None, Some(planned)) => {
                let record = self
                    .measure(ctx, &request.identity, &request.run, planned)
                    .await
                    .map_err(|e| e.partial(self.unmeasured(planned)))?;
                self.measured(planned, &record)?
            }
        };
        Ok(ApplyResponse { values, private: request.private, boot_id: None })
    }

    /// A run is complete when its records are there, because they are written last and as a whole; otherwise nothing of it is
    /// left after this, and it must be run again.
    async fn recover(&self, ctx: &Context, request: RecoverRequest) -> Result<Observed, ProviderError> {
        let Some(planned) = request.planned else { return Ok(Observed::Absent) };
        if request.prior.is_some() {
            return Ok(Observed::Present { values: planned, private: request.private, boot_id: None });
        }
        if let Some(record) = record::find(ctx.data_dir(), &request.identity.id) {
            let values = self.measured(&planned, &record)?;
            return Ok(Observed::Present { values, private: request.private, boot_id: None });
        }
        record::remove_unfinished(ctx.data_dir(), &short(&request.identity));
        let inputs = Inputs::known(&planned)?;
        run::clean_up(ctx, &self.shell, &self.guest, &inputs, &token(&request.identity)).await?;
        Ok(Observed::Absent)
    }

    /// A measurement wants its host for itself, and its machines.
    fn claims(&self, action: Action, values: &Value) -> Vec<Claim> {
        if !matches!(action, Action::Create | Action::Replace) {
            return Vec::new();
        }
        let endpoints = values.get("endpoints").and_then(Value::as_map).into_iter().flatten();
        let workers = values.get("workers").and_then(Value::as_map).into_iter().flatten();
        let machines = endpoints.filter_map(|(_, e)| e.get("machine")).chain(workers.map(|(_, w)| w));
        let mut ids: Vec<&str> = machines.filter_map(|m| m.get("id").and_then(Value::as_str)).collect();
        ids.sort_unstable();
        ids.dedup();
        let machines = ids.into_iter().map(|id| Claim::exclusive(format!("machine:{id}")));
        std::iter::once(Claim::exclusive("host:local")).chain(machines).collect()
    }
}

/// The attributes that the user sets in which two values differ, where not everything is known.
fn unlike(prior: &Value, proposed: &Value) -> Vec<AttrPath> {
    let names = [
        "kind",
        "endpoints",
        "workers",
        "payload",
        "rate",
        "duration",
        "warmup",
        "drain",
        "work",
        "threads",
        "environment",
        "generation",
    ];
    let changed = |name: &&str| {
        let (before, after) = (prior.get(name), proposed.get(name));
        after.is_some_and(|v| !v.is_wholly_known()) || before != after
    };
    names.into_iter().filter(changed).map(AttrPath::attr).collect()
}

fn results_type_of_one() -> cplan_model::Type {
    match results_type() {
        cplan_model::Type::Map(one) => (*one).clone(),
        other => other,
    }
}

/// Names the run in folders.
fn short(identity: &Identity) -> String {
    identity.id.chars().filter(char::is_ascii_alphanumeric).take(8).collect()
}

/// Names the run on machines and in topics.
fn token(identity: &Identity) -> String {
    identity.id.chars().filter(char::is_ascii_alphanumeric).take(12).collect()
}
