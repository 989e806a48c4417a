//! `lab_shaper` against this host's own kernel, in a network namespace of the test's own. Rules of rate alone need no
//! netem, which this kernel may lack.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use cplan_model::{Diagnostics, Identity, Kind, Schema, Type, Value, changes};
use cplan_network::ShaperResource;
use cplan_sdk::conformance::{self, Case};
use cplan_sdk::{
    Access, ApplyRequest, Assembly, Context, ErrorKind, Observed, Output, ProbeOutput, ProviderError, ReadRequest,
    RecoverRequest, Resource, Shell, Silent,
};
use tokio_util::sync::CancellationToken;

/// A namespace with one end of a veth that has the address 10.9.0.1; it counts the round trips to it.
struct Namespace {
    name: String,
    trips: AtomicUsize,
}

impl Namespace {
    fn new(tag: &str) -> Option<Arc<Namespace>> {
        let name = format!("cplan-{tag}-{}", std::process::id());
        let made = Command::new("ip").args(["netns", "add", &name]).stderr(Stdio::null()).status();
        if !made.is_ok_and(|s| s.success()) {
            crate::capability::skip("netns", "a network namespace cannot be made (root and iproute2 are needed)");
            return None;
        }
        let namespace = Arc::new(Namespace { name, trips: AtomicUsize::new(0) });
        namespace
            .sh("ip link set lo up; ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up\n\
             ip addr add 10.9.0.1/24 dev v0");
        if namespace.sh("tc qdisc add dev v1 root handle 7: htb && tc qdisc del dev v1 root").status != 0 {
            crate::capability::skip("htb", "this host's kernel has no sch_htb");
            return None;
        }
        Some(namespace)
    }

    fn mark(&self) -> std::path::PathBuf {
        std::path::Path::new("/var/lib/cplan/owned").join(&self.name)
    }

    fn sh(&self, script: &str) -> Output {
        let output = Command::new("ip").args(["netns", "exec", &self.name, "sh", "-c", script]).output().unwrap();
        Output { stdout: output.stdout, stderr: output.stderr, status: output.status.code().unwrap_or(-1) }
    }

    fn tc(&self, what: &str) -> String {
        String::from_utf8(self.sh(&format!("tc {what}")).stdout).unwrap()
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", &self.name]).status();
        let _ = std::fs::remove_file(self.mark());
    }
}

#[async_trait]
impl Shell for Namespace {
    async fn run(&self, _: &Context, _: &Access, script: &str, _: &[u8]) -> Result<Output, ProviderError> {
        self.trips.fetch_add(1, Ordering::Relaxed);
        Ok(self.sh(script))
    }

    async fn probe(&self, _: &Context, _: &Access) -> Result<String, ProviderError> {
        Ok(std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap().trim().to_owned())
    }

    async fn disconnect(&self, _: &Access) {}

    fn sessions(&self) -> usize {
        1
    }

    async fn close(&self) {}
}

struct Lab {
    namespace: Arc<Namespace>,
    shaper: ShaperResource,
    ctx: Context,
}

impl Lab {
    fn new(tag: &str) -> Option<Lab> {
        let namespace = Namespace::new(tag)?;
        let shaper = ShaperResource::new(namespace.clone());
        let ctx = Context::new("/nowhere", Arc::new(Silent), CancellationToken::new());
        Some(Lab { namespace, shaper, ctx })
    }

    fn identity(&self) -> Identity {
        Identity { id: self.namespace.name.clone(), lab: "0b".into(), name: "x".into() }
    }

    async fn apply(&self, prior: Option<&Value>, planned: Option<&Value>) -> Result<Option<String>, ProviderError> {
        let request = ApplyRequest {
            identity: self.identity(),
            prior: prior.cloned(),
            planned: planned.cloned(),
            config: planned.cloned(),
            private: Vec::new(),
            run: "run".into(),
            twin: None,
        };
        let response = self.shaper.apply(&self.ctx, request).await?;
        assert!(planned.is_none_or(|p| *p == response.values), "what was planned is what is");
        Ok(response.boot_id)
    }

    fn read(&self, prior: &Value) -> Value {
        let request =
            ReadRequest { identity: self.identity(), prior: prior.clone(), private: Vec::new(), boot_id: None };
        let before = self.namespace.tc("qdisc show dev v0");
        let output = self.namespace.sh(&self.shaper.probe(&request));
        let output = ProbeOutput { stdout: output.stdout, status: output.status, boot_id: "b".into() };
        assert_eq!(before, self.namespace.tc("qdisc show dev v0"), "a read changes nothing");
        match self.shaper.observe(&request, &output).unwrap() {
            Observed::Present { values, .. } => values,
            other => panic!("{other:?}"),
        }
    }

    fn trips(&self) -> usize {
        self.namespace.trips.swap(0, Ordering::Relaxed)
    }

    fn drift(&self, values: &Value) -> Vec<String> {
        let show = |v: &Option<Value>| match v.as_ref().map(Value::kind) {
            Some(Kind::String(text)) => text.to_string(),
            Some(Kind::Bool(b)) => b.to_string(),
            _ => "absent".to_owned(),
        };
        changes(self.shaper.schema(), values, &self.read(values))
            .iter()
            .map(|c| format!("{}: {} -> {}", c.path, show(&c.before), show(&c.after)))
            .collect()
    }
}

fn values(rates: &[(&str, &str, &str)]) -> Value {
    let access = Access {
        id: "m".into(),
        name: "edge0".into(),
        address: "127.0.0.1".into(),
        port: 22,
        user: "root".into(),
        host_key: "ssh-ed25519 A".into(),
        key_file: "/k".into(),
        flavor: String::new(),
        arch: String::new(),
    };
    let null = || Value::null(Type::String);
    let rule = |address: &str, rate: &str| {
        Value::object([
            ("address", Value::string(address)),
            ("delay", null()),
            ("jitter", null()),
            ("loss", null()),
            ("rate", Value::string(rate)),
            ("link", Value::string("edge")),
        ])
    };
    let ty = rule("", "").ty();
    Value::object([
        ("machine", access.to_value()),
        ("address", Value::string("10.9.0.1")),
        ("rules", Value::map(ty, rates.iter().map(|(peer, address, rate)| (*peer, rule(address, rate))))),
        ("intact", Value::bool(true)),
    ])
}

#[tokio::test]
async fn rules_live_change_in_place_drift_heal_and_go() {
    let Some(lab) = Lab::new("life") else { return };
    let first = values(&[("a", "10.9.0.2", "500mbit"), ("b", "10.9.0.3", "300mbit")]);
    lab.apply(None, Some(&first)).await.unwrap();
    assert_eq!(lab.trips(), 1, "one round trip, read back included");
    assert_eq!(lab.drift(&first), Vec::<String>::new());
    let filters = lab.namespace.tc("filter show dev v0");

    // Packets that sit in the root's direct queue or classes would be lost with it: its counters show that it stayed.
    lab.namespace.sh("ip neigh add 10.9.0.2 lladdr 02:00:00:00:00:09 dev v0; ping -c 3 -i 0.2 -W 1 10.9.0.2");
    let sent = |text: String| text.lines().skip_while(|l| !l.contains("c1:12")).nth(1).unwrap().trim().to_owned();
    let before = sent(lab.namespace.tc("-s class show dev v0"));
    let second = values(&[("a", "10.9.0.2", "400mbit"), ("b", "10.9.0.3", "300mbit"), ("c", "10.9.3.2", "1gbit")]);
    lab.apply(Some(&first), Some(&second)).await.unwrap();
    assert_eq!(lab.trips(), 1);
    assert_eq!(lab.drift(&second), Vec::<String>::new());
    assert_eq!(sent(lab.namespace.tc("-s class show dev v0")), before, "changed in place");
    for line in filters.lines().filter(|l| l.contains("flowid")) {
        assert!(lab.namespace.tc("filter show dev v0").contains(line), "{line} moved");
    }
    // Both peers end in .2: the hash table tells them apart.
    let third = values(&[("c", "10.9.3.2", "1gbit")]);
    lab.apply(Some(&second), Some(&third)).await.unwrap();
    assert_eq!(lab.drift(&third), Vec::<String>::new());
    assert_eq!(lab.namespace.tc("class show dev v0").lines().count(), 3, "the peer, the rest and the probes");

    lab.namespace.tc("qdisc del dev v0 root");
    assert_eq!(lab.drift(&third), ["intact: true -> false", "rules[\"c\"].rate: 1gbit -> absent"]);
    lab.trips();
    let drifted = lab.read(&third);
    lab.apply(Some(&drifted), Some(&third)).await.unwrap();
    assert_eq!(lab.trips(), 1, "a healing too is one round trip");
    assert_eq!(lab.drift(&third), Vec::<String>::new());
    // The table stands, and nothing leads to it.
    lab.namespace.tc("filter del dev v0 parent c1: protocol ip pref 10 handle 801::800 u32");
    assert_eq!(lab.drift(&third), ["intact: true -> false", "rules[\"c\"].rate: 1gbit -> absent"]);
    let drifted = lab.read(&third);
    lab.apply(Some(&drifted), Some(&third)).await.unwrap();
    assert_eq!(lab.drift(&third), Vec::<String>::new());
    lab.trips();
    // Somebody changed things since the read: it costs one round trip more.
    lab.namespace.tc("class change dev v0 parent c1: classid c1:312 htb rate 3mbit");
    assert_eq!(lab.drift(&third), ["rules[\"c\"].rate: 1gbit -> 3mbit"]);
    lab.apply(Some(&third), Some(&third)).await.unwrap();
    assert_eq!(lab.trips(), 2);
    assert_eq!(lab.drift(&third), Vec::<String>::new());

    lab.apply(Some(&third), None).await.unwrap();
    assert!(!lab.namespace.tc("qdisc show dev v0").contains("htb") && !lab.namespace.mark().exists());
    lab.apply(Some(&third), None).await.unwrap();
}

#[tokio::test]
async fn it_keeps_the_promises_of_a_resource() {
    let Some(lab) = Lab::new("promises") else { return };
    let shell = lab.namespace.clone();
    let provider = Assembly::new("lab", Schema::default(), shell.clone(), |_| Ok(Diagnostics::new()))
        .resource(ShaperResource::new(shell));
    let config = |rates: &[(&str, &str, &str)]| values(rates).with("intact", Value::null(Type::Bool));
    let case = Case {
        config: config(&[("a", "10.9.0.2", "500mbit"), ("b", "10.9.0.3", "300mbit")]),
        changed: config(&[("a", "10.9.0.2", "250mbit"), ("c", "10.9.0.4", "300mbit")]),
    };
    conformance::check(&lab.shaper, &provider, &lab.ctx, &[case]).await.unwrap();
}

#[tokio::test]
async fn what_is_not_ours_is_not_touched() {
    let Some(lab) = Lab::new("theirs") else { return };
    let rules = values(&[("a", "10.9.0.2", "500mbit")]);
    lab.namespace.tc("qdisc add dev v0 root handle 1: tbf rate 1mbit burst 10k latency 50ms");
    let before = lab.namespace.tc("qdisc show dev v0");
    assert!(before.contains("tbf"), "{before}");
    let error = lab.apply(None, Some(&rules)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict, "{error:?}");
    assert!(error.message.contains("tbf 1:"), "{error}");
    assert!(!lab.namespace.mark().exists());
    lab.apply(Some(&rules), None).await.unwrap();
    assert_eq!(lab.namespace.tc("qdisc show dev v0"), before);
    let recover =
        RecoverRequest { identity: lab.identity(), prior: None, planned: Some(rules.clone()), private: Vec::new() };
    assert!(matches!(lab.shaper.recover(&lab.ctx, recover).await.unwrap(), Observed::Absent));
}

#[tokio::test]
async fn a_half_done_create_is_recovered_and_finished() {
    let Some(lab) = Lab::new("half") else { return };
    let rules = values(&[("a", "10.9.0.2", "500mbit")]);
    lab.namespace.tc("qdisc add dev v0 root handle c1: htb default fffe");
    let recover =
        RecoverRequest { identity: lab.identity(), prior: None, planned: Some(rules.clone()), private: Vec::new() };
    let Observed::Present { values: found, .. } = lab.shaper.recover(&lab.ctx, recover).await.unwrap() else {
        panic!("it was begun")
    };
    assert_ne!(found, rules);
    lab.apply(None, Some(&rules)).await.unwrap();
    assert_eq!(lab.drift(&rules), Vec::<String>::new());
}

#[tokio::test]
async fn no_interface_with_the_address_is_said() {
    let Some(lab) = Lab::new("none") else { return };
    let rules = values(&[]).with("address", Value::string("10.9.0.7"));
    let error = lab.apply(None, Some(&rules)).await.unwrap_err();
    assert!(error.message.contains("no interface of machine `edge0` has the address 10.9.0.7"), "{error}");
    lab.apply(Some(&rules), None).await.unwrap();
}
