//! One resource type.

use async_trait::async_trait;
use cplan_model::{Action, Diagnostics, InstanceAddr, Schema, Value};
use futures::future::join_all;

use crate::{
    Access, ApplyRequest, ApplyResponse, Claim, Context, ImportRequest, Observed, PlanRequest, PlanResponse,
    ProviderError, ReadRequest, RecoverRequest,
};

/// Where an object is read, so that one read serves all objects of a place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Locality {
    /// Nowhere in particular: all objects of the type in one batch.
    Anywhere,
    /// A host, by its libvirt URI or `local`: all objects of the type there in one batch.
    Host(String),
    /// A machine: one ssh command for the probes of all its contents, of all types.
    Machine(Access),
}

/// What a probe printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProbeOutput {
    /// Standard output, whole.
    pub stdout: Vec<u8>,
    /// The exit status of the fragment.
    pub status: i32,
    /// The boot id of the machine that ran it.
    pub boot_id: String,
}

/// One resource type; the shape of tfplugin6, and what it lacks.
#[async_trait]
pub trait Resource: Send + Sync {
    /// `lab_machine`
    fn ty(&self) -> &'static str;

    /// What its block may contain.
    fn schema(&self) -> &Schema;

    /// Checks a configuration (unknowns possible) beyond what the schema says; diagnostics name attributes.
    fn validate(&self, config: &Value) -> Diagnostics {
        let _ = config;
        Diagnostics::new()
    }

    /// Where an object with these values is read.
    fn locality(&self, values: &Value) -> Locality {
        let _ = values;
        Locality::Anywhere
    }

    /// Reads a batch of one locality ([`Locality::Anywhere`] or [`Locality::Host`]); answers in the order of the requests.
    async fn read(&self, ctx: &Context, requests: Vec<ReadRequest>) -> Vec<Result<Observed, ProviderError>> {
        let _ = ctx;
        requests.iter().map(|_| Err(ProviderError::failed(format!("{} has no batch read", self.ty())))).collect()
    }

    /// For [`Locality::Machine`]: a POSIX shell fragment that prints what [`Resource::observe`] needs. It runs in a
    /// subshell of its own with stdin closed, and must not change anything.
    fn probe(&self, request: &ReadRequest) -> String {
        let _ = request;
        String::new()
    }

    /// For [`Locality::Machine`]: what the probe's output means.
    fn observe(&self, request: &ReadRequest, output: &ProbeOutput) -> Result<Observed, ProviderError> {
        let _ = (request, output);
        Err(ProviderError::failed(format!("{} has no probe", self.ty())))
    }

    /// Plans a create or an update. Changes nothing, and asks the world only where it must.
    async fn plan(&self, ctx: &Context, request: PlanRequest) -> Result<PlanResponse, ProviderError>;

    /// Problems of a whole plan: those that need the host's facts (a machine larger than its host) and those between
    /// instances (an address used twice). Gets all planned instances of the type, with unknowns possible; called once per
    /// plan before anything is touched. Diagnostics name the address and the attribute.
    async fn check(&self, ctx: &Context, planned: &[(InstanceAddr, Value)]) -> Result<Diagnostics, ProviderError> {
        let _ = (ctx, planned);
        Ok(Diagnostics::new())
    }

    /// Makes, changes or deletes. A delete of what is gone is a success. On failure, [`ProviderError::partial`] says
    /// what exists.
    async fn apply(&self, ctx: &Context, request: ApplyRequest) -> Result<ApplyResponse, ProviderError>;

    /// Whether objects of the type in one container that are ready at the same time are applied with one call of
    /// [`Resource::apply_together`], as packages are: a package manager does one thing at a time.
    fn applied_together(&self) -> bool {
        false
    }

    /// Makes, changes and deletes objects of one container; answers in the order of the requests, each of which has a
    /// context of its own. One that fails fails alone.
    async fn apply_together(
        &self,
        requests: Vec<(Context, ApplyRequest)>,
    ) -> Vec<Result<ApplyResponse, ProviderError>> {
        join_all(requests.into_iter().map(|(ctx, request)| async move { self.apply(&ctx, request).await })).await
    }

    /// Settles an operation that was begun and not ended: finds the object by its identity and says what is there.
    /// May finish it or undo it.
    async fn recover(&self, ctx: &Context, request: RecoverRequest) -> Result<Observed, ProviderError>;

    /// Takes over an existing object.
    async fn import(&self, ctx: &Context, request: ImportRequest) -> Result<Observed, ProviderError> {
        let _ = (ctx, request);
        let what = format!("nothing that somebody else made can become a `{}`", self.ty());
        Err(ProviderError::failed(what).remedy(self.instead_of_import()))
    }

    /// What to do about an existing object where there is no [`Resource::import`]: a remedy.
    fn instead_of_import(&self) -> &'static str {
        "Take the import away, and let the object be made."
    }

    /// Brings stored values of an older schema version to this one's.
    fn upgrade(&self, version: u64, values: Value) -> Result<Value, ProviderError> {
        let _ = version;
        Ok(values)
    }

    /// What a step needs while it runs; `values` are the planned ones, or the prior ones of a delete.
    fn claims(&self, action: Action, values: &Value) -> Vec<Claim> {
        let _ = (action, values);
        Vec::new()
    }

    /// Whether what lies in an object with these values stays when the object is deleted, and so has to be deleted itself:
    /// a machine that only was lent to us keeps what we put on it.
    fn contents_outlive(&self, values: &Value) -> bool {
        let _ = values;
        false
    }

    /// Whether an object lives on when its container restarts.
    fn survives_restart(&self, values: &Value) -> bool {
        let _ = values;
        true
    }

    /// Whether an object is gone once its container is; one that is not is deleted before it.
    fn goes_with_container(&self) -> bool {
        true
    }

    /// Whether it changes nothing outside of the process, so that no intent is needed.
    fn in_process(&self) -> bool {
        false
    }
}
