//! How each row is brought about, and how its effect is seen.

use cplan_libvirt::Rule;
use serde_json::{Value as Json, json};

use super::{Seen, measure};
use crate::foreign::arm64;
use crate::lab::{Object, image, virsh};

/// What machines can be plugged into.
pub(super) struct Nets {
    management: Json,
    second: Json,
    pub(super) inner: Json,
    other: Json,
}

impl Nets {
    pub(super) fn of(networks: [&Object<'_>; 4]) -> Self {
        let [management, second, inner, other] =
            networks.map(|n| cplan_sdk::to_json(n.values().get("attachment").unwrap()));
        Nets { management, second, inner, other }
    }
}

/// What of a row this host cannot do.
pub(super) fn impossible(rule: &Rule, machine: &Object<'_>) -> Option<String> {
    // `auto` takes KVM wherever it can run a guest.
    let kvm = machine.accelerator() == "kvm";
    match (rule.attribute, rule.when) {
        ("accel", "to another") if !kvm => Some("KVM cannot run a guest on this host".to_owned()),
        ("arch", _) => arm64().err(),
        _ => None,
    }
}

/// What has to be so before, and what is measured before.
pub(super) async fn prepare(rule: &Rule, machine: &mut Object<'_>, nets: &Nets) -> Result<String, String> {
    match (rule.attribute, rule.when) {
        ("disk_write_limit", _) => {
            machine.run(measure::FILE).await;
            return Ok(String::new());
        }
        ("cpu_quota", _) => return Ok(measure::share(machine, 0.8..=1.1).await.to_string()),
        ("disk_size", _) if machine.config["disk_size"].is_null() => {
            machine.config["disk_size"] = json!("9GiB");
        }
        ("management.network", "made again under its name") => {}
        ("interface[*].network", "another, one more or one less") => {
            machine.config["interface"] = json!([{"network": nets.inner, "address": "10.211.22.11"}]);
        }
        _ => return Ok(String::new()),
    }
    machine.apply().await.map_err(|e| e.to_string())?;
    Ok(String::new())
}

/// Makes the change: in the configuration, or behind cplan's back.
pub(super) async fn change(rule: &Rule, machine: &mut Object<'_>, nets: &Nets) -> Result<(), String> {
    let domain = machine.text("domain").to_owned();
    let accelerator = machine.accelerator();
    let config = &mut machine.config;
    match (rule.attribute, rule.when) {
        ("name", _) => config["name"] = json!("verified-again"),
        ("image", _) => {
            let cmdline = format!("{} cplan.verified=1", config["image"]["cmdline"].as_str().unwrap_or_default());
            config["image"]["cmdline"] = json!(cmdline);
        }
        ("arch", _) => config["image"] = image(json!({"arch": "arm64", "packages": []})).await,
        ("has_disk", _) => machine.lose_disk().await,
        ("tier", _) => config["tier"] = json!("edge"),
        ("labels", _) => config["labels"] = json!({"owner": "a & b", "run": "7"}),
        ("timezone", _) => config["timezone"] = json!("Asia/Kolkata"),
        ("boot_timeout", _) => config["boot_timeout"] = json!("240s"),
        ("cpus", _) => config["cpus"] = json!(2),
        ("cpu_quota", _) => config["cpu_quota"] = json!(0.5),
        ("cpu_pin", _) => {
            config["cpu_quota"] = Json::Null;
            // One for each processor, of which the rows before may have made two.
            config["cpu_pin"] = if config["cpus"] == 1 { json!([1]) } else { json!([1, 0]) };
        }
        ("memory", "within maximum_memory") => config["memory"] = json!("192MiB"),
        ("memory", _) => {
            config["memory"] = json!("384MiB");
            config["maximum_memory"] = Json::Null;
        }
        ("maximum_memory", _) => config["maximum_memory"] = json!("448MiB"),
        ("disk_size", "grows") => config["disk_size"] = json!("10GiB"),
        ("disk_size", _) => config["disk_size"] = json!("9GiB"),
        ("disk_read_limit", _) => config["disk_read_limit"] = json!("10MB/s"),
        ("disk_write_limit", _) => config["disk_write_limit"] = json!("10MB/s"),
        ("accel", "to what runs it already") => config["accel"] = json!(accelerator),
        ("accel", _) => config["accel"] = json!(if accelerator == "kvm" { "tcg" } else { "kvm" }),
        ("management.network", "another") => {
            config["management"] = json!({"network": nets.second, "address": "10.211.21.11"});
        }
        ("management.network", _) => config["management"]["network"]["id"] = json!("made-again"),
        ("management.address", _) => {
            config["management"] = json!({"network": nets.management, "address": "10.211.20.12"});
        }
        ("management.mac", _) => config["management"]["mac"] = json!("52:54:00:AB:cd:01"),
        ("interface[*].up", _) => config["interface"][0]["up"] = json!(false),
        ("interface[*].network", "made again under its name") => {
            config["interface"][0]["network"]["id"] = json!("made-again");
        }
        ("interface[*].network", _) => {
            config["interface"] = json!([{"network": nets.inner, "address": "10.211.22.11"},
                {"network": nets.other, "address": "10.211.23.11"}]);
        }
        ("interface[*].address", _) => config["interface"][1]["address"] = json!("10.211.23.12"),
        ("interface[*].mac", _) => config["interface"][1]["mac"] = json!("52:54:00:ab:cd:02"),
        ("connected", _) => machine.unplug().await,
        ("defined", _) => {
            virsh(&["undefine", &domain]);
            machine.read().await;
        }
        (attribute, when) => return Err(format!("nobody knows how to bring about {attribute} {when}")),
    }
    Ok(())
}

/// Sees the effect in libvirt and in the guest.
pub(super) async fn look(rule: &Rule, machine: &mut Object<'_>, before: String) -> Result<Seen, String> {
    let domain = machine.text("domain").to_owned();
    let xml = virsh(&["dumpxml", &domain]).replace('"', "'");
    let libvirt =
        |part: &str| if xml.contains(part) { Ok(part.to_owned()) } else { Err(format!("libvirt does not say {part}")) };
    let text = |command: &[&str]| virsh(command).split_whitespace().collect::<Vec<_>>().join(" ");
    let expect = |what: &str, got: String, wanted: bool| if wanted { Ok(got) } else { Err(format!("{what}: {got}")) };
    let seen = |libvirt: String, guest: String| Ok(Seen { libvirt, guest });
    match (rule.attribute, rule.when) {
        ("name", _) => {
            let name = machine.run("hostname").await;
            seen(libvirt(&domain)?, expect("its name", name.clone(), name == "verified-again")?)
        }
        ("image", _) => {
            let line = machine.run("cat /proc/cmdline").await;
            let word = line.split(' ').next_back().unwrap_or_default().to_owned();
            seen(libvirt("cplan.verified=1")?, expect("its command line", word, line.contains("cplan.verified=1"))?)
        }
        ("arch", _) => {
            let kernel = machine.run("uname -m").await;
            seen(libvirt("arch='aarch64'")?, expect("its kernel", kernel.clone(), kernel == "aarch64")?)
        }
        ("has_disk", _) => seen(libvirt("overlay.qcow2")?, machine.run("echo a new disk, $(hostname)").await),
        ("tier", _) => seen(libvirt("key='tier' text='edge'")?, "the same boot".to_owned()),
        ("labels", _) => seen(libvirt("text='a &amp; b'")?, "the same boot".to_owned()),
        ("timezone", _) => {
            let zone = machine.run("date +%z").await;
            seen(libvirt("text='Asia/Kolkata'")?, expect("its zone", zone.clone(), zone == "+0530")?)
        }
        ("boot_timeout", _) => seen("untouched".to_owned(), machine.run("echo answers as before").await),
        ("cpus", _) => {
            let cpus = machine.run("grep -c ^processor /proc/cpuinfo").await;
            seen(libvirt(">2</vcpu>")?, expect("its processors", format!("{cpus} processors"), cpus == "2")?)
        }
        ("cpu_quota", _) => {
            let info = text(&["schedinfo", &domain]);
            let holds = info.contains("vcpu_period : 100000") && info.contains("vcpu_quota : 50000");
            let info = expect("its schedule", info, holds).map(|_| "vcpu_quota 50000 of 100000".to_owned())?;
            seen(info, measure::halved(machine, &before).await?)
        }
        ("cpu_pin", _) => {
            let pins = text(&["vcpupin", &domain]);
            let ends = if machine.config["cpus"] == 1 { "0 1" } else { "0 1 1 0" };
            let pins = expect("its pins", pins.clone(), pins.ends_with(ends))?;
            seen(pins, machine.run("echo both processors run: $(grep -c ^processor /proc/cpuinfo)").await)
        }
        ("memory", "within maximum_memory") => {
            seen(libvirt(">196608</currentMemory>")?, memory(machine, 120, 192).await?)
        }
        ("memory", _) => seen(libvirt(">393216</memory>")?, memory(machine, 321, 384).await?),
        ("maximum_memory", _) => seen(libvirt(">458752</memory>")?, memory(machine, 321, 384).await?),
        ("disk_size", when) => {
            let bytes: u64 = if when == "grows" { 10 << 30 } else { 9 << 30 };
            let capacity = text(&["domblkinfo", &domain, "vda"]);
            let holds = capacity.starts_with(&format!("Capacity: {bytes} "));
            let guest = machine.run("cat /sys/block/vda/size").await;
            let same = guest == (bytes / 512).to_string();
            seen(expect("its disk", capacity, holds)?, expect("its disk", format!("{guest} sectors"), same)?)
        }
        ("disk_read_limit", _) => {
            seen(libvirt("<read_bytes_sec>10000000</read_bytes_sec>")?, measure::limited(machine, measure::READ).await?)
        }
        ("disk_write_limit", _) => seen(
            libvirt("<write_bytes_sec>10000000</write_bytes_sec>")?,
            measure::limited(machine, measure::WRITE).await?,
        ),
        ("accel", _) => seen(libvirt("<domain type=")?, machine.run("echo runs on $(uname -m)").await),
        ("management.network", "another") => seen(libvirt(&domain)?, addressed(machine, "10.211.21.11").await?),
        ("management.network", _) => {
            seen(libvirt("<interface type='network'>")?, addressed(machine, "10.211.2").await?)
        }
        ("management.address", _) => seen(libvirt("told='10.211.20.12/24")?, addressed(machine, "10.211.20.12").await?),
        ("management.mac", _) => seen(libvirt("52:54:00:ab:cd:01")?, carded(machine, "52:54:00:ab:cd:01").await?),
        ("interface[*].up", _) => {
            let carrier =
                machine.run("for d in /sys/class/net/*; do [ $d = /sys/class/net/lo ] || cat $d/carrier; done").await;
            let carrier = carrier.split_whitespace().collect::<Vec<_>>().join(" ");
            seen(
                libvirt("<link state='down'/>")?,
                expect("its cables", format!("carrier {carrier}"), carrier == "1 0")?,
            )
        }
        ("interface[*].network", "made again under its name") => {
            seen(libvirt("<interface type='network'>")?, addressed(machine, "10.211.22.11").await?)
        }
        ("interface[*].network", _) => {
            seen(libvirt("told='10.211.23.11/24")?, addressed(machine, "10.211.23.11").await?)
        }
        ("interface[*].address", _) => {
            seen(libvirt("told='10.211.23.12/24")?, addressed(machine, "10.211.23.12").await?)
        }
        ("interface[*].mac", _) => seen(libvirt("52:54:00:ab:cd:02")?, carded(machine, "52:54:00:ab:cd:02").await?),
        ("connected", _) => seen("its tap is in its bridge".to_owned(), machine.run("echo answers again").await),
        ("defined", _) => {
            let listed = virsh(&["list", "--name", "--persistent"]).contains(&domain);
            seen(expect("defined", "defined again".to_owned(), listed)?, machine.run("echo the same boot").await)
        }
        (attribute, when) => Err(format!("nobody knows where to see {attribute} {when}")),
    }
}

/// What the guest has, which is less than what it was given: its kernel takes some.
async fn memory(machine: &Object<'_>, least: u64, most: u64) -> Result<String, String> {
    let said = machine.run("awk '/MemTotal/ {print $2}' /proc/meminfo").await;
    let mib = said.parse::<u64>().unwrap_or(0) / 1024;
    if (least..=most).contains(&mib) { Ok(format!("{mib}MiB")) } else { Err(format!("the guest has {mib}MiB")) }
}

async fn addressed(machine: &Object<'_>, address: &str) -> Result<String, String> {
    let said = machine.run("ip -4 -o address").await;
    if said.contains(address) { Ok(format!("has {address}")) } else { Err(said) }
}

async fn carded(machine: &Object<'_>, mac: &str) -> Result<String, String> {
    let said = machine.run("cat /sys/class/net/*/address").await;
    if said.contains(mac) { Ok(format!("has {mac}")) } else { Err(said) }
}
