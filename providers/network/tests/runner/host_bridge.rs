//! `lab_host_bridge` on one end of a veth, in a network namespace: the other end, in another namespace, stands for the rest
//! of the world. Each test runs itself once more inside the first.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cplan_model::{Diagnostics, Identity, Schema, Value, changes};
use cplan_network::{HostBridgeResource, HostPlaces};
use cplan_sdk::conformance::{self, Case, propose};
use cplan_sdk::{
    Access, ApplyRequest, Assembly, Context, ErrorKind, Observed, Output, PlanRequest, ProviderError, ReadRequest,
    RecoverRequest, Resource, Shell, Silent, from_json,
};
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

use crate::capability::skip;

/// Says to a test that it is inside, and where its files are.
const INSIDE: &str = "CPLAN_TEST_HOST";

const INTERFACES: &str = "# The host's own.\nsource /etc/network/interfaces.d/*\n\nauto lo phys0\niface lo inet loopback\n\n\
                          iface phys0 inet static\n    address 10.9.0.2/24\n    gateway 10.9.0.1\n";
/// A switch that a busy machine does not let go off where it should not.
const SWITCH: &str = "10s";
const MORE: &str = "allow-hotplug phys0\niface phys0 inet6 static\n    address fd09::2/64\n";

fn ip(arguments: &str) -> String {
    let output = Command::new("ip").args(arguments.split(' ')).stderr(Stdio::null()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Lets go of what is under way as soon as the bridge is as far as this shows, like a process that is killed then.
async fn let_go_when<T: std::fmt::Debug>(work: impl Future<Output = T>, so_far: impl Fn(&str) -> bool) {
    let seen = async {
        while !so_far(&ip("-brief address show br0")) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        ended = work => panic!("it ended before it was let go: {ended:?}"),
        () = seen => {}
    }
}

/// Runs the test of a name inside a host of its own. `None` to the one that is inside already: its host.
fn outside(test: &str) -> Option<Host> {
    if let Some(folder) = std::env::var_os(INSIDE) {
        return Some(Host::new(folder.into()));
    }
    let [host, world] = ["host", "world"].map(|end| format!("cplan-{end}-{}-{test}", std::process::id()));
    let made = Command::new("ip").args(["netns", "add", &host]).stderr(Stdio::null()).status();
    if !made.is_ok_and(|status| status.success()) {
        skip("netns", "a network namespace cannot be made (root and iproute2 are needed)");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let interfaces = folder.path().join("etc/network");
    fs::create_dir_all(interfaces.join("interfaces.d")).unwrap();
    fs::write(interfaces.join("interfaces"), INTERFACES).unwrap();
    fs::write(interfaces.join("interfaces.d/phys0"), MORE).unwrap();
    ip(&format!("netns add {world}"));
    for line in [
        &format!("-n {host} link add phys0 type veth peer name far0 netns {world}") as &str,
        &format!("-n {world} address add 10.9.0.1/24 dev far0"),
        &format!("-n {world} link set far0 up"),
        &format!("-n {host} link set lo up"),
        &format!("-n {host} address add 10.9.0.2/24 dev phys0"),
        &format!("-n {host} -6 address add fd09::2/64 dev phys0 nodad"),
        &format!("-n {host} link set phys0 up"),
        &format!("-n {host} route add default via 10.9.0.1 proto static metric 50"),
        &format!("-n {host} route add 10.8.0.0/24 via 10.9.0.1"),
    ] {
        ip(line);
    }
    for _ in 0..3000 {
        if ip(&format!("-n {host} -brief link show phys0")).contains(" UP ") {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let own = std::env::current_exe().unwrap();
    let output = Command::new("ip")
        .args([
            "netns",
            "exec",
            &host,
            own.to_str().unwrap(),
            "--exact",
            &format!("host_bridge::{test}"),
            "--nocapture",
        ])
        .env(INSIDE, folder.path())
        .output()
        .unwrap();
    ip(&format!("netns delete {host}"));
    ip(&format!("netns delete {world}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    None
}

struct Host {
    root: PathBuf,
    bridges: HostBridgeResource,
    ctx: Context,
    identity: Identity,
}

/// There is no machine here.
struct Nobody;

#[async_trait]
impl Shell for Nobody {
    async fn run(&self, _: &Context, _: &Access, _: &str, _: &[u8]) -> Result<Output, ProviderError> {
        Err(ProviderError::failed("there is no machine"))
    }

    async fn probe(&self, _: &Context, _: &Access) -> Result<String, ProviderError> {
        Err(ProviderError::failed("there is no machine"))
    }

    async fn disconnect(&self, _: &Access) {}

    fn sessions(&self) -> usize {
        0
    }

    async fn close(&self) {}
}

impl Host {
    fn new(root: PathBuf) -> Host {
        Host {
            bridges: HostBridgeResource::new(Self::places(&root)),
            ctx: Context::new("/nowhere", Arc::new(Silent), CancellationToken::new()),
            identity: Identity { id: "0123456789ab".into(), lab: "0b".into(), name: "lan".into() },
            root,
        }
    }

    fn places(root: &Path) -> HostPlaces {
        HostPlaces { root: root.to_owned(), run: root.join("run"), lib: root.join("lib") }
    }

    fn config(&self, more: Json) -> Value {
        let mut config = json!({"interface": "phys0", "name": "br0"});
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        from_json(&config, &self.bridges.schema().object_type()).unwrap()
    }

    async fn planned(&self, config: &Value, prior: Option<&Value>) -> Value {
        let proposed = propose(self.bridges.schema(), config, prior);
        let (config, prior) = (config.clone(), prior.cloned());
        let request = PlanRequest { identity: self.identity.clone(), config, prior, proposed, private: vec![] };
        self.bridges.plan(&self.ctx, request).await.unwrap().planned.unwrap()
    }

    async fn apply(&self, prior: Option<&Value>, planned: Option<&Value>) -> Result<Value, ProviderError> {
        let request = ApplyRequest {
            identity: self.identity.clone(),
            prior: prior.cloned(),
            planned: planned.cloned(),
            config: planned.cloned(),
            private: Vec::new(),
            run: "run".into(),
            twin: None,
        };
        Ok(self.bridges.apply(&self.ctx, request).await?.values)
    }

    /// What differs from what is believed.
    async fn drift(&self, values: &Value) -> Vec<String> {
        let request =
            ReadRequest { identity: self.identity.clone(), prior: values.clone(), private: vec![], boot_id: None };
        match self.bridges.read(&self.ctx, vec![request]).await.pop().unwrap().unwrap() {
            Observed::Present { values: now, .. } => {
                changes(self.bridges.schema(), values, &now).iter().map(|c| c.path.to_string()).collect()
            }
            other => vec![format!("{other:?}")],
        }
    }

    /// Everything that a bridge could change: addresses, routes, files.
    fn everything(&self) -> String {
        let mut text = ip("-brief address show") + &ip("-4 route show") + &ip("-6 route show proto static");
        for name in ["etc/network/interfaces", "etc/network/interfaces.d/phys0"] {
            text += &fs::read_to_string(self.root.join(name)).unwrap();
        }
        // An address of a link is made by the kernel when it sees fit.
        text.split(' ').filter(|word| !word.starts_with("fe80:")).collect::<Vec<_>>().join(" ")
    }

    /// Waits until the switch has gone off, or too long.
    async fn is_undone(&self) {
        let undone = self.root.join("run").join(&self.identity.id).join("undone");
        for _ in 0..600 {
            if undone.exists() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until no process is left that could undo anything.
    async fn is_left_alone(&self) {
        let run = self.root.join("run").to_string_lossy().into_owned();
        let is_there = || {
            let folders =
                fs::read_dir("/proc").unwrap().filter_map(|p| fs::read_link(p.unwrap().path().join("cwd")).ok());
            folders.into_iter().any(|folder| folder.to_string_lossy().starts_with(&run))
        };
        while is_there() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn bridges_keep_the_promises_of_a_resource() {
    let Some(host) = outside("bridges_keep_the_promises_of_a_resource") else { return };
    runtime().block_on(async {
        let provider = Assembly::new("lab", Schema::default(), Arc::new(Nobody), |_| Ok(Diagnostics::new()))
            .resource(HostBridgeResource::new(Host::places(&host.root)));
        let case = |before, after| Case { config: host.config(before), changed: host.config(after) };
        let cases = [
            case(json!({}), json!({"addresses": ["10.9.0.2/24", "10.9.0.3/24"], "stp": true})),
            case(
                json!({"persistent": "none", "gateway": "10.9.0.1", "undo_after": "20s", "dns": ["10.9.0.1"]}),
                json!({"addresses": ["10.9.0.4/24"], "persistent": "ifupdown", "netfilter": false}),
            ),
        ];
        conformance::check(&host.bridges, &provider, &host.ctx, &cases)
            .await
            .unwrap_or_else(|e| panic!("{e} {:?}", e.source));
    });
}

#[test]
fn addresses_and_routes_move_and_come_back() {
    let Some(host) = outside("addresses_and_routes_move_and_come_back") else { return };
    runtime().block_on(async {
        let before = host.everything();
        let mac = ip("-brief link show phys0").split_whitespace().nth(2).unwrap().to_owned();
        let planned = host.planned(&host.config(json!({})), None).await;
        assert_eq!(planned.get("gateway").and_then(Value::as_str), Some("10.9.0.1"), "the plan says what moves");
        let values = host.apply(None, Some(&planned)).await.unwrap();
        assert!(ip("-brief address show br0").contains("10.9.0.2/24 fd09::2/64"));
        assert!(ip("-brief link show br0").contains(&mac), "the host stays who it is");
        assert!(!ip("-brief address show phys0").contains("10.9.0.2"));
        let routes = ip("-4 route show");
        assert!(routes.contains("default via 10.9.0.1 dev br0 proto static metric 50"), "{routes}");
        assert!(routes.contains("10.8.0.0/24 via 10.9.0.1 dev br0"), "{routes}");
        let main = fs::read_to_string(host.root.join("etc/network/interfaces")).unwrap();
        assert!(main.contains("#cplan br0: iface phys0 inet static\n#cplan br0:     address 10.9.0.2/24"), "{main}");
        assert!(
            main.contains("auto br0\niface br0 inet static\n    address 10.9.0.2/24\n    gateway 10.9.0.1"),
            "{main}"
        );
        assert_eq!(host.drift(&values).await, Vec::<String>::new());

        // What somebody does behind its back is named and healed.
        ip("link set phys0 nomaster");
        assert_eq!(host.drift(&values).await, ["intact"]);
        ip("address add 10.9.0.77/24 dev br0");
        assert!(host.drift(&values).await.iter().any(|path| path.starts_with("addresses")));
        host.apply(Some(&values), Some(&planned)).await.unwrap();
        assert_eq!(host.drift(&values).await, Vec::<String>::new());
        fs::write(host.root.join("etc/network/interfaces"), INTERFACES).unwrap();
        assert_eq!(host.drift(&values).await, ["intact"]);
        host.apply(Some(&values), Some(&planned)).await.unwrap();

        // While a machine is plugged in it is not taken away.
        ip("link add tap0 type veth peer name tap1");
        ip("link set tap0 master br0");
        assert_eq!(host.apply(Some(&values), None).await.unwrap_err().kind, ErrorKind::Conflict);
        ip("link delete tap0");
        host.apply(Some(&values), None).await.unwrap();
        assert_eq!(host.everything(), before);
        assert!(!host.root.join("run").join(&host.identity.id).exists());
        host.apply(Some(&values), None).await.unwrap();
    });
}

/// As it is where the bridge goes, behind cplan's back too, and another takes its place.
#[test]
fn what_an_interface_had_is_not_forgotten() {
    let Some(mut host) = outside("what_an_interface_had_is_not_forgotten") else { return };
    runtime().block_on(async {
        let before = host.everything();
        let planned = host.planned(&host.config(json!({})), None).await;
        let values = host.apply(None, Some(&planned)).await.unwrap();

        let (old, new) = (host.identity.clone(), Identity { id: "9876543210ab".into(), ..host.identity.clone() });
        host.identity = new.clone();
        let renamed = host.planned(&host.config(json!({"name": "br1"})), None).await;
        for name in ["addresses", "gateway"] {
            assert_eq!(renamed.get(name), values.get(name), "{name}");
        }
        let check = async |planned: &Value| {
            let planned = [("lab_host_bridge.b".parse().unwrap(), planned.clone())];
            let found = host.bridges.check(&host.ctx, &planned).await.unwrap();
            found.into_iter().map(|d| d.id.to_string()).filter(|id| id == "host-bridge-interface").collect::<Vec<_>>()
        };
        assert_eq!(check(&renamed).await, [""; 0], "the bridge in the way is the one that is replaced");
        host.identity = Identity { name: "other".into(), id: "a9876543210b".into(), ..old.clone() };
        let others = host.planned(&host.config(json!({"name": "br1"})), None).await;
        let planned = [("lab_host_bridge.o".parse().unwrap(), others)];
        let found = host.bridges.check(&host.ctx, &planned).await.unwrap();
        assert!(found.into_iter().any(|d| d.id == "host-bridge-interface"), "it is another's");

        ip("link delete br0");
        host.identity = new;
        let again = host.planned(&host.config(json!({})), None).await;
        for name in ["addresses", "gateway"] {
            assert_eq!(again.get(name), values.get(name), "{name}");
        }
        host.identity = old;
        host.apply(Some(&values), None).await.unwrap();
        assert_eq!(host.everything(), before);
    });
}

#[test]
fn what_loses_the_way_to_the_host_is_undone() {
    let Some(host) = outside("what_loses_the_way_to_the_host_is_undone") else { return };
    runtime().block_on(async {
        let before = host.everything();
        let lost = host.config(json!({"reachable": ["10.9.0.99"], "undo_after": SWITCH}));
        let planned = host.planned(&lost, None).await;
        let error = host.apply(None, Some(&planned)).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::TimedOut, "{error}");
        assert!(error.to_string().contains("10.9.0.99 does not answer"), "{error}");
        assert_eq!(host.everything(), before);

        // The same where whoever armed the switch is gone: nobody has to be there for it to go off.
        let_go_when(host.apply(None, Some(&planned)), |bridge| bridge.contains("10.9.0.2/24")).await;
        host.is_undone().await;
        assert_eq!(host.everything(), before);

        // Whoever comes back earlier does not wait for it.
        let longer = host.planned(&host.config(json!({"reachable": ["10.9.0.99"], "undo_after": "1h"})), None).await;
        let_go_when(host.apply(None, Some(&longer)), |bridge| bridge.contains("10.9.0.2/24")).await;
        let (identity, planned) = (host.identity.clone(), Some(longer));
        let request = RecoverRequest { identity, prior: None, planned, private: Vec::new() };
        assert!(matches!(host.bridges.recover(&host.ctx, request).await.unwrap(), Observed::Absent));
        assert_eq!(host.everything(), before);
        tokio::time::timeout(Duration::from_secs(60), host.is_left_alone())
            .await
            .expect("the switch of an hour is left");

        // Whoever comes back while it goes off waits for it: what it puts back is needed until then.
        let folder = host.root.join("run").join(&host.identity.id);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("fired"), "").unwrap();
        let good = host.planned(&host.config(json!({})), None).await;
        let mut apply = Box::pin(host.apply(None, Some(&good)));
        tokio::time::timeout(Duration::from_millis(500), &mut apply).await.unwrap_err();
        assert_eq!(host.everything(), before);
        fs::write(folder.join("undone"), "").unwrap();
        let values = apply.await.unwrap();
        host.apply(Some(&values), None).await.unwrap();
        assert_eq!(host.everything(), before);
    });
}

/// Nor is the way back without a switch: what loses the way to the host when the bridge goes brings it back.
#[test]
fn a_bridge_that_is_missed_comes_back() {
    let Some(host) = outside("a_bridge_that_is_missed_comes_back") else { return };
    runtime().block_on(async {
        let before = host.everything();
        let config = host.config(json!({"reachable": ["10.9.0.1"], "undo_after": SWITCH}));
        let planned = host.planned(&config, None).await;
        let values = host.apply(None, Some(&planned)).await.unwrap();
        let made = host.everything();
        // What the interface had serves no more, as an address that was leased.
        let kept = host.root.join("lib").join(format!("{}.json", host.identity.id));
        let text = fs::read_to_string(&kept).unwrap();
        let mut had: Json = serde_json::from_str(&text).unwrap();
        had["addresses"] = json!([]);
        had["routes"] = json!([]);
        fs::write(&kept, had.to_string()).unwrap();
        let error = host.apply(Some(&values), None).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::TimedOut, "{error}");
        assert!(error.to_string().contains("without the bridge, 10.9.0.1 does not answer"), "{error}");
        assert_eq!(host.everything(), made);
        assert_eq!(host.drift(&values).await, Vec::<String>::new());

        // The same where nobody is there any more.
        let_go_when(host.apply(Some(&values), None), str::is_empty).await;
        host.is_undone().await;
        assert_eq!(host.everything(), made);
        fs::write(&kept, text).unwrap();
        host.apply(Some(&values), None).await.unwrap();
        assert_eq!(host.everything(), before);
    });
}

#[test]
fn what_others_lend_or_manage_is_told_before() {
    let Some(host) = outside("what_others_lend_or_manage_is_told_before") else { return };
    runtime().block_on(async {
        let config = host.config(json!({"persistent": "none"}));
        let planned = vec![("lab_host_bridge.b".parse().unwrap(), host.planned(&config, None).await)];
        let told = async || {
            let found = host.bridges.check(&host.ctx, &planned).await.unwrap();
            found.into_iter().map(|d| (d.id.to_string(), format!("{} {}", d.what, d.remedy))).collect::<Vec<_>>()
        };
        assert_eq!(told().await, []);
        ip("address change 10.9.0.2/24 dev phys0 valid_lft 600 preferred_lft 600");
        let index = fs::read_to_string("/sys/class/net/phys0/ifindex").unwrap();
        let devices = host.root.join("run/NetworkManager/devices");
        fs::create_dir_all(&devices).unwrap();
        fs::write(devices.join(index.trim()), "[device]\nmanaged=true\nconnection-uuid=x\n").unwrap();
        let found = told().await;
        let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(ids, ["host-bridge-lease", "host-bridge-networkmanager"]);
        assert!(found[0].1.contains("`phys0` has its address 10.9.0.2/24 from a DHCP server"), "{}", found[0].1);
        assert!(found[1].1.contains("nmcli device set phys0 managed no"), "{}", found[1].1);
        fs::write(devices.join(index.trim()), "[device]\nmanaged=false\n").unwrap();
        assert_eq!(told().await.len(), 1);
    });
}
