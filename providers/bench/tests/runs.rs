//! Runs of `lab_benchmark`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cplan_bench::{BenchmarkResource, GuestBinary, RunRecord};
use cplan_model::{AttrPath, Identity, Type, Value};
use cplan_sdk::{
    Access, ApplyRequest, Context, ErrorKind, Observed, PlanRequest, ReadRequest, RecoverRequest, Resource, Shell,
    Silent,
};

use crate::broker::Broker;
use crate::local::{LocalShell, guest_binary, guests};

/// A lab with two endpoints and a worker, all on this host.
struct Lab {
    folder: tempfile::TempDir,
    broker: Broker,
    shell: Arc<LocalShell>,
    resource: BenchmarkResource,
    ctx: Context,
    identity: Identity,
}

impl Lab {
    fn start() -> Option<Lab> {
        let broker = Broker::start()?;
        let folder = tempfile::tempdir().unwrap();
        let shell = Arc::new(LocalShell::default());
        let guest = GuestBinary::new(guest_binary()).in_folder(folder.path().join("machine").to_string_lossy());
        let resource = BenchmarkResource::new(Arc::clone(&shell) as Arc<dyn Shell>, Arc::new(guest));
        let ctx = Context::new(folder.path().join(".cplan"), Arc::new(Silent), Default::default());
        Some(Lab { folder, broker, shell, resource, ctx, identity: identity() })
    }

    fn machines(&self) -> &Path {
        self.folder.path()
    }

    /// A configuration of so many seconds, with unset attributes null.
    fn config(&self, seconds: u32) -> Value {
        let endpoint = |name: &str| {
            Value::object([
                ("machine", access(name).to_value()),
                ("broker", Value::string(self.broker.address.as_str())),
                ("worker", Value::string("cloud0")),
            ])
        };
        let given = [
            ("kind", Value::string("mqtt")),
            (
                "endpoints",
                Value::map(endpoint("e").ty(), ["endpoint0", "endpoint1"].map(|name| (name, endpoint(name)))),
            ),
            ("workers", Value::map(Access::ty(), [("cloud0", access("cloud0").to_value())])),
            ("payload", Value::string("1KB")),
            ("rate", Value::number(20)),
            ("duration", Value::string(format!("{seconds}s"))),
            ("warmup", Value::string("500ms")),
            ("work", Value::number(1000)),
            ("environment", Value::object([("link", Value::string("7.5ms"))])),
        ];
        let attributes = self.resource.schema().attributes.iter();
        let empty = Value::object(attributes.map(|(n, a)| (n.clone(), Value::null(a.ty.clone()))).collect::<Vec<_>>());
        given.into_iter().fold(empty, |values, (name, value)| values.with(name, value))
    }

    async fn plan_create(&self, config: &Value) -> Value {
        let request = PlanRequest {
            identity: self.identity.clone(),
            config: config.clone(),
            prior: None,
            proposed: config.clone(),
            private: Vec::new(),
        };
        self.resource.plan(&self.ctx, request).await.unwrap().planned.unwrap()
    }

    fn create(&self, config: &Value, planned: Value) -> ApplyRequest {
        ApplyRequest {
            identity: self.identity.clone(),
            prior: None,
            planned: Some(planned),
            config: Some(config.clone()),
            private: Vec::new(),
            run: "20261122-190700-1a2b".into(),
            twin: None,
        }
    }
}

/// Another one for each lab, because labs in one test run share a host.
fn identity() -> Identity {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let id = format!("{process:08x}-{number:04x}-4000-8000-000000000000");
    Identity { id, lab: "12345678".into(), name: "mqtt".into() }
}

fn access(name: &str) -> Access {
    Access {
        id: format!("id-of-{name}"),
        name: name.into(),
        address: "127.0.0.1".into(),
        port: 22,
        user: "root".into(),
        host_key: "ssh-ed25519 AAAA".into(),
        key_file: "/nowhere".into(),
        flavor: String::new(),
        arch: String::new(),
    }
}

/// Waits until a publisher runs on the endpoint.
async fn publisher(lab: &Lab, endpoint: &str) -> u32 {
    for _ in 0..2400 {
        if let Some(pid) = guests(lab.machines(), &format!("answer/{endpoint}")).first() {
            return *pid;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("no publisher of {endpoint} within 60 s");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_measures_records_and_is_not_repeated() {
    let Some(lab) = Lab::start() else { return };
    let config = lab.config(2);
    assert!(lab.resource.validate(&config).is_empty());
    let planned = lab.plan_create(&config).await;
    assert!(planned.get("digest").unwrap().is_known() && !planned.get("p50_ms").unwrap().is_known());
    let values = lab.resource.apply(&lab.ctx, lab.create(&config, planned.clone())).await.unwrap().values;

    // Every planned value that was known is what it is; every unknown has become something of its type.
    for (name, value) in planned.as_map().unwrap() {
        let now = values.get(name).unwrap();
        assert!(
            now.is_wholly_known() && (!value.is_wholly_known() || value == now),
            "{name}: {value:?} became {now:?}"
        );
    }
    let number = |v: &Value, name: &str| v.get(name).unwrap().as_number().unwrap().as_f64();
    assert_eq!((number(&values, "sent"), number(&values, "received"), number(&values, "lost")), (80.0, 80.0, 0.0));
    assert!(number(&values, "p50_ms") > 0.0 && number(&values, "p50_ms") <= number(&values, "p99_ms"));
    let results = values.get("results").unwrap();
    assert_eq!(results.as_map().unwrap().len(), 2);
    assert_eq!(number(results.get("endpoint1").unwrap(), "sent"), 40.0);

    let run_id = values.get("run_id").unwrap().as_str().unwrap().to_owned();
    let run = lab.ctx.data_dir().join("runs").join(&run_id);
    let read = |name: &str| std::fs::read_to_string(run.join(name)).unwrap();
    assert_eq!(read("summary.csv").lines().count(), 4);
    // 40 measured and 10 of the warm-up per endpoint, and the header.
    assert_eq!(read("samples.csv").lines().count(), 101);
    let record: RunRecord = serde_json::from_str(&read("run.json")).unwrap();
    assert_eq!((record.all.received, record.endpoints.len(), record.publishers["endpoint0"].sent), (80, 2, 50));
    let worker = &record.workers[&format!("cloud0 at {}", lab.broker.address)];
    assert_eq!((worker["answered"].as_u64(), worker["ended"].as_str()), (Some(100), Some("signal")));
    assert_eq!(guests(lab.machines(), ""), Vec::<u32>::new(), "nothing runs on");
    assert!(lab.shell.streamed() >= 1);

    // The same again: nothing to do, and nothing that touches a machine.
    let again = PlanRequest {
        identity: lab.identity.clone(),
        config: config.clone(),
        prior: Some(values.clone()),
        proposed: values.clone(),
        private: Vec::new(),
    };
    let response = lab.resource.plan(&lab.ctx, again.clone()).await.unwrap();
    assert_eq!((response.planned.unwrap(), response.replace), (values.clone(), vec![]));
    let slower = values.with("environment", Value::object([("link", Value::string("45ms"))]));
    let response = lab.resource.plan(&lab.ctx, PlanRequest { proposed: slower, ..again }).await.unwrap();
    assert_eq!(response.replace, [AttrPath::attr("environment")]);

    // An apply that was cut off after its records were written is found; a delete keeps them; so does a read without them.
    let recover =
        RecoverRequest { identity: lab.identity.clone(), prior: None, planned: Some(planned), private: Vec::new() };
    let Observed::Present { values: found, .. } = lab.resource.recover(&lab.ctx, recover).await.unwrap() else {
        panic!("the run is there");
    };
    assert_eq!(found, values);
    let delete = ApplyRequest { prior: Some(values.clone()), planned: None, ..lab.create(&config, values.clone()) };
    lab.resource.apply(&lab.ctx, delete).await.unwrap();
    assert!(run.join("run.json").exists());
    std::fs::remove_dir_all(&run).unwrap();
    let request =
        ReadRequest { identity: lab.identity.clone(), prior: values.clone(), private: Vec::new(), boot_id: None };
    let read = lab.resource.read(&lab.ctx, vec![request]).await.remove(0).unwrap();
    assert!(matches!(read, Observed::Present { values: v, .. } if v == values));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_binary_is_pushed_once() {
    let Some(lab) = Lab::start() else { return };
    let config = lab.config(1);
    let planned = lab.plan_create(&config).await;
    lab.resource.apply(&lab.ctx, lab.create(&config, planned.clone())).await.unwrap();
    let streamed = lab.shell.streamed();
    lab.resource.apply(&lab.ctx, lab.create(&config, planned)).await.unwrap();
    assert_eq!(lab.shell.streamed(), streamed);
    let pushed = std::fs::read_dir(lab.machines().join("machine")).unwrap();
    assert_eq!(pushed.count(), 1, "no remains beside the binary");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_publisher_is_named_and_nothing_runs_on() {
    let Some(lab) = Lab::start() else { return };
    let config = lab.config(60);
    let planned = lab.plan_create(&config).await;
    let kill = async {
        let pid = publisher(&lab, "endpoint1").await;
        assert!(std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
    };
    let (applied, ()) = tokio::join!(lab.resource.apply(&lab.ctx, lab.create(&config, planned)), kill);
    let error = applied.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Failed);
    assert!(error.message.contains("endpoint `endpoint1`"), "{}", error.message);
    let partial = error.partial.expect("an interrupted run is kept, tainted");
    assert!(partial.is_wholly_known() && partial.get("p50_ms").unwrap().is_null());
    assert_eq!(guests(lab.machines(), ""), Vec::<u32>::new(), "the other publisher and the worker are ended");
    assert!(!lab.ctx.data_dir().join("runs").exists(), "half a run has no records");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_leaves_nothing_and_is_absent() {
    let Some(lab) = Lab::start() else { return };
    let config = lab.config(60);
    let planned = lab.plan_create(&config).await;
    let interrupt = async {
        publisher(&lab, "endpoint0").await;
        lab.ctx.cancel.cancel();
    };
    let (applied, ()) = tokio::join!(lab.resource.apply(&lab.ctx, lab.create(&config, planned.clone())), interrupt);
    assert_eq!(applied.unwrap_err().kind, ErrorKind::Cancelled);
    assert_eq!(guests(lab.machines(), ""), Vec::<u32>::new());
    let recover =
        RecoverRequest { identity: lab.identity.clone(), prior: None, planned: Some(planned), private: Vec::new() };
    assert!(matches!(lab.resource.recover(&lab.ctx, recover).await.unwrap(), Observed::Absent));
}

#[tokio::test(flavor = "multi_thread")]
async fn recovery_ends_what_a_killed_process_left() {
    let Some(lab) = Lab::start() else { return };
    let config = lab.config(60);
    let planned = lab.plan_create(&config).await;
    {
        let apply = lab.resource.apply(&lab.ctx, lab.create(&config, planned.clone()));
        tokio::select! {
            ended = apply => panic!("too early: {ended:?}"),
            _ = publisher(&lab, "endpoint0") => {}
        }
    }
    assert_ne!(guests(lab.machines(), ""), Vec::<u32>::new(), "like after a kill, the load runs on");
    let recover =
        RecoverRequest { identity: lab.identity.clone(), prior: None, planned: Some(planned), private: Vec::new() };
    assert!(matches!(lab.resource.recover(&lab.ctx, recover).await.unwrap(), Observed::Absent));
    assert_eq!(guests(lab.machines(), ""), Vec::<u32>::new());
}

#[test]
fn the_whole_lab_is_claimed_while_it_is_measured() {
    use cplan_model::Action;
    let resource = BenchmarkResource::new(Arc::new(LocalShell::default()), Arc::new(GuestBinary::new("/nowhere")));
    let workers = Value::map(Access::ty(), [("w", access("cloud0").to_value())]);
    let values = Value::object([("workers", workers), ("endpoints", Value::unknown(Type::Dynamic))]);
    let on: Vec<_> = resource.claims(Action::Create, &values).into_iter().map(|c| c.on).collect();
    assert_eq!(on, ["host:local", "machine:id-of-cloud0"]);
    assert_eq!(resource.claims(Action::Delete, &values), []);
}
