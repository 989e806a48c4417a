//! `lab_image`: a lease on a content-addressed guest image in the host's cache.

mod boot;
mod busybox;
mod cache;
mod check;
mod cloud;
mod contents;
mod derived;
mod disk;
mod error;
mod kernel;
mod make;
mod package;
mod packages;
mod process;
mod resolution;
mod schema;
mod sources;
mod system;
mod wanted;

use async_trait::async_trait;
use cplan_model::{Action, Diagnostics, Identity, InstanceAddr, Schema, Type, Value};
use cplan_sdk::{
    ApplyRequest, ApplyResponse, Claim, Context, Locality, Observed, PlanRequest, PlanResponse, ProviderError,
    ReadRequest, RecoverRequest, Resource,
};

use crate::arch::Arch;
use crate::foreign;
use crate::host::busy_host;
use crate::settings::SharedSettings;

pub(crate) use boot::Flavor;
pub use boot::boot_type;
use cache::ImageCache;
pub use cache::{CacheSurvey, CachedImage, Holder, PruneOptions, Pruned, prune, survey};
pub use error::ImageError;
use packages::PackageCache;
pub(crate) use process::run;
pub(crate) use resolution::Resolution;
#[cfg(test)]
pub(crate) use resolution::tests::example as example_resolution;
pub(crate) use wanted::UEFI;
use wanted::Wanted;

/// The resource type `lab_image`.
#[derive(Debug)]
pub struct ImageResource {
    settings: SharedSettings,
    schema: Schema,
}

impl ImageResource {
    /// The type, for the host of the settings.
    pub fn new(settings: SharedSettings) -> Self {
        ImageResource { settings, schema: schema::schema() }
    }

    /// The type of `boot`.
    pub fn boot_type() -> Type {
        boot_type()
    }

    fn cache(&self) -> ImageCache {
        ImageCache::new(self.settings.get().cache_dir)
    }

    /// The values of an object whose image has a digest.
    fn with_digest(&self, values: &Value, digest: &str) -> Value {
        let flavor = Flavor::of_values(values).unwrap_or(Flavor::Micro);
        let boot = flavor.boot(&self.cache().dir(digest), digest, values);
        values.with("digest", Value::string(digest)).with("boot", boot)
    }

    /// The values of a held and whole image, or nothing.
    fn look_up(&self, values: &Value, identity: &Identity) -> Observed {
        let cache = self.cache();
        match values.get("digest").and_then(Value::as_str) {
            Some(digest) if cache.is_leased(digest, identity) && cache.is_intact(digest) => {
                Observed::Present { values: self.with_digest(values, digest), private: Vec::new(), boot_id: None }
            }
            _ => Observed::Absent,
        }
    }

    /// The digest of what is wanted, if that can be told yet.
    async fn digest_of(&self, ctx: &Context, values: &Value) -> Result<Option<String>, ProviderError> {
        let Some(wanted) = Wanted::of(values) else { return Ok(None) };
        let job = (ctx.clone(), self.cache());
        // A large file takes its time.
        blocking(move || make::digest(&job.0, &job.1, &wanted)).await?.map_err(Into::into)
    }
}

/// Values of a state from before there were other architectures than the host's.
fn with_arch(values: Value) -> Value {
    let values = Arch::filled_in(values, &Value::string(Arch::of_this_host().name()));
    match (values.get("boot"), values.get("arch")) {
        (Some(boot), Some(arch)) => values.with("boot", Arch::filled_in(boot.clone(), arch)),
        _ => values,
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ProviderError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|e| ProviderError::failed("the making of the image broke off").source(e))
}

#[async_trait]
impl Resource for ImageResource {
    fn ty(&self) -> &'static str {
        "lab_image"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        check::one(config)
    }

    fn upgrade(&self, _: u64, values: Value) -> Result<Value, ProviderError> {
        Ok(with_arch(values))
    }

    fn locality(&self, _: &Value) -> Locality {
        Locality::Host("local".to_owned())
    }

    async fn read(&self, _: &Context, requests: Vec<ReadRequest>) -> Vec<Result<Observed, ProviderError>> {
        requests.iter().map(|request| Ok(self.look_up(&request.prior, &request.identity))).collect()
    }

    async fn plan(&self, ctx: &Context, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        let planned = request.proposed.clone();
        let config = &request.config;
        let planned = planned
            .with("flavor", wanted::flavor_of(config))
            .with("arch", wanted::arch_of(config))
            .with("firmware", wanted::firmware_of(config));
        let digest = match self.digest_of(ctx, &planned).await {
            // A file that goes in and cannot be read is told by `check`, with its place.
            Err(error) if check::unreadable(&planned) => {
                ctx.progress.log(&format!("{error}\n"));
                None
            }
            digest => digest?,
        };
        let planned = match digest {
            Some(digest) => self.with_digest(&planned, &digest),
            // How it boots is known before it is made.
            None => {
                let boot = Flavor::of_values(&planned)
                    .map_or(Value::unknown(boot_type()), |flavor| flavor.boot_to_be(&planned));
                planned.with("digest", Value::unknown(Type::String)).with("boot", boot)
            }
        };
        Ok(PlanResponse { planned: Some(planned), ..PlanResponse::default() })
    }

    async fn check(&self, _: &Context, planned: &[(InstanceAddr, Value)]) -> Result<Diagnostics, ProviderError> {
        let mut found = check::all(planned);
        for (address, values) in planned {
            let there = values.get("digest").and_then(Value::as_str).is_some_and(|d| self.cache().is_intact(d));
            if !there {
                let runs = |arch| self.cache().scratch("probe").is_ok_and(|folder| foreign::runs(arch, &folder.0));
                found.extend(check::host(values, runs).map(|diagnostic| diagnostic.address(address.clone())));
            }
        }
        Ok(found)
    }

    async fn apply(&self, ctx: &Context, request: ApplyRequest) -> Result<ApplyResponse, ProviderError> {
        let cache = self.cache();
        let identity = request.identity;
        let held = request.prior.as_ref().and_then(|v| v.get("digest")).and_then(Value::as_str).map(str::to_owned);
        let Some(planned) = request.planned else {
            if let Some(digest) = held {
                cache.release(&digest, &identity)?;
            }
            return Ok(ApplyResponse {
                values: Value::null(self.schema.object_type()),
                private: Vec::new(),
                boot_id: None,
            });
        };
        let wanted = Wanted::of(&planned).ok_or_else(|| ProviderError::failed("the image's packages are not known"))?;
        let expected = planned.get("digest").and_then(Value::as_str).map(str::to_owned);
        let job = (ctx.clone(), cache.clone(), identity.clone());
        let arch = planned.get("arch").and_then(Value::as_str).unwrap_or_default().to_owned();
        let digest = blocking(move || make::make(&job.0, &job.1, &job.2, (&wanted, &arch), expected)).await??;
        if let Some(old) = held.filter(|old| *old != digest) {
            cache.release(&old, &identity)?;
        }
        Ok(ApplyResponse { values: self.with_digest(&planned, &digest), private: Vec::new(), boot_id: None })
    }

    async fn recover(&self, ctx: &Context, request: RecoverRequest) -> Result<Observed, ProviderError> {
        let cache = self.cache();
        let mut known: Vec<Value> = Vec::new();
        if let Some(planned) = &request.planned {
            // The digest was perhaps not known when it was planned, but the lock file has it by now.
            let locked = self.digest_of(ctx, planned).await?;
            known.push(locked.map_or_else(|| planned.clone(), |digest| self.with_digest(planned, &digest)));
        }
        let planned = known.first().map_or(Observed::Absent, |values| self.look_up(values, &request.identity));
        known.extend(request.prior.clone());
        let outcome = match planned {
            Observed::Absent if request.planned.is_some() => {
                request.prior.as_ref().map_or(Observed::Absent, |values| self.look_up(values, &request.identity))
            }
            found => found,
        };
        // Whatever does not hold the outcome gives its lease back.
        let kept = match &outcome {
            Observed::Present { values, .. } => values.get("digest").cloned(),
            _ => None,
        };
        for digest in known.iter().filter_map(|v| v.get("digest")).filter(|d| Some(*d) != kept.as_ref()) {
            if let Some(digest) = digest.as_str() {
                cache.release(digest, &request.identity)?;
            }
        }
        Ok(outcome)
    }

    fn instead_of_import(&self) -> &'static str {
        "Take the import away. A file that is there already is used with `path`, and what the cache has is not made again."
    }

    fn claims(&self, action: Action, values: &Value) -> Vec<Claim> {
        // Of two that want the same, one makes it and the other finds it made.
        match (action, Wanted::of(values)) {
            (Action::Create | Action::Update | Action::Replace, Some(wanted)) => {
                vec![busy_host(), Claim::exclusive(format!("image-store:{}", wanted.name()))]
            }
            _ => Vec::new(),
        }
    }
}
