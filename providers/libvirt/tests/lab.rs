//! What the tests on a real libvirt share: settings, resources, and a plan-and-apply of one object.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::plain_ssh::PlainSsh;
use cplan_libvirt::{Client, HostSettings, ImageResource, MachineResource, NetworkResource, SharedSettings};
use cplan_model::{Identity, Value, changes};
use cplan_sdk::conformance::{fits, propose};
use cplan_sdk::{
    ApplyRequest, ApplyResponse, Context, Disruption, Observed, PlanRequest, Progress, ProviderError, ReadRequest,
    RecoverRequest, Resource, Shell, from_json,
};
use serde_json::{Value as Json, json};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::capability::{require, runs};

/// Where images stay between runs, unless `CPLAN_TEST_IMAGES` says otherwise; QEMU's user must be able to reach it, which
/// a home folder would not allow.
const IMAGES: &str = "/var/tmp/cplan-tests";

/// A libvirt host, a cache folder and the resources.
pub(crate) struct Lab {
    pub(crate) client: Client,
    pub(crate) ctx: Context,
    pub(crate) shell: Arc<PlainSsh>,
    pub(crate) networks: NetworkResource,
    pub(crate) machines: MachineResource,
    pub(crate) folder: tempfile::TempDir,
}

/// Says everything; shown when a test fails.
struct Said;

impl Progress for Said {
    fn status(&self, text: &str) {
        println!("{text}");
    }
    fn log(&self, text: &str) {
        println!("{text}");
    }
}

impl Lab {
    /// `None` where there is no libvirt.
    pub(crate) fn new() -> Option<Lab> {
        if !require("libvirt", || runs("virsh", &["-c", "qemu:///system", "uri"])) {
            return None;
        }
        let folder = tempfile::Builder::new().prefix("cplan-").tempdir_in("/var/tmp").unwrap();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let cache_dir = folder.path().join("cache");
        let client = Client::new(SharedSettings::new(HostSettings { uri: "qemu:///system".into(), cache_dir }));
        let shell = Arc::new(PlainSsh::default());
        Some(Lab {
            ctx: Context::new(folder.path().join(".cplan"), Arc::new(Said), CancellationToken::new()),
            networks: NetworkResource::new(client.clone()),
            machines: MachineResource::new(client.clone(), shell.clone()),
            client,
            shell,
            folder,
        })
    }

    pub(crate) fn machine_dir(&self, identity: &Identity) -> PathBuf {
        self.folder.path().join("cache/machines").join(&identity.id)
    }

    /// `attachment` of a network that was made.
    pub(crate) async fn network(&self, name: &str, mode: &str, cidr: &str) -> Object<'_> {
        let mut network = Object::new(&self.networks, self, name, json!({"mode": mode, "cidr": cidr}));
        network.apply().await.unwrap();
        network
    }

    /// The configuration of a machine.
    pub(crate) async fn machine_config(&self, name: &str, management: &Object<'_>, address: &str) -> Json {
        let attachment = cplan_sdk::to_json(management.values().get("attachment").unwrap());
        json!({
            "name": name, "cpus": 1, "memory": "256MiB", "image": boot().await,
            "management": {"network": attachment, "address": address}, "interface": [],
        })
    }
}

/// What machines of the tests start from, made once.
pub(crate) async fn boot() -> Json {
    static BOOT: OnceCell<Json> = OnceCell::const_new();
    BOOT.get_or_init(|| image(json!({"flavor": "micro", "packages": []}))).await.clone()
}

/// The same with systemd: made once, because it takes a minute.
pub(crate) async fn systemd() -> Json {
    static BOOT: OnceCell<Json> = OnceCell::const_new();
    BOOT.get_or_init(|| image(json!({"flavor": "systemd"}))).await.clone()
}

/// Where images of the tests stay, with the lock file that says what is in them.
fn images() -> PathBuf {
    std::env::var_os("CPLAN_TEST_IMAGES").map_or_else(|| PathBuf::from(IMAGES), PathBuf::from)
}

/// The cache there.
pub(crate) fn image_cache() -> PathBuf {
    images().join("cache")
}

/// Makes an image, which stays for the next run.
pub(crate) async fn image(config: Json) -> Json {
    let (boot, log) = image_for("0", config).await;
    println!("{log}");
    boot
}

/// Makes an image for an owner, who holds it from now on; what was said while it was made.
pub(crate) async fn image_for(owner: &str, config: Json) -> (Json, String) {
    try_image(owner, config).await.unwrap_or_else(|e| panic!("{e}\n{}\n{}", e.details, e.remedy))
}

/// The same, where it may fail.
pub(crate) async fn try_image(owner: &str, config: Json) -> Result<(Json, String), ProviderError> {
    let settings = HostSettings { uri: "qemu:///system".into(), cache_dir: image_cache() };
    let resource = ImageResource::new(SharedSettings::new(settings));
    let said = Arc::new(Log::default());
    let ctx = Context::new(images().join(".cplan"), said.clone(), CancellationToken::new());
    let identity = Identity { id: owner.into(), lab: "00000000".into(), name: "tests".into() };
    let config = from_json(&config, &resource.schema().object_type()).unwrap();
    assert!(resource.validate(&config).is_empty());
    let proposed = propose(resource.schema(), &config, None);
    let plan =
        PlanRequest { identity: identity.clone(), config: config.clone(), prior: None, proposed, private: vec![] };
    let planned = resource.plan(&ctx, plan).await?.planned;
    let run = "test".to_owned();
    let apply = ApplyRequest { identity, prior: None, planned, config: Some(config), private: vec![], run, twin: None };
    let made = resource.apply(&ctx, apply).await?;
    let said = said.0.lock().unwrap().clone();
    Ok((cplan_sdk::to_json(made.values.get("boot").unwrap()), said))
}

/// Gives back all that an owner holds, and removes what nobody holds then. Also for the start of a test: a run that was
/// killed has given nothing back.
pub(crate) async fn release(owner: &str) {
    let cache = image_cache();
    for image in std::fs::read_dir(cache.join("images")).unwrap().flatten() {
        let _ = std::fs::remove_file(image.path().join("leases").join(owner));
    }
    tokio::task::spawn_blocking(move || cplan_libvirt::prune(&cache, cplan_libvirt::PruneOptions::default()))
        .await
        .unwrap()
        .unwrap();
}

/// Keeps what is logged.
#[derive(Default)]
pub(crate) struct Log(pub(crate) std::sync::Mutex<String>);

impl Progress for Log {
    fn status(&self, _: &str) {}
    fn log(&self, text: &str) {
        self.0.lock().unwrap().push_str(text);
    }
}

/// An object with what a state would keep of it.
pub(crate) struct Object<'a> {
    resource: &'a dyn Resource,
    lab: &'a Lab,
    pub(crate) identity: Identity,
    pub(crate) config: Json,
    pub(crate) now: Option<ApplyResponse>,
}

impl<'a> Object<'a> {
    pub(crate) fn new(resource: &'a dyn Resource, lab: &'a Lab, name: &str, config: Json) -> Self {
        let id = uuid::Uuid::new_v4().to_string();
        let identity = Identity { name: format!("{name}-{}", &id[..6]), lab: id[..8].to_owned(), id };
        Object { resource, lab, identity, config, now: None }
    }

    pub(crate) fn values(&self) -> &Value {
        &self.now.as_ref().unwrap().values
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.values().get(name).and_then(Value::as_str).unwrap()
    }

    pub(crate) fn access(&self) -> cplan_sdk::Access {
        cplan_sdk::Access::from_value(self.values().get("access").unwrap()).unwrap()
    }

    fn config(&self) -> Value {
        from_json(&self.config, &self.resource.schema().object_type()).unwrap()
    }

    /// Reads; what is there becomes what is known.
    pub(crate) async fn read(&mut self) -> bool {
        let now = self.now.as_ref().unwrap();
        let request = ReadRequest {
            identity: self.identity.clone(),
            prior: now.values.clone(),
            private: now.private.clone(),
            boot_id: now.boot_id.clone(),
        };
        match self.resource.read(&self.lab.ctx, vec![request]).await.pop().unwrap().unwrap() {
            Observed::Present { values, private, boot_id } => {
                self.now = Some(ApplyResponse { values, private, boot_id });
                true
            }
            Observed::Absent => false,
            Observed::Unreachable { reason } => panic!("{reason}"),
        }
    }

    /// The attributes that would change, and what that does.
    pub(crate) async fn plan(&self) -> (Vec<String>, Option<Disruption>) {
        let (planned, response) = self.planned().await;
        let prior = self.now.as_ref().map(|n| n.values.clone()).unwrap_or_else(|| Value::null(planned.ty()));
        let moved = changes(self.resource.schema(), &prior, &planned);
        (moved.iter().map(|c| c.path.to_string()).collect(), response.disruption)
    }

    /// The attributes that make it another object.
    pub(crate) async fn replaced_for(&self) -> Vec<String> {
        self.planned().await.1.replace.iter().map(ToString::to_string).collect()
    }

    /// All that the provider says to the plan.
    pub(crate) async fn response(&self) -> cplan_sdk::PlanResponse {
        self.planned().await.1
    }

    pub(crate) fn boot_id(&self) -> Option<String> {
        self.now.as_ref().and_then(|now| now.boot_id.clone())
    }

    /// What runs it: `kvm` or `tcg`.
    pub(crate) fn accelerator(&self) -> String {
        String::from_utf8(self.now.as_ref().unwrap().private.clone()).unwrap()
    }

    /// Deletes it and makes another one of the same configuration, as a replacement does.
    pub(crate) async fn replace(&mut self) -> Result<(), ProviderError> {
        self.delete().await?;
        let config = std::mem::take(&mut self.config);
        *self = Object::new(self.resource, self.lab, "again", config);
        self.apply().await
    }

    /// Takes its disk away.
    pub(crate) async fn lose_disk(&mut self) {
        std::fs::remove_file(self.lab.machine_dir(&self.identity).join("overlay.qcow2")).unwrap();
        assert!(self.read().await);
    }

    /// Takes its first tap out of the bridge.
    pub(crate) async fn unplug(&mut self) {
        let list = virsh(&["domiflist", self.text("domain")]);
        let tap = list.split_whitespace().find(|word| word.starts_with("vnet")).unwrap().to_owned();
        assert!(std::process::Command::new("ip").args(["link", "set", &tap, "nomaster"]).status().unwrap().success());
        assert!(self.read().await);
    }

    async fn planned(&self) -> (Value, cplan_sdk::PlanResponse) {
        let prior = self.now.as_ref().map(|n| n.values.clone());
        let config = self.config();
        let request = PlanRequest {
            identity: self.identity.clone(),
            proposed: propose(self.resource.schema(), &config, prior.as_ref()),
            config,
            prior,
            private: self.now.as_ref().map(|n| n.private.clone()).unwrap_or_default(),
        };
        let response = self.resource.plan(&self.lab.ctx, request).await.unwrap();
        (response.planned.clone().unwrap(), response)
    }

    pub(crate) async fn apply(&mut self) -> Result<(), ProviderError> {
        let (planned, response) = self.planned().await;
        let request = ApplyRequest {
            identity: self.identity.clone(),
            prior: self.now.as_ref().map(|n| n.values.clone()),
            planned: Some(planned.clone()),
            config: Some(self.config()),
            private: response.private,
            run: "test".to_owned(),
            twin: None,
        };
        let applied = self.resource.apply(&self.lab.ctx, request).await?;
        fits(&planned, &applied.values, &self.resource.schema().object_type()).unwrap();
        self.now = Some(applied);
        Ok(())
    }

    pub(crate) async fn delete(&mut self) -> Result<(), ProviderError> {
        let request = ApplyRequest {
            identity: self.identity.clone(),
            prior: self.now.as_ref().map(|n| n.values.clone()),
            planned: None,
            config: None,
            private: vec![],
            run: "test".to_owned(),
            twin: None,
        };
        self.resource.apply(&self.lab.ctx, request).await.map(|_| ())
    }

    /// Settles what was begun; what is there becomes what is known.
    pub(crate) async fn recover(&mut self) -> bool {
        let (planned, response) = self.planned().await;
        self.settle(Some(planned), response.private).await
    }

    /// Settles a delete that was begun.
    pub(crate) async fn begin_delete(&mut self) {
        assert!(!self.settle(None, vec![]).await);
    }

    async fn settle(&mut self, planned: Option<Value>, private: Vec<u8>) -> bool {
        let prior = self.now.as_ref().map(|n| n.values.clone());
        let request = RecoverRequest { identity: self.identity.clone(), prior, planned, private };
        match self.resource.recover(&self.lab.ctx, request).await.unwrap() {
            Observed::Present { values, private, boot_id } => {
                self.now = Some(ApplyResponse { values, private, boot_id });
                true
            }
            Observed::Absent => false,
            Observed::Unreachable { reason } => panic!("{reason}"),
        }
    }

    /// Runs a script on it, which must succeed.
    pub(crate) async fn run(&self, script: &str) -> String {
        let output = self.lab.shell.run(&self.lab.ctx, &self.access(), script, &[]).await.unwrap();
        assert_eq!(output.status, 0, "{script}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

/// Runs virsh behind cplan's back.
pub(crate) fn virsh(arguments: &[&str]) -> String {
    let output = std::process::Command::new("virsh").args(["-c", "qemu:///system"]).args(arguments).output().unwrap();
    assert!(output.status.success(), "virsh {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
