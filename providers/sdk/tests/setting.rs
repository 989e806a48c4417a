//! A world and a provider that speaks to it.

use std::path::Path;
use std::sync::Arc;

use cplan_model::{Identity, Schema, Value};
use cplan_sdk::fake::{FakeProvider, FakeWorld};
use cplan_sdk::{
    ApplyRequest, ApplyResponse, Context, Observed, PlanRequest, Provider, ProviderError, ReadRequest, Resource, Silent,
};

pub(crate) struct Setting {
    pub(crate) world: FakeWorld,
    pub(crate) provider: Box<dyn Provider>,
    pub(crate) ctx: Context,
    _folder: tempfile::TempDir,
}

impl Setting {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = FakeWorld::spawn(Path::new(env!("CARGO_BIN_EXE_cplan-fake-world")), folder.path()).unwrap();
        let provider = Box::new(FakeProvider::connect(world.socket()));
        let ctx = Context::new(folder.path(), Arc::new(Silent), Default::default());
        Setting { world, provider, ctx, _folder: folder }
    }

    pub(crate) fn resource(&self, ty: &str) -> &dyn Resource {
        self.provider.resource(ty).unwrap()
    }

    /// Plans and creates; the identity's id is `id`.
    pub(crate) async fn create(&self, ty: &str, id: &str, config: &Value) -> Result<ApplyResponse, ProviderError> {
        self.apply(ty, id, Some(config), None).await
    }

    pub(crate) async fn apply(
        &self,
        ty: &str,
        id: &str,
        config: Option<&Value>,
        prior: Option<&Value>,
    ) -> Result<ApplyResponse, ProviderError> {
        let resource = self.resource(ty);
        let planned = match config {
            Some(config) => {
                let proposed = cplan_sdk::conformance::propose(resource.schema(), config, prior);
                let (config, prior) = (config.clone(), prior.cloned());
                let request = PlanRequest { identity: identity(id), config, prior, proposed, private: Vec::new() };
                resource.plan(&self.ctx, request).await?.planned
            }
            None => None,
        };
        let request = ApplyRequest {
            identity: identity(id),
            prior: prior.cloned(),
            planned,
            config: config.cloned(),
            private: Vec::new(),
            run: "test".into(),
            twin: None,
        };
        resource.apply(&self.ctx, request).await
    }

    pub(crate) async fn read(&self, ty: &str, id: &str, prior: &Value) -> Observed {
        let request = (ty.to_owned(), read_request(id, prior));
        self.provider.read(&self.ctx, vec![request]).await.pop().unwrap().unwrap()
    }
}

pub(crate) fn read_request(id: &str, prior: &Value) -> ReadRequest {
    ReadRequest { identity: identity(id), prior: prior.clone(), private: Vec::new(), boot_id: None }
}

pub(crate) fn identity(id: &str) -> Identity {
    Identity { id: id.into(), lab: "1a2b3c4d".into(), name: id.into() }
}

/// A configuration: what is not given is null.
pub(crate) fn config<const N: usize>(schema: &Schema, given: [(&str, Value); N]) -> Value {
    let nulls = schema.attributes.iter().map(|(name, a)| (name.clone(), Value::null(a.ty.clone())));
    given.into_iter().fold(Value::object(nulls.collect::<Vec<_>>()), |config, (name, value)| config.with(name, value))
}

pub(crate) fn text(text: &str) -> Value {
    Value::string(text)
}
