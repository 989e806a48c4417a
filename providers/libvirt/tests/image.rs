//! `lab_image` for real: made from Debian's packages, made again to the byte, booted, logged into.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use cplan_libvirt::{HostSettings, ImageResource, SharedSettings};
use cplan_model::{Identity, Schema, Type, Value};
use cplan_sdk::conformance::{Case, check};
use cplan_sdk::{
    ApplyRequest, Assembly, Context, Observed, PlanRequest, Progress, ReadRequest, RecoverRequest, Resource,
};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use crate::capability::{require, runs};
use crate::guest::Guest;

/// Keeps what is logged, to see which programs ran.
#[derive(Default)]
struct Recorder(Mutex<String>);

impl Progress for Recorder {
    fn status(&self, _: &str) {}
    fn log(&self, text: &str) {
        self.0.lock().unwrap().push_str(text);
    }
}

/// A topology's folder with a cache of its own.
struct Bench {
    resource: ImageResource,
    folder: PathBuf,
    identity: Identity,
}

impl Bench {
    fn new(folder: &Path) -> Self {
        let cache_dir = folder.join("cache");
        let resource =
            ImageResource::new(SharedSettings::new(HostSettings { uri: "qemu:///system".into(), cache_dir }));
        let identity = Identity { id: "11111111-2222".into(), lab: "1234abcd".into(), name: "base".into() };
        Bench { resource, folder: folder.to_owned(), identity }
    }

    /// Plans and applies; gives the planned and the final values and what was logged.
    async fn apply(&self, packages: &[&str], prior: Option<Value>) -> (Value, Value, String) {
        let recorder = Arc::new(Recorder::default());
        let ctx = Context::new(self.folder.join("topology/.cplan"), recorder.clone(), CancellationToken::new());
        let list = Value::list(Type::String, packages.iter().map(|p| Value::string(*p)));
        let config = Value::object([
            ("flavor", Value::null(Type::String)),
            ("packages", list.clone()),
            ("digest", Value::null(Type::String)),
            ("boot", Value::null(ImageResource::boot_type())),
        ]);
        let request = PlanRequest {
            identity: self.identity.clone(),
            config: config.clone(),
            proposed: prior.clone().unwrap_or_else(|| config.clone()).with("packages", list),
            prior: prior.clone(),
            private: Vec::new(),
        };
        let planned = self.resource.plan(&ctx, request).await.unwrap().planned.unwrap();
        let request = ApplyRequest {
            identity: self.identity.clone(),
            prior,
            planned: Some(planned.clone()),
            config: Some(config),
            private: Vec::new(),
            run: "run".into(),
            twin: None,
        };
        let response = self.resource.apply(&ctx, request).await.unwrap();
        let log = recorder.0.lock().unwrap().clone();
        (planned, response.values, log)
    }

    fn context(&self) -> Context {
        Context::new(self.folder.join("topology/.cplan"), Arc::new(Recorder::default()), CancellationToken::new())
    }

    async fn read(&self, prior: &Value) -> Option<Value> {
        let request =
            ReadRequest { identity: self.identity.clone(), prior: prior.clone(), private: Vec::new(), boot_id: None };
        match self.resource.read(&self.context(), vec![request]).await.remove(0).unwrap() {
            Observed::Present { values, .. } => Some(values),
            _ => None,
        }
    }
}

fn boot(values: &Value, name: &str) -> String {
    values.get("boot").and_then(|b| b.get(name)).and_then(Value::as_str).unwrap().to_owned()
}

fn digests(values: &Value) -> BTreeMap<&'static str, Vec<u8>> {
    ["kernel", "initrd", "disk"].map(|n| (n, Sha256::digest(std::fs::read(boot(values, n)).unwrap()).to_vec())).into()
}

/// Packages known to apt, or a network to ask.
fn apt() -> Result<(), String> {
    runs("dpkg-deb", &["--version"])?;
    runs("mke2fs", &["-V"])?;
    runs("qemu-img", &["--version"])?;
    let policy = Command::new("apt-cache").args(["policy", "linux-image-cloud-amd64"]).output();
    let policy = policy.map_err(|e| format!("apt-cache: {e}"))?;
    let known = String::from_utf8_lossy(&policy.stdout).lines().any(|l| l.trim().starts_with("Candidate: 6."));
    if known { Ok(()) } else { Err("apt's lists have no linux-image-cloud-amd64".into()) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_is_made_once_and_boots() {
    if !require("apt", apt) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("topology")).unwrap();
    let bench = Bench::new(folder.path());
    let packages = ["mosquitto", "mosquitto-clients"];

    // Made: the digest is not known before, and locked after; of two at once, one makes it and the other waits.
    let mut second = Bench::new(folder.path());
    second.identity.id = "33333333-4444".into();
    let ((planned, made, log), (_, same, other)) =
        tokio::join!(bench.apply(&packages, None), second.apply(&packages, None));
    assert_eq!(made.get("boot"), same.get("boot"));
    assert_eq!([&log, &other].iter().filter(|log| log.contains("packing")).count(), 1);
    assert!(!planned.get("digest").unwrap().is_known() && made.is_wholly_known());
    assert!(log.contains("$ apt-get"));
    let lock = std::fs::read_to_string(folder.path().join("topology/cplan.lock")).unwrap();
    assert!(lock.contains("\"micro mosquitto mosquitto-clients\"") && lock.contains("linux-image-6."), "{lock}");
    assert_eq!(bench.read(&made).await.as_ref(), Some(&made));
    let first = digests(&made);

    // Again: planned to the last value, nothing runs, nothing is written.
    let written = std::fs::metadata(boot(&made, "initrd")).unwrap().modified().unwrap();
    let (planned, again, log) = bench.apply(&["mosquitto-clients", "mosquitto"], Some(made.clone())).await;
    assert_eq!(planned.get("boot"), made.get("boot"));
    assert_eq!((again.get("boot"), log.as_str()), (made.get("boot"), ""));
    assert_eq!(std::fs::metadata(boot(&made, "initrd")).unwrap().modified().unwrap(), written);

    // A file is lost: seen, and made again to the byte, without apt.
    std::fs::remove_file(boot(&made, "initrd")).unwrap();
    assert_eq!(bench.read(&made).await, None);
    let (_, healed, log) = bench.apply(&packages, None).await;
    assert!(!log.contains("$ apt") && log.contains("packing"), "{log}");
    assert_eq!(digests(&healed), first, "the same bytes");

    // An operation that was cut off after the lease is adopted; a delete that was cut off gives the lease back.
    let recover =
        |planned| RecoverRequest { identity: bench.identity.clone(), prior: None, planned, private: Vec::new() };
    let unknown = healed.with("digest", Value::unknown(Type::String));
    let found = bench.resource.recover(&bench.context(), recover(Some(unknown))).await.unwrap();
    assert!(matches!(found, Observed::Present { values, .. } if values.get("digest") == made.get("digest")));

    if require("guest-netem", || runs("qemu-system-x86_64", &["--version"]).and_then(|()| runs("ssh", &["-V"]))) {
        let values = healed.clone();
        let folder = folder.path().to_owned();
        tokio::task::spawn_blocking(move || boots(&values, &folder)).await.unwrap();
    }

    // Deleted: the lease is gone, the image stays for others.
    let request = ApplyRequest {
        identity: bench.identity.clone(),
        prior: Some(healed.clone()),
        planned: None,
        config: None,
        private: Vec::new(),
        run: "run".into(),
        twin: None,
    };
    bench.resource.apply(&bench.context(), request).await.unwrap();
    assert_eq!(bench.read(&healed).await, None);
    assert_eq!(second.read(&same).await.as_ref(), Some(&same), "another's lease is another's");
    assert!(Path::new(&boot(&healed, "kernel")).is_file());
}

/// The guest answers, shapes traffic, runs the packages' programs, keeps its files over a restart, and powers off.
fn boots(values: &Value, folder: &Path) {
    let part = |name: &str| boot(values, name);
    let mut guest = Guest::start(folder, &part("kernel"), &part("initrd"), &part("disk"), &part("cmdline"));
    guest.wait();
    assert_eq!(guest.run("hostname; id -un", b"").trim(), "guest1\nroot");

    let netem = "tc qdisc add dev eth0 root handle 1: htb default 1 && tc class add dev eth0 parent 1: classid 1:1 htb rate 1gbit \
        && tc qdisc add dev eth0 parent 1:1 netem delay 20ms 2ms distribution normal loss 1% && tc qdisc show dev eth0";
    let shaped = guest.run(netem, b"");
    assert!(
        shaped.contains("qdisc netem") && shaped.contains("delay 20ms  2ms") && shaped.contains("qdisc htb"),
        "{shaped}"
    );
    let filter = "tc filter add dev eth0 parent 1: protocol ip prio 1 u32 match ip dst 10.9.9.9/32 flowid 1:1 && ip link add ifb9 type ifb && echo both";
    assert_eq!(guest.run(filter, b"").trim(), "both");
    guest.run("tc qdisc del dev eth0 root netem 2>&1 || tc qdisc del dev eth0 root", b"");

    let broker = "mosquitto -d -p 18830 && for i in $(seq 30); do mosquitto_pub -p 18830 -t t -m hello -r && break; sleep 1; done; \
        mosquitto_sub -p 18830 -t t -C 1 -W 60; id -u mosquitto; stat -c %U /var/lib/mosquitto";
    assert_eq!(guest.run(broker, b"").trim(), "hello\n100\nmosquitto");

    let large: Vec<u8> = (0..400_000u32).map(|i| (i % 251) as u8).collect();
    let digest = guest.run("cat >/root/large; sha256sum </root/large", &large);
    let expected: String = Sha256::digest(&large).iter().map(|b| format!("{b:02x}")).collect();
    assert!(digest.starts_with(&expected), "{digest}");

    guest.run("tc qdisc add dev eth0 root netem delay 1ms; rm /etc/hosts; sync", b"");
    let before = guest.run("cat /proc/sys/kernel/random/boot_id", b"");
    guest.restart();
    assert_ne!(guest.run("cat /proc/sys/kernel/random/boot_id", b""), before);
    let after = guest.run("sha256sum </root/large; ls /etc/hosts 2>&1; tc qdisc show dev eth0", b"");
    assert!(after.starts_with(&expected) && after.contains("No such file"), "files and deletions stay: {after}");
    assert!(!after.contains("netem"), "what lives at run time does not: {after}");
    guest.power_off();
}

#[tokio::test]
async fn images_keep_the_promises_of_a_resource() {
    if !require("apt", || runs("qemu-img", &["--version"])) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let settings = HostSettings { uri: "qemu:///system".into(), cache_dir: folder.path().join("cache") };
    let resource = || ImageResource::new(SharedSettings::new(settings.clone()));
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content.repeat(512)).unwrap();
        serde_json::json!({"path": path})
    };
    let ty = resource().schema().object_type();
    let values = |json| cplan_sdk::from_json(&json, &ty).unwrap();
    let case = Case { config: values(file("one.raw", "1")), changed: values(file("two.raw", "2")) };
    let shell = Arc::new(crate::plain_ssh::PlainSsh::default());
    let provider = Assembly::new("lab", Schema::default(), shell, |_| Ok(Default::default())).resource(resource());
    let ctx = Context::new(folder.path().join(".cplan"), Arc::new(Recorder::default()), CancellationToken::new());
    check(&resource(), &provider, &ctx, &[case]).await.unwrap_or_else(|e| panic!("{e} {:?}", e.source));
    let left = cplan_libvirt::survey(&folder.path().join("cache"));
    assert!(left.images.iter().all(|image| image.holders.is_empty()), "{left:?}");
}
