//! `lab_image`: a lease on a content-addressed guest image in the host's cache.

mod cache;
mod contents;
mod disk;
mod error;
mod kernel;
mod package;
mod packages;
mod process;
mod resolution;

use async_trait::async_trait;
use cplan_model::{Action, AttrPath, Attribute, Diagnostic, Diagnostics, Identity, Schema, Type, Value};
use cplan_sdk::{
    ApplyRequest, ApplyResponse, Claim, Context, ErrorKind, Locality, MICRO, Observed, PlanRequest, PlanResponse,
    ProviderError, ReadRequest, RecoverRequest, Resource,
};

use crate::guest_init::COMMAND_LINE;
use crate::host::busy_host;
use crate::lock_file::LockFile;
use crate::settings::SharedSettings;

use cache::{DISK, INITRD, ImageCache, KERNEL};
pub use error::ImageError;
use packages::PackageCache;
pub(crate) use process::run;
pub(crate) use resolution::Resolution;
#[cfg(test)]
pub(crate) use resolution::tests::example as example_resolution;

/// The resource type `lab_image`.
#[derive(Debug)]
pub struct ImageResource {
    settings: SharedSettings,
    schema: Schema,
}

impl ImageResource {
    /// The type, for the host of the settings.
    pub fn new(settings: SharedSettings) -> Self {
        let schema = Schema::new(
            "A lease on a guest image in the host's cache; made here from Debian packages, addressed by what is in it.",
            [
                (
                    "flavor",
                    Attribute::optional_computed(Type::String, "How it boots: `micro`, a kernel and an initramfs."),
                ),
                (
                    "packages",
                    Attribute::optional(Type::list(Type::String), "Debian packages whose programs are in the image."),
                ),
                ("digest", Attribute::computed(Type::String, "The content address, 64 hex digits.")),
                ("boot", Attribute::computed(Self::boot_type(), "What a machine needs to boot it.")),
            ],
        );
        ImageResource { settings, schema }
    }

    /// The type of `boot`: absolute paths, and the kernel's command line.
    pub fn boot_type() -> Type {
        Type::object(["digest", "flavor", "kernel", "initrd", "disk", "cmdline"].map(|name| (name, Type::String)))
    }

    fn cache(&self) -> ImageCache {
        ImageCache::new(self.settings.get().cache_dir)
    }

    /// The values of an object whose image has a digest.
    fn with_digest(&self, values: &Value, digest: &str) -> Value {
        let dir = self.cache().dir(digest);
        let path = |name: &str| Value::string(dir.join(name).to_string_lossy().as_ref());
        let boot = Value::object([
            ("digest", Value::string(digest)),
            ("flavor", Value::string(flavor_of(values).unwrap_or(MICRO))),
            ("kernel", path(KERNEL)),
            ("initrd", path(INITRD)),
            ("disk", path(DISK)),
            ("cmdline", Value::string(COMMAND_LINE)),
        ]);
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

    /// The digest of what the lock file says, if it has these packages.
    fn locked_digest(ctx: &Context, wanted: &Wanted) -> Result<Option<String>, ImageError> {
        let resolution = LockFile::beside(ctx.data_dir()).get(&wanted.key())?;
        Ok(resolution.map(|r| r.digest(&wanted.flavor)))
    }
}

fn flavor_of(values: &Value) -> Option<&str> {
    values.get("flavor").and_then(Value::as_str)
}

/// What the configuration asks for.
#[derive(Clone, Debug)]
struct Wanted {
    flavor: String,
    packages: Vec<String>,
}

impl Wanted {
    /// `None` while any part is unknown.
    fn of(values: &Value) -> Option<Self> {
        let flavor = values.get("flavor").filter(|v| !v.is_null());
        let flavor = flavor.map_or(Some(MICRO), Value::as_str)?.to_owned();
        let packages = match values.get("packages").filter(|v| !v.is_null()) {
            Some(list) => list.as_slice()?.iter().map(|p| p.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()?,
            None => Vec::new(),
        };
        Some(Wanted { flavor, packages })
    }

    fn key(&self) -> String {
        LockFile::key(&self.flavor, &self.packages)
    }
}

/// Debian policy §5.6.1: lower-case letters, digits, `+`, `-` and `.`, two at least, no sign first.
fn is_package_name(name: &str) -> bool {
    name.len() >= 2
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c))
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
        let mut diagnostics = Diagnostics::new();
        if let Some(flavor) = config.get("flavor").and_then(Value::as_str).filter(|f| *f != MICRO) {
            let what = format!("`{flavor}` is not a flavor of images.");
            let diagnostic = Diagnostic::error("image-flavor", "Unknown image flavor", what);
            diagnostics.push(diagnostic.remedy("Write `micro`, or leave it out.").attribute(AttrPath::attr("flavor")));
        }
        for (index, package) in config.get("packages").and_then(Value::as_slice).unwrap_or_default().iter().enumerate()
        {
            if let Some(name) = package.as_str().filter(|name| !is_package_name(name)) {
                let what = format!("`{name}` cannot be the name of a Debian package.");
                let diagnostic = Diagnostic::error("package-name", "Invalid package name", what);
                let path = AttrPath::attr("packages").then_index(index);
                diagnostics.push(diagnostic.remedy("Write the name alone, such as `mosquitto`.").attribute(path));
            }
        }
        diagnostics
    }

    fn locality(&self, _: &Value) -> Locality {
        Locality::Host("local".to_owned())
    }

    async fn read(&self, _: &Context, requests: Vec<ReadRequest>) -> Vec<Result<Observed, ProviderError>> {
        requests.iter().map(|request| Ok(self.look_up(&request.prior, &request.identity))).collect()
    }

    async fn plan(&self, ctx: &Context, request: PlanRequest) -> Result<PlanResponse, ProviderError> {
        let mut planned = request.proposed.clone();
        if request.config.get("flavor").is_none_or(Value::is_null) {
            planned = planned.with("flavor", Value::string(MICRO));
        }
        let digest = match Wanted::of(&planned) {
            Some(wanted) => Self::locked_digest(ctx, &wanted)?,
            None => None,
        };
        planned = match digest {
            Some(digest) => self.with_digest(&planned, &digest),
            None => {
                let unknown = |name| (name, Value::unknown(Type::String));
                let boot = Value::object(["digest", "kernel", "initrd", "disk", "cmdline"].map(unknown));
                // What can live in it is known before it is made.
                let flavor = flavor_of(&planned).map_or_else(|| Value::unknown(Type::String), Value::string);
                let boot = boot.with("flavor", flavor);
                planned.with("digest", Value::unknown(Type::String)).with("boot", boot)
            }
        };
        Ok(PlanResponse { planned: Some(planned), ..PlanResponse::default() })
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
        let digest = tokio::task::spawn_blocking(move || make(&job.0, &job.1, &job.2, &wanted, expected))
            .await
            .map_err(|e| ProviderError::failed("the making of the image broke off").source(e))??;
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
            let locked = Wanted::of(planned).map(|wanted| Self::locked_digest(ctx, &wanted)).transpose()?.flatten();
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

    fn claims(&self, action: Action, values: &Value) -> Vec<Claim> {
        match (action, Wanted::of(values)) {
            (Action::Create | Action::Update | Action::Replace, Some(wanted)) => {
                vec![busy_host(), Claim::exclusive(format!("image-store:{}", wanted.key()))]
            }
            _ => Vec::new(),
        }
    }
}

/// Locks, makes and leases; blocking.
fn make(
    ctx: &Context,
    cache: &ImageCache,
    identity: &Identity,
    wanted: &Wanted,
    expected: Option<String>,
) -> Result<String, ProviderError> {
    let lock = LockFile::beside(ctx.data_dir());
    let key = wanted.key();
    let resolution = match lock.get(&key)? {
        Some(resolution) => resolution,
        None => lock.record(&key, cache.resolve(ctx, &wanted.packages)?)?,
    };
    let digest = resolution.digest(&wanted.flavor);
    if expected.is_some_and(|expected| expected != digest) {
        return Err(ProviderError::new(ErrorKind::Conflict, "cplan.lock changed after the image was planned")
            .remedy("Plan again."));
    }
    cache.ensure(ctx, &wanted.flavor, &resolution)?;
    cache.lease(&digest, identity)?;
    Ok(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_package() {
        let resource = ImageResource::new(SharedSettings::default());
        let config = |flavor: &str, package: &str| {
            Value::object([
                ("flavor", Value::string(flavor)),
                ("packages", Value::list(Type::String, [Value::string(package)])),
            ])
        };
        assert!(resource.validate(&config("micro", "mosquitto")).is_empty());
        assert!(resource.validate(&config("micro", "g++")).is_empty());
        for (config, id) in [
            (config("docker", "dash"), "image-flavor"),
            (config("micro", "-oX=1"), "package-name"),
            (config("micro", "a=1.0"), "package-name"),
        ] {
            let diagnostics = resource.validate(&config);
            assert_eq!(diagnostics.iter().map(|d| d.id).collect::<Vec<_>>(), [id]);
            assert!(diagnostics.iter().all(|d| d.attribute.is_some() && !d.remedy.is_empty()));
        }
    }
}
