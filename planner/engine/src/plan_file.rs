//! Plan files: a plan with everything that apply needs, sealed, in a versioned format.
//!
//! A file is one line in clear, which says for which state it was made, and behind it the document, compressed and
//! sealed with a key that lies beside the state: values may be secrets, and a plan travels. The same plan gives the
//! same bytes; their SHA-256 is the plan's hash.

mod envelope;
mod v1;

use std::collections::BTreeMap;
use std::path::Path;

use cplan_model::Diagnostics;
use cplan_sdk::{Context, ProviderError};
use cplan_store::State;
use sha2::{Digest, Sha256};

use crate::plan::Plan;
use crate::planning::null_object;
use crate::registry::Registry;

/// The newest format, in which every plan is written.
const FORMAT: u32 = 1;

/// A plan and what it was made from.
#[derive(Clone)]
pub struct PlanFile {
    /// The plan. Its configuration is the one it was made from, whatever the folder says now.
    pub plan: Plan,
    /// The state that it was made from.
    pub state: State,
    /// The version of the schema of every type that the plan speaks of, by provider and type: `lab/lab_machine`.
    pub schemas: BTreeMap<String, u64>,
    /// The version of cplan that made it.
    pub version: String,
    /// What reading its configuration warned of; nothing of a plan that was just made.
    pub warnings: Diagnostics,
}

/// What a plan file says to those who cannot open it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanLabel {
    /// The format.
    pub format: u32,
    /// The state that it was made from.
    pub lineage: String,
    /// See `lineage`.
    pub serial: u64,
}

/// A key that seals plan files; 32 bytes of the system's randomness.
#[derive(Clone, Copy)]
pub struct PlanKey(pub [u8; 32]);

/// Why bytes are not a plan that can be used.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// They are something else.
    #[error("it is not a plan file of cplan")]
    Foreign,
    /// They were written by a newer cplan.
    #[error("it has format {found}, and this cplan knows up to {FORMAT}")]
    Newer {
        /// The format found.
        found: u32,
    },
    /// It was sealed with another key, or something was changed in it.
    #[error("its seal cannot be opened: it was made beside another state, or something was changed in it")]
    Sealed,
    /// It says what no plan says.
    #[error("it cannot be read: {what}")]
    Malformed {
        /// What is wrong with it.
        what: String,
    },
    /// The plan has something that cannot be written.
    #[error("the plan cannot be saved: {what}")]
    Unwritable {
        /// What it has.
        what: String,
    },
    /// The provider has another schema now.
    #[error("it was made with version {planned} of `{ty}`, and this cplan has version {known}")]
    Schema {
        /// Provider and type.
        ty: String,
        /// The version in the file.
        planned: u64,
        /// The version there is, 0 where there is none.
        known: u64,
    },
}

impl PlanFile {
    /// A plan that was just made from `state`.
    pub fn new(plan: Plan, state: State, registry: &Registry) -> Self {
        let mut schemas = BTreeMap::new();
        for (_, operation) in plan.operations() {
            let ty = &operation.key.address.resource.ty;
            // Of every configuration of a provider alike.
            let provider = provider_type(&operation.provider);
            if let Some(version) = version(registry, provider, ty) {
                schemas.insert(format!("{provider}/{ty}"), version);
            }
        }
        let version = env!("CARGO_PKG_VERSION").to_owned();
        PlanFile { plan, state, schemas, version, warnings: Diagnostics::new() }
    }

    /// The bytes of the file.
    pub fn seal(&self, key: &PlanKey) -> Result<Vec<u8>, PlanFileError> {
        let label = PlanLabel { format: FORMAT, lineage: self.plan.lineage.clone(), serial: self.plan.serial };
        envelope::seal(&label, |out| v1::write(self, out), key)
    }

    /// The plan in the bytes of a file; `root` is the folder that the configuration's functions look into.
    pub fn open(bytes: &[u8], key: &PlanKey, root: &Path) -> Result<Self, PlanFileError> {
        PlanFile::from_document(&envelope::open(bytes, key)?, root)
    }

    /// What a file says of itself in clear. Not to be relied on: only the seal shows that nobody changed it.
    pub fn label(bytes: &[u8]) -> Result<PlanLabel, PlanFileError> {
        Ok(envelope::split(bytes)?.0)
    }

    /// What is sealed: JSON, not compressed.
    pub fn document(&self) -> Result<Vec<u8>, PlanFileError> {
        let mut document = Vec::new();
        v1::write(self, &mut document)?;
        Ok(document)
    }

    /// The plan in what [`PlanFile::document`] wrote. A pure function: nothing is read but the bytes.
    pub fn from_document(document: &[u8], root: &Path) -> Result<Self, PlanFileError> {
        v1::read(document, root)
    }

    /// Sets the providers up as they were when this was planned.
    pub async fn configure(&self, ctx: &Context, registry: &Registry) -> Result<Diagnostics, ProviderError> {
        let declared = self.plan.providers.keys().map(|key| (key.as_str(), provider_type(key)));
        registry.aliases(declared);
        let mut said = Diagnostics::new();
        for (key, provider) in registry.iter() {
            let settings = self.plan.providers.get(key).cloned();
            let settings = settings.unwrap_or_else(|| null_object(provider.schema()));
            said.extend(provider.configure(ctx, &settings).await?);
        }
        Ok(said)
    }

    /// Whether the providers still speak of their types as they did when this was planned.
    pub fn check(&self, registry: &Registry) -> Result<(), PlanFileError> {
        for (name, planned) in &self.schemas {
            let known = name.split_once('/').and_then(|(provider, ty)| version(registry, provider, ty));
            if known != Some(*planned) {
                let (ty, planned) = (name.clone(), *planned);
                return Err(PlanFileError::Schema { ty, planned, known: known.unwrap_or_default() });
            }
        }
        Ok(())
    }
}

/// The hash of a plan file, in hexadecimal: the SHA-256 of its bytes.
pub fn plan_hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// The provider that a key such as `module.m.lab.west` configures: `lab`.
pub fn provider_type(key: &str) -> &str {
    let mut rest = key;
    while let Some((_, inner)) = rest.strip_prefix("module.").and_then(|call| call.split_once('.')) {
        rest = inner;
    }
    rest.split('.').next().unwrap_or(rest)
}

fn version(registry: &Registry, provider: &str, ty: &str) -> Option<u64> {
    let resource = registry.resource(provider, ty).map(|r| r.schema().version);
    resource.or_else(|| registry.data_source(provider, ty).map(|d| d.schema().version))
}
