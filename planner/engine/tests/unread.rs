//! A container that runs and does not answer: what is in it is not taken for unchanged.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use async_trait::async_trait;
use cplan_engine::{Deaf, PlanInput, PlanOptions, Registry, apply, drift, plan};
use cplan_model::{Action, Attribute, Diagnostics, Reason, Schema, Type, Value};
use cplan_sdk::{
    ApplyRequest, ApplyResponse, Context, DataSource, ErrorKind, Observed, PlanRequest, PlanResponse, Provider,
    ProviderError, ReadRequest, RecoverRequest, Resource, Silent,
};
use cplan_store::{MemoryStore, Store};
use tokio_util::sync::CancellationToken;

const ANSWERS: u8 = 0;
const SILENT: u8 = 1;
const GONE: u8 = 2;

struct World {
    mood: AtomicU8,
    applies: AtomicUsize,
}

struct Thing {
    schema: Schema,
    world: Arc<World>,
}

#[async_trait]
impl Resource for Thing {
    fn ty(&self) -> &'static str {
        "odd_thing"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    async fn read(&self, _: &Context, requests: Vec<ReadRequest>) -> Vec<Result<Observed, ProviderError>> {
        let answer = |r: ReadRequest| match self.world.mood.load(Ordering::SeqCst) {
            ANSWERS => Observed::Present { values: r.prior, private: Vec::new(), boot_id: None },
            SILENT => Observed::Unreachable { reason: "it does not answer".into() },
            _ => Observed::Absent,
        };
        requests.into_iter().map(|r| Ok(answer(r))).collect()
    }

    async fn plan(&self, _: &Context, _: PlanRequest) -> Result<PlanResponse, ProviderError> {
        Ok(PlanResponse::default())
    }

    async fn apply(&self, _: &Context, request: ApplyRequest) -> Result<ApplyResponse, ProviderError> {
        self.world.applies.fetch_add(1, Ordering::SeqCst);
        if self.world.mood.load(Ordering::SeqCst) == SILENT {
            return Err(ProviderError::new(ErrorKind::Transient, "it still does not answer"));
        }
        let values = request.planned.or(request.prior).unwrap();
        Ok(ApplyResponse { values, private: Vec::new(), boot_id: None })
    }

    async fn recover(&self, _: &Context, _: RecoverRequest) -> Result<Observed, ProviderError> {
        Ok(Observed::Absent)
    }
}

struct Odd {
    schema: Schema,
    thing: Thing,
}

#[async_trait]
impl Provider for Odd {
    fn name(&self) -> &str {
        "odd"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    async fn configure(&self, _: &Context, _: &Value) -> Result<Diagnostics, ProviderError> {
        Ok(Diagnostics::new())
    }

    fn resource(&self, _: &str) -> Option<&dyn Resource> {
        Some(&self.thing)
    }

    fn data_source(&self, _: &str) -> Option<&dyn DataSource> {
        None
    }

    fn resource_types(&self) -> Vec<&'static str> {
        vec!["odd_thing"]
    }

    fn data_source_types(&self) -> Vec<&'static str> {
        Vec::new()
    }

    async fn read(&self, ctx: &Context, requests: Vec<(String, ReadRequest)>) -> Vec<Result<Observed, ProviderError>> {
        self.thing.read(ctx, requests.into_iter().map(|(_, r)| r).collect()).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_applied_again_and_fails_while_the_container_is_silent() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("main.tf"), "resource \"odd_thing\" \"a\" {\n  name = \"x\"\n}\n").unwrap();
    let world = Arc::new(World { mood: AtomicU8::new(ANSWERS), applies: AtomicUsize::new(0) });
    let schema = Schema::new("", [("name", Attribute::required(Type::String, ""))]);
    let odd = Odd { schema: Schema::default(), thing: Thing { schema, world: world.clone() } };
    let registry = Registry::new([Arc::new(odd) as Arc<dyn Provider>]);
    let store = MemoryStore::new();
    let ctx = Context::new(dir.path(), Arc::new(Silent), CancellationToken::new());
    let (config, found) = cplan_config::load(dir.path());
    assert!(!found.has_errors(), "{found:?}");
    let config = Arc::new(config);
    let input = || PlanInput {
        config: config.clone(),
        variables: Default::default(),
        given: Default::default(),
        state: store.load().unwrap(),
        registry: &registry,
        options: PlanOptions::default(),
        now: None,
        cwd: None,
    };
    let planned = || async { plan(&ctx, input(), Arc::new(Deaf)).await.0.unwrap() };
    let carried = |made| {
        let (ctx, store, registry) = (&ctx, &store, &registry);
        async move { apply(ctx, &made, store, registry, 4, "run", Arc::new(Deaf)).await.unwrap() }
    };
    assert_eq!(carried(planned().await).await.created, 1);
    assert!(planned().await.is_empty());

    world.mood.store(SILENT, Ordering::SeqCst);
    let (entries, _) = drift(&ctx, input(), Arc::new(Deaf)).await;
    assert!(entries.len() == 1 && !entries[0].counts(), "{entries:?}");
    let made = planned().await;
    assert_eq!(made.changes[0].action, Action::Update);
    assert_eq!(made.changes[0].reason, Some(Reason::Unread("it does not answer".into())));
    let report = carried(made).await;
    assert_eq!(report.failures.len(), 1, "silence is not success");
    assert_eq!(store.load().unwrap().records.len(), 1, "what is believed to exist is kept");

    world.mood.store(ANSWERS, Ordering::SeqCst);
    assert!(planned().await.is_empty());

    // What is gone is made again; the clearing away of its remains is told neither as a step nor in the counts.
    world.mood.store(GONE, Ordering::SeqCst);
    let before = world.applies.load(Ordering::SeqCst);
    let made = planned().await;
    assert_eq!((made.changes[0].action, made.summary().delete), (Action::Create, 0));
    let report = carried(made).await;
    assert_eq!((report.created, report.deleted), (1, 0));
    assert_eq!(world.applies.load(Ordering::SeqCst) - before, 2, "cleared away, then made");
}
