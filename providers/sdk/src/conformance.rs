//! The conformance suite: what every resource type promises, tried on a real object.

mod promise;

use cplan_model::{Identity, Value, changes};

use crate::{
    ApplyRequest, ApplyResponse, Context, Observed, PlanRequest, PlanResponse, Provider, ProviderError, ReadRequest,
    RecoverRequest, Resource,
};

pub use promise::{fits, propose};

/// An object to try a type with.
#[derive(Clone, Debug)]
pub struct Case {
    /// A configuration in the shape of the schema, unset attributes null.
    pub config: Value,
    /// The same with something that changes in place.
    pub changed: Value,
}

/// A promise that was not kept.
#[derive(Debug, thiserror::Error)]
#[error("`{ty}` {what}")]
pub struct Broken {
    ty: &'static str,
    /// What it did, as a verb phrase: "plans a change right after it was applied: ...".
    pub what: String,
    /// The provider's own error, where one was in the way.
    #[source]
    pub source: Option<Box<ProviderError>>,
}

/// Creates, reads, plans, updates, recovers and deletes an object per case; the first broken promise is the result.
/// An object may be left behind then.
pub async fn check(
    resource: &dyn Resource,
    provider: &dyn Provider,
    ctx: &Context,
    cases: &[Case],
) -> Result<(), Broken> {
    for (number, case) in cases.iter().enumerate() {
        let id = uuid::Uuid::new_v4().to_string();
        let identity = Identity { name: format!("case-{number}-{}", &id[..4]), lab: id[..8].to_owned(), id };
        Trial { resource, provider, ctx, identity }.run(case).await?;
    }
    Ok(())
}

struct Trial<'a> {
    resource: &'a dyn Resource,
    provider: &'a dyn Provider,
    ctx: &'a Context,
    identity: Identity,
}

/// What is known of the object between two steps.
struct Now {
    values: Value,
    private: Vec<u8>,
    boot_id: Option<String>,
}

impl Trial<'_> {
    async fn run(&self, case: &Case) -> Result<(), Broken> {
        let plan = self.plan(&case.config, None, &[]).await?;
        let planned = self.planned(&case.config, None, &plan)?;
        if self.recover(None, Some(&planned), &plan.private).await?.is_some() {
            return Err(self.broken("recovers an object that was never made"));
        }
        let now = self.apply(&case.config, None, &planned, &plan.private).await?;
        self.settled("created", &case.config, &now).await?;
        self.recovered("created", None, Some(&planned), &now).await?;

        let plan = self.plan(&case.changed, Some(&now.values), &now.private).await?;
        let changed = self.planned(&case.changed, Some(&now.values), &plan)?;
        let moved = changes(self.resource.schema(), &now.values, &changed);
        if moved.is_empty() {
            return Err(self.broken("plans no change where its configuration has changed"));
        }
        if !plan.replace.is_empty() || moved.iter().any(|change| change.forces_replace) {
            return Err(self.broken("cannot change in place what the case changes"));
        }
        let then = self.apply(&case.changed, Some(&now.values), &changed, &plan.private).await?;
        self.settled("updated", &case.changed, &then).await?;
        self.recovered("updated", Some(&now.values), Some(&changed), &then).await?;

        for time in ["deleted", "deleted again"] {
            let request = ApplyRequest {
                identity: self.identity.clone(),
                prior: Some(then.values.clone()),
                planned: None,
                config: None,
                private: then.private.clone(),
                run: "conformance".to_owned(),
                twin: None,
            };
            self.resource.apply(self.ctx, request).await.map_err(|e| self.failed(format!("fails to be {time}"), e))?;
            if self.read(&then).await?.is_some() {
                return Err(self.broken(format!("is there when it was {time}")));
            }
        }
        if self.recover(Some(&then.values), None, &then.private).await?.is_some() {
            return Err(self.broken("is recovered after its delete"));
        }
        Ok(())
    }

    async fn plan(&self, config: &Value, prior: Option<&Value>, private: &[u8]) -> Result<PlanResponse, Broken> {
        let request = PlanRequest {
            identity: self.identity.clone(),
            config: config.clone(),
            prior: prior.cloned(),
            proposed: propose(self.resource.schema(), config, prior),
            private: private.to_vec(),
        };
        self.resource.plan(self.ctx, request).await.map_err(|e| self.failed("cannot be planned", e))
    }

    /// The planned values, which must keep every configured one.
    fn planned(&self, config: &Value, prior: Option<&Value>, plan: &PlanResponse) -> Result<Value, Broken> {
        let schema = self.resource.schema();
        let planned = plan.planned.clone().unwrap_or_else(|| propose(schema, config, prior));
        if let Some(wrong) = promise::misfit(&planned, &schema.object_type()) {
            return Err(self.broken(format!("plans what its schema does not allow: {wrong}")));
        }
        for name in schema.attributes.keys().chain(schema.blocks.keys()) {
            let (wanted, got) = (config.get(name), planned.get(name));
            if wanted.is_some_and(|v| !v.is_null() && v.is_wholly_known()) && wanted != got {
                return Err(self.broken(format!("rewrites `{name}`, which the configuration sets")));
            }
        }
        Ok(planned)
    }

    async fn apply(
        &self,
        config: &Value,
        prior: Option<&Value>,
        planned: &Value,
        private: &[u8],
    ) -> Result<Now, Broken> {
        let request = ApplyRequest {
            identity: self.identity.clone(),
            prior: prior.cloned(),
            planned: Some(planned.clone()),
            config: Some(config.clone()),
            private: private.to_vec(),
            run: "conformance".to_owned(),
            twin: None,
        };
        let applied = self.resource.apply(self.ctx, request).await;
        let ApplyResponse { values, private, boot_id } = applied.map_err(|e| self.failed("cannot be applied", e))?;
        fits(planned, &values, &self.resource.schema().object_type())
            .map_err(|wrong| self.broken(format!("turns out other than planned: {wrong}")))?;
        Ok(Now { values, private, boot_id })
    }

    async fn read(&self, now: &Now) -> Result<Option<Now>, Broken> {
        let request = ReadRequest {
            identity: self.identity.clone(),
            prior: now.values.clone(),
            private: now.private.clone(),
            boot_id: now.boot_id.clone(),
        };
        let mut answers = self.provider.read(self.ctx, vec![(self.resource.ty().to_owned(), request)]).await;
        match (answers.pop(), answers.is_empty()) {
            (Some(answer), true) => self.present(answer),
            _ => Err(self.broken("is not answered once when it is read once")),
        }
    }

    fn present(&self, answer: Result<Observed, ProviderError>) -> Result<Option<Now>, Broken> {
        match answer.map_err(|e| self.failed("cannot be read", e))? {
            Observed::Present { values, private, boot_id } => Ok(Some(Now { values, private, boot_id })),
            Observed::Absent => Ok(None),
            Observed::Unreachable { reason } => Err(self.broken(format!("cannot be reached: {reason}"))),
        }
    }

    async fn recover(
        &self,
        prior: Option<&Value>,
        planned: Option<&Value>,
        private: &[u8],
    ) -> Result<Option<Now>, Broken> {
        let request = RecoverRequest {
            identity: self.identity.clone(),
            prior: prior.cloned(),
            planned: planned.cloned(),
            private: private.to_vec(),
        };
        self.present(self.resource.recover(self.ctx, request).await)
    }

    /// Right after it was applied it reads the same, and nothing is left to change.
    async fn settled(&self, how: &str, config: &Value, now: &Now) -> Result<(), Broken> {
        let Some(read) = self.read(now).await? else {
            return Err(self.broken(format!("is not there after it was {how}")));
        };
        self.same(&format!("reads other than it was {how}"), &now.values, &read.values)?;
        if read.boot_id != now.boot_id {
            return Err(self.broken(format!("has another boot id than when it was {how}")));
        }
        let plan = self.plan(config, Some(&read.values), &read.private).await?;
        let planned = self.planned(config, Some(&read.values), &plan)?;
        self.same(&format!("plans a change right after it was {how}"), &read.values, &planned)?;
        if plan.disruption.is_some() || !plan.replace.is_empty() {
            return Err(self.broken(format!("plans a disruption right after it was {how}")));
        }
        Ok(())
    }

    async fn recovered(
        &self,
        how: &str,
        prior: Option<&Value>,
        planned: Option<&Value>,
        now: &Now,
    ) -> Result<(), Broken> {
        match self.recover(prior, planned, &now.private).await? {
            Some(found) => self.same(&format!("is recovered other than it was {how}"), &now.values, &found.values),
            None => Err(self.broken(format!("is not recovered after it was {how}"))),
        }
    }

    fn same(&self, what: &str, before: &Value, after: &Value) -> Result<(), Broken> {
        let moved = changes(self.resource.schema(), before, after);
        let paths: Vec<_> = moved.iter().map(|change| change.path.to_string()).collect();
        if paths.is_empty() { Ok(()) } else { Err(self.broken(format!("{what}: {}", paths.join(", ")))) }
    }

    fn broken(&self, what: impl Into<String>) -> Broken {
        Broken { ty: self.resource.ty(), what: what.into(), source: None }
    }

    fn failed(&self, what: impl Into<String>, source: ProviderError) -> Broken {
        Broken { ty: self.resource.ty(), what: what.into(), source: Some(Box::new(source)) }
    }
}
