//! `<domain>`: <https://libvirt.org/formatdomain.html>.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::read::{all, attribute, find, mark, marked, metadata, signed, text};
use super::{Element, XmlError};
use crate::arch::Arch;
use crate::ownership::Mark;

/// What runs the guest's instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Accelerator {
    /// The processor's virtualisation.
    Kvm,
    /// QEMU's translator.
    Tcg,
}

impl Accelerator {
    /// `kvm`, `tcg`
    pub fn as_str(self) -> &'static str {
        match self {
            Accelerator::Kvm => "kvm",
            Accelerator::Tcg => "tcg",
        }
    }
}

/// One network card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceSpec {
    /// The MAC address, lower case.
    pub mac: String,
    /// The libvirt network.
    pub network: String,
    /// Whether its cable is plugged in.
    pub up: bool,
    /// What the guest was told of it when it started: its address with the prefix, and the gateway if it has one.
    pub told: Option<String>,
    /// The tap on the host, while it runs.
    pub tap: Option<String>,
}

/// What matters of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainSpec {
    /// Whose it is.
    pub mark: Option<Mark>,
    /// The libvirt name.
    pub name: String,
    /// The libvirt UUID.
    pub uuid: String,
    /// What its processors are.
    pub arch: Arch,
    /// What runs it.
    pub accelerator: Accelerator,
    /// What it has now (a balloon may have taken some back), in KiB.
    pub memory_kib: u64,
    /// What a balloon can give it at most, in KiB.
    pub maximum_kib: u64,
    /// Processors that are plugged in.
    pub cpus: u64,
    /// How many microseconds of every [`PERIOD`] each of its processors may run; `None` is no limit.
    pub quota: Option<u64>,
    /// The host's processors that each of its own may run on; one that is not named may run on all.
    pub pins: BTreeMap<u64, BTreeSet<u64>>,
    /// What is said about it in its metadata: its tier, its time zone, its user's labels.
    pub notes: BTreeMap<String, String>,
    /// The kernel that is entered directly; without, the first disk boots by itself.
    pub kernel: Option<KernelSpec>,
    /// Whether UEFI starts it, not what the board has by itself.
    pub uefi: bool,
    /// The disks in order: vda, vdb, …
    pub disks: Vec<DiskSpec>,
    /// The network cards in order.
    pub interfaces: Vec<InterfaceSpec>,
    /// Where the serial console is written to.
    pub console: PathBuf,
}

/// A kernel from outside of the guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelSpec {
    /// The kernel.
    pub file: PathBuf,
    /// The initial root file system.
    pub initrd: PathBuf,
    /// The kernel's command line.
    pub cmdline: String,
}

/// One disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskSpec {
    /// The file.
    pub file: PathBuf,
    /// `qcow2`, `raw`
    pub format: String,
    /// The guest cannot write it.
    pub read_only: bool,
    /// How fast the guest may read it, in bytes per second.
    pub read_limit: Option<u64>,
    /// How fast the guest may write it, in bytes per second.
    pub write_limit: Option<u64>,
}

/// The period of processor quotas in microseconds, the kernel's own default.
pub const PERIOD: u64 = 100_000;

/// The document that defines a domain.
pub fn render(spec: &DomainSpec) -> String {
    let kvm = spec.accelerator == Accelerator::Kvm;
    let arch = spec.arch;
    let hvm = Element::new("type").attr("arch", arch.kernel_name()).attr("machine", arch.board()).text("hvm");
    // libvirt finds the firmware's file, and keeps the machine's variables until it is undefined. One that starts only
    // what somebody signed would keep out what users build.
    let os = if spec.uefi {
        let without = |name| Element::new("feature").attr("enabled", "no").attr("name", name);
        let features = Element::new("firmware").child(without("enrolled-keys")).child(without("secure-boot"));
        Element::new("os").attr("firmware", "efi").child(hvm).child(features)
    } else {
        Element::new("os").child(hvm)
    };
    let os = match &spec.kernel {
        Some(kernel) => os
            .child(Element::new("kernel").text(kernel.file.display()))
            .child(Element::new("initrd").text(kernel.initrd.display()))
            .child(Element::new("cmdline").text(&kernel.cmdline)),
        None => os.child(Element::new("boot").attr("dev", "hd")),
    };
    let cpu = if kvm {
        Element::new("cpu").attr("mode", "host-passthrough")
    } else {
        let (model, feature) = arch.emulated_cpu();
        let feature = feature.map(|name| Element::new("feature").attr("policy", "require").attr("name", name));
        Element::new("cpu")
            .attr("mode", "custom")
            .attr("match", "exact")
            .attr("check", "none")
            .child(Element::new("model").attr("fallback", "forbid").text(model))
            .children(feature)
    };
    Element::new("domain")
        .attr("type", if kvm { "kvm" } else { "qemu" })
        .child(Element::new("name").text(&spec.name))
        .child(Element::new("uuid").text(&spec.uuid))
        .children(spec.mark.as_ref().map(|mark| metadata(mark, told(spec, ["cplan:interface", "cplan:note"]))))
        .child(Element::new("memory").attr("unit", "KiB").text(spec.maximum_kib))
        .child(Element::new("currentMemory").attr("unit", "KiB").text(spec.memory_kib))
        .child(Element::new("vcpu").attr("placement", "static").text(spec.cpus))
        .children(tuning(spec))
        .child(os)
        .child(features(spec))
        .child(cpu)
        .child(Element::new("clock").attr("offset", "utc"))
        .child(Element::new("on_poweroff").text("destroy"))
        .child(Element::new("on_reboot").text("restart"))
        .child(Element::new("on_crash").text("destroy"))
        .child(devices(spec))
        .render()
}

/// What the board has. An ARM board describes itself to its firmware by ACPI, and to a kernel that is entered directly by
/// a device tree.
fn features(spec: &DomainSpec) -> Element {
    let features = Element::new("features");
    match (spec.arch, spec.accelerator) {
        (Arch::Amd64, _) => features.child(Element::new("acpi")).child(Element::new("apic")),
        (Arch::Arm64, accelerator) => {
            let features = if spec.uefi { features.child(Element::new("acpi")) } else { features };
            // The translator's default, of version 2, serves eight processors at most; KVM has what the host has.
            let emulated = accelerator == Accelerator::Tcg;
            features.children(emulated.then(|| Element::new("gic").attr("version", 3)))
        }
    }
}

/// What limits its processors, if anything does.
fn tuning(spec: &DomainSpec) -> Option<Element> {
    let pins = spec.pins.iter().map(|(cpu, on)| {
        let on: Vec<_> = on.iter().map(u64::to_string).collect();
        Element::new("vcpupin").attr("vcpu", cpu).attr("cpuset", on.join(","))
    });
    let period = spec.quota.map(|_| Element::new("period").text(PERIOD));
    let quota = spec.quota.map(|quota| Element::new("quota").text(quota));
    let within: Vec<_> = pins.chain(period).chain(quota).collect();
    (!within.is_empty()).then(|| Element::new("cputune").children(within))
}

/// libvirt keeps the metadata of a running domain until it starts again, and with it what its guest was told.
fn told(spec: &DomainSpec, [interface, note]: [&'static str; 2]) -> Vec<Element> {
    let told = spec.interfaces.iter().filter_map(|interface| Some((&interface.mac, interface.told.as_ref()?)));
    let told = told.map(|(mac, told)| Element::new(interface).attr("mac", mac).attr("told", told));
    let notes = spec.notes.iter().map(|(key, text)| Element::new(note).attr("key", key).attr("text", text));
    told.chain(notes).collect()
}

/// What a running domain's metadata become; libvirt itself puts the namespace on all of it.
pub fn render_mark(spec: &DomainSpec) -> Option<String> {
    let mark = spec.mark.as_ref()?;
    Some(signed(Element::new("owner"), mark).children(told(spec, ["interface", "note"])).render())
}

/// One network card as libvirt wants it for a change of a running domain.
pub fn render_interface(interface: &InterfaceSpec) -> String {
    network_card(interface).render()
}

/// What libvirt and the guest call the n-th disk: `vda`, `vdb`.
pub fn disk_name(index: usize) -> String {
    format!("vd{}", char::from(b'a' + u8::try_from(index).unwrap_or(0)))
}

fn devices(spec: &DomainSpec) -> Element {
    let disks = spec.disks.iter().enumerate().map(|(i, disk)| {
        let element = Element::new("disk")
            .attr("type", "file")
            .attr("device", "disk")
            .child(Element::new("driver").attr("name", "qemu").attr("type", &disk.format))
            .child(Element::new("source").attr("file", disk.file.display()))
            .child(Element::new("target").attr("dev", disk_name(i)).attr("bus", "virtio"));
        let element = if disk.read_only { element.child(Element::new("readonly")) } else { element };
        element.children(throttle(disk))
    });
    let interfaces = spec.interfaces.iter().map(network_card);
    let serial = Element::new("serial")
        .attr("type", "pty")
        .child(Element::new("log").attr("file", spec.console.display()).attr("append", "on"))
        .child(Element::new("target").attr("port", 0));
    let rng = Element::new("rng")
        .attr("model", "virtio")
        .child(Element::new("backend").attr("model", "random").text("/dev/urandom"));
    Element::new("devices")
        .children(disks)
        .children(interfaces)
        .child(Element::new("controller").attr("type", "usb").attr("model", "none"))
        .child(serial)
        .child(
            Element::new("console")
                .attr("type", "pty")
                .child(Element::new("target").attr("type", "serial").attr("port", 0)),
        )
        .child(Element::new("memballoon").attr("model", "virtio"))
        .child(rng)
}

/// libvirt wants bytes per second here, whatever unit users think in.
fn throttle(disk: &DiskSpec) -> Option<Element> {
    let limit = |name, bytes: Option<u64>| bytes.map(|bytes| Element::new(name).text(bytes));
    let both = [limit("read_bytes_sec", disk.read_limit), limit("write_bytes_sec", disk.write_limit)];
    let limits: Vec<_> = both.into_iter().flatten().collect();
    (!limits.is_empty()).then(|| Element::new("iotune").children(limits))
}

fn network_card(interface: &InterfaceSpec) -> Element {
    Element::new("interface")
        .attr("type", "network")
        .child(Element::new("mac").attr("address", &interface.mac))
        .child(Element::new("source").attr("network", &interface.network))
        .child(Element::new("model").attr("type", "virtio"))
        .child(Element::new("link").attr("state", if interface.up { "up" } else { "down" }))
        // The kernel is given: a boot ROM for the network would only cost time at every start.
        .child(Element::new("rom").attr("enabled", "no"))
}

/// What a document from libvirt says.
pub fn parse(xml: &str) -> Result<DomainSpec, XmlError> {
    let document = roxmltree::Document::parse(xml)?;
    let root = document.root_element();
    let maximum = memory_kib(root, "memory");
    let memory = memory_kib(root, "currentMemory").or(maximum);
    let cpus = attribute(root, &["vcpu"], "current").or_else(|| text(root, &["vcpu"]));
    let path = |at: &[&str]| text(root, at).map(PathBuf::from).unwrap_or_default();
    let get = |node, at: &[&str], name| attribute(node, at, name);
    let disks = all(root, &["devices"], "disk").into_iter().map(|disk| DiskSpec {
        file: get(disk, &["source"], "file").map(PathBuf::from).unwrap_or_default(),
        format: get(disk, &["driver"], "type").unwrap_or_default(),
        read_only: find(disk, &["readonly"]).is_some(),
        // Zero is no limit.
        read_limit: number(disk, &["iotune", "read_bytes_sec"]).filter(|n| *n > 0),
        write_limit: number(disk, &["iotune", "write_bytes_sec"]).filter(|n| *n > 0),
    });
    let told = marked(root, "interface");
    let interfaces = all(root, &["devices"], "interface").into_iter().map(|interface| {
        let mac = get(interface, &["mac"], "address").unwrap_or_default().to_ascii_lowercase();
        let told = told.iter().find(|n| n.attribute("mac") == Some(&mac)).and_then(|n| n.attribute("told"));
        InterfaceSpec {
            told: told.map(str::to_owned),
            network: get(interface, &["source"], "network").unwrap_or_default(),
            up: get(interface, &["link"], "state").as_deref() != Some("down"),
            tap: get(interface, &["target"], "dev"),
            mac,
        }
    });
    let serial = all(root, &["devices"], "serial").into_iter().next();
    Ok(DomainSpec {
        mark: mark(root),
        name: text(root, &["name"]).ok_or(XmlError::Missing("the name"))?,
        uuid: text(root, &["uuid"]).ok_or(XmlError::Missing("the UUID"))?,
        // Whatever else it is, it is none of ours.
        arch: attribute(root, &["os", "type"], "arch").and_then(|a| Arch::of_kernel_name(&a)).unwrap_or(Arch::Amd64),
        accelerator: if root.attribute("type") == Some("kvm") { Accelerator::Kvm } else { Accelerator::Tcg },
        memory_kib: memory.ok_or(XmlError::Missing("the memory"))?,
        maximum_kib: maximum.ok_or(XmlError::Missing("the memory"))?,
        cpus: cpus.and_then(|c| c.parse().ok()).ok_or(XmlError::Missing("the number of processors"))?,
        quota: quota(root),
        pins: pins(root),
        notes: notes(root),
        kernel: text(root, &["os", "kernel"]).map(|file| KernelSpec {
            file: file.into(),
            initrd: path(&["os", "initrd"]),
            cmdline: text(root, &["os", "cmdline"]).unwrap_or_default(),
        }),
        uefi: attribute(root, &["os"], "firmware").as_deref() == Some("efi")
            || attribute(root, &["os", "loader"], "type").as_deref() == Some("pflash"),
        disks: disks.collect(),
        interfaces: interfaces.collect(),
        console: serial.and_then(|s| get(s, &["log"], "file")).map(PathBuf::from).unwrap_or_default(),
    })
}

fn number(node: roxmltree::Node<'_, '_>, at: &[&str]) -> Option<u64> {
    text(node, at)?.parse().ok()
}

/// The quota as a share of [`PERIOD`]: somebody else may have set another period. Below zero is no limit.
fn quota(root: roxmltree::Node<'_, '_>) -> Option<u64> {
    let quota = number(root, &["cputune", "quota"]).filter(|n| *n > 0)?;
    let period = number(root, &["cputune", "period"]).filter(|n| *n > 0).unwrap_or(PERIOD);
    Some((quota * PERIOD).div_ceil(period))
}

fn pins(root: roxmltree::Node<'_, '_>) -> BTreeMap<u64, BTreeSet<u64>> {
    let pins = all(root, &["cputune"], "vcpupin").into_iter();
    pins.filter_map(|pin| Some((pin.attribute("vcpu")?.parse().ok()?, cpu_set(pin.attribute("cpuset")?)))).collect()
}

/// `0-3,^2,8`: processors, ranges of them, and exceptions from what stands before.
fn cpu_set(text: &str) -> BTreeSet<u64> {
    let mut set = BTreeSet::new();
    for part in text.split(',').map(str::trim) {
        let (part, except) = part.strip_prefix('^').map_or((part, false), |part| (part, true));
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (Ok(first), Ok(last)) = (first.parse::<u64>(), last.parse::<u64>()) else { continue };
        for cpu in first..=last.min(first.saturating_add(MOST_CPUS)) {
            if except {
                set.remove(&cpu)
            } else {
                set.insert(cpu)
            };
        }
    }
    set
}

/// More than any host has.
const MOST_CPUS: u64 = 8192;

fn notes(root: roxmltree::Node<'_, '_>) -> BTreeMap<String, String> {
    let notes = marked(root, "note").into_iter();
    notes.filter_map(|note| Some((note.attribute("key")?.to_owned(), note.attribute("text")?.to_owned()))).collect()
}

/// libvirt writes KiB, but accepts and could keep other units.
fn memory_kib(root: roxmltree::Node<'_, '_>, name: &str) -> Option<u64> {
    let amount: u64 = text(root, &[name])?.parse().ok()?;
    match attribute(root, &[name], "unit").as_deref() {
        None | Some("KiB" | "k" | "K") => Some(amount),
        Some("b" | "bytes") => Some(amount / 1024),
        Some("MiB" | "M") => Some(amount * 1024),
        Some("GiB" | "G") => Some(amount * 1024 * 1024),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(accelerator: Accelerator) -> DomainSpec {
        DomainSpec {
            mark: Some(Mark { id: "i".into(), lab: "l".into(), name: "n".into() }),
            name: "cplan-l-n".into(),
            uuid: "c0ffee00-0000-4000-8000-000000000001".into(),
            arch: Arch::Amd64,
            accelerator,
            memory_kib: 262_144,
            maximum_kib: 524_288,
            cpus: 2,
            quota: Some(50_000),
            pins: [(0, [0, 2].into()), (1, [1].into())].into(),
            notes: [("tier".to_owned(), "edge & \"co\"".to_owned())].into(),
            kernel: Some(KernelSpec {
                file: "/c/vmlinuz".into(),
                initrd: "/c/initrd & co".into(),
                cmdline: "console=ttyS0 a=\"b\" <x>".into(),
            }),
            uefi: false,
            disks: vec![
                DiskSpec {
                    file: "/c/overlay.qcow2".into(),
                    format: "qcow2".into(),
                    read_only: false,
                    read_limit: Some(10_000_000),
                    write_limit: None,
                },
                DiskSpec {
                    file: "/c/seed.img".into(),
                    format: "raw".into(),
                    read_only: true,
                    read_limit: None,
                    write_limit: None,
                },
            ],
            interfaces: vec![
                InterfaceSpec {
                    mac: "52:54:00:00:00:01".into(),
                    network: "m".into(),
                    up: true,
                    told: Some("10.70.0.11/24 10.70.0.1".into()),
                    tap: None,
                },
                InterfaceSpec {
                    mac: "52:54:00:00:00:02".into(),
                    network: "l".into(),
                    up: false,
                    told: None,
                    tap: None,
                },
            ],
            console: "/c/console.log".into(),
        }
    }

    #[test]
    fn reads_what_it_writes() {
        for accelerator in [Accelerator::Kvm, Accelerator::Tcg] {
            assert_eq!(parse(&render(&spec(accelerator))).unwrap(), spec(accelerator));
            let by_itself = DomainSpec { kernel: None, ..spec(accelerator) };
            assert_eq!(parse(&render(&by_itself)).unwrap(), by_itself);
            let other = DomainSpec { arch: Arch::Arm64, uefi: true, ..by_itself };
            assert_eq!(parse(&render(&other)).unwrap(), other);
        }
    }

    #[test]
    fn reads_what_libvirt_says_of_a_running_domain() {
        let found = parse(
            "<domain type='qemu' id='3'><name>a</name><uuid>u</uuid><memory unit='KiB'>262144</memory>\
             <currentMemory unit='KiB'>131072</currentMemory><vcpu placement='static' current='1'>2</vcpu>\
             <os><type>hvm</type></os><devices><interface type='network'><mac address='52:54:00:AA:00:01'/>\
             <source network='n' portid='p' bridge='b'/><target dev='vnet3'/><alias name='net0'/></interface>\
             <serial type='pty'><source path='/dev/pts/1'/><log file='/l' append='off'/></serial></devices></domain>",
        )
        .unwrap();
        assert_eq!((found.memory_kib, found.maximum_kib, found.cpus, found.mark), (131_072, 262_144, 1, None));
        assert!(found.interfaces[0].up);
        assert_eq!(found.interfaces[0].tap.as_deref(), Some("vnet3"));
        assert_eq!(found.interfaces[0].mac, "52:54:00:aa:00:01");
        assert_eq!(found.console, PathBuf::from("/l"));
    }
    #[test]
    fn limits_that_others_set_are_understood() {
        let of = |tuning: &str| {
            let xml = format!(
                "<domain type='kvm'><name>a</name><uuid>u</uuid><memory>1024</memory><vcpu>2</vcpu>{tuning}</domain>"
            );
            parse(&xml).unwrap()
        };
        let halved = of("<cputune><period>50000</period><quota>25000</quota></cputune>");
        assert_eq!(halved.quota, Some(50_000));
        assert_eq!(of("<cputune><period>100000</period><quota>-1</quota></cputune>").quota, None);
        let pinned = of("<cputune><vcpupin vcpu='0' cpuset='0-3,^2,8'/><vcpupin vcpu='1' cpuset='x'/></cputune>");
        assert_eq!(pinned.pins[&0], [0, 1, 3, 8].into());
        assert!(pinned.pins[&1].is_empty());
    }
}
