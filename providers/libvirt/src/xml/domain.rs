//! `<domain>`: <https://libvirt.org/formatdomain.html>.

use std::path::PathBuf;

use super::read::{all, attribute, find, mark, marked, metadata, text};
use super::{Element, XmlError};
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
    /// What runs it.
    pub accelerator: Accelerator,
    /// What it has now (a balloon may have taken some back), in KiB.
    pub memory_kib: u64,
    /// Processors that are plugged in.
    pub cpus: u64,
    /// The kernel that is entered directly; without, the first disk boots by itself.
    pub kernel: Option<KernelSpec>,
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
}

/// The document that defines a domain.
pub fn render(spec: &DomainSpec) -> String {
    let kvm = spec.accelerator == Accelerator::Kvm;
    let os = Element::new("os").child(Element::new("type").attr("arch", "x86_64").attr("machine", "q35").text("hvm"));
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
        // Under TCG an old model boots faster than `max`: the guest does not set up what would be emulated slowly.
        Element::new("cpu")
            .attr("mode", "custom")
            .attr("match", "exact")
            .attr("check", "none")
            .child(Element::new("model").attr("fallback", "forbid").text("Westmere"))
            // Without it the guest's random numbers, and so its ssh server, wait for entropy.
            .child(Element::new("feature").attr("policy", "require").attr("name", "rdrand"))
    };
    Element::new("domain")
        .attr("type", if kvm { "kvm" } else { "qemu" })
        .child(Element::new("name").text(&spec.name))
        .child(Element::new("uuid").text(&spec.uuid))
        .children(spec.mark.as_ref().map(|mark| metadata(mark, told(spec))))
        .child(Element::new("memory").attr("unit", "KiB").text(spec.memory_kib))
        .child(Element::new("currentMemory").attr("unit", "KiB").text(spec.memory_kib))
        .child(Element::new("vcpu").attr("placement", "static").text(spec.cpus))
        .child(os)
        .child(Element::new("features").child(Element::new("acpi")).child(Element::new("apic")))
        .child(cpu)
        .child(Element::new("clock").attr("offset", "utc"))
        .child(Element::new("on_poweroff").text("destroy"))
        .child(Element::new("on_reboot").text("restart"))
        .child(Element::new("on_crash").text("destroy"))
        .child(devices(spec))
        .render()
}

/// libvirt keeps the metadata of a running domain until it starts again, and with it what its guest was told.
fn told(spec: &DomainSpec) -> Vec<Element> {
    let told = spec.interfaces.iter().filter_map(|interface| Some((&interface.mac, interface.told.as_ref()?)));
    told.map(|(mac, told)| Element::new("cplan:interface").attr("mac", mac).attr("told", told)).collect()
}

fn devices(spec: &DomainSpec) -> Element {
    let disks = spec.disks.iter().enumerate().map(|(i, disk)| {
        let name = char::from(b'a' + u8::try_from(i).unwrap_or(0));
        let element = Element::new("disk")
            .attr("type", "file")
            .attr("device", "disk")
            .child(Element::new("driver").attr("name", "qemu").attr("type", &disk.format))
            .child(Element::new("source").attr("file", disk.file.display()))
            .child(Element::new("target").attr("dev", format!("vd{name}")).attr("bus", "virtio"));
        if disk.read_only { element.child(Element::new("readonly")) } else { element }
    });
    let interfaces = spec.interfaces.iter().map(|interface| {
        Element::new("interface")
            .attr("type", "network")
            .child(Element::new("mac").attr("address", &interface.mac))
            .child(Element::new("source").attr("network", &interface.network))
            .child(Element::new("model").attr("type", "virtio"))
            // The kernel is given: a boot ROM for the network would only cost time at every start.
            .child(Element::new("rom").attr("enabled", "no"))
    });
    let serial = Element::new("serial")
        .attr("type", "pty")
        .child(Element::new("log").attr("file", spec.console.display()).attr("append", "off"))
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

/// What a document from libvirt says.
pub fn parse(xml: &str) -> Result<DomainSpec, XmlError> {
    let document = roxmltree::Document::parse(xml)?;
    let root = document.root_element();
    let memory = memory_kib(root, "currentMemory").or_else(|| memory_kib(root, "memory"));
    let cpus = attribute(root, &["vcpu"], "current").or_else(|| text(root, &["vcpu"]));
    let path = |at: &[&str]| text(root, at).map(PathBuf::from).unwrap_or_default();
    let get = |node, at: &[&str], name| attribute(node, at, name);
    let disks = all(root, &["devices"], "disk").into_iter().map(|disk| DiskSpec {
        file: get(disk, &["source"], "file").map(PathBuf::from).unwrap_or_default(),
        format: get(disk, &["driver"], "type").unwrap_or_default(),
        read_only: find(disk, &["readonly"]).is_some(),
    });
    let told = marked(root, "interface");
    let interfaces = all(root, &["devices"], "interface").into_iter().map(|interface| {
        let mac = get(interface, &["mac"], "address").unwrap_or_default().to_ascii_lowercase();
        let told = told.iter().find(|n| n.attribute("mac") == Some(&mac)).and_then(|n| n.attribute("told"));
        InterfaceSpec {
            told: told.map(str::to_owned),
            network: get(interface, &["source"], "network").unwrap_or_default(),
            tap: get(interface, &["target"], "dev"),
            mac,
        }
    });
    let serial = all(root, &["devices"], "serial").into_iter().next();
    Ok(DomainSpec {
        mark: mark(root),
        name: text(root, &["name"]).ok_or(XmlError::Missing("the name"))?,
        uuid: text(root, &["uuid"]).ok_or(XmlError::Missing("the UUID"))?,
        accelerator: if root.attribute("type") == Some("kvm") { Accelerator::Kvm } else { Accelerator::Tcg },
        memory_kib: memory.ok_or(XmlError::Missing("the memory"))?,
        cpus: cpus.and_then(|c| c.parse().ok()).ok_or(XmlError::Missing("the number of processors"))?,
        kernel: text(root, &["os", "kernel"]).map(|file| KernelSpec {
            file: file.into(),
            initrd: path(&["os", "initrd"]),
            cmdline: text(root, &["os", "cmdline"]).unwrap_or_default(),
        }),
        disks: disks.collect(),
        interfaces: interfaces.collect(),
        console: serial.and_then(|s| get(s, &["log"], "file")).map(PathBuf::from).unwrap_or_default(),
    })
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
            accelerator,
            memory_kib: 262_144,
            cpus: 2,
            kernel: Some(KernelSpec {
                file: "/c/vmlinuz".into(),
                initrd: "/c/initrd & co".into(),
                cmdline: "console=ttyS0 a=\"b\" <x>".into(),
            }),
            disks: vec![
                DiskSpec { file: "/c/overlay.qcow2".into(), format: "qcow2".into(), read_only: false },
                DiskSpec { file: "/c/seed.img".into(), format: "raw".into(), read_only: true },
            ],
            interfaces: vec![
                InterfaceSpec {
                    mac: "52:54:00:00:00:01".into(),
                    network: "m".into(),
                    told: Some("10.70.0.11/24 10.70.0.1".into()),
                    tap: None,
                },
                InterfaceSpec { mac: "52:54:00:00:00:02".into(), network: "l".into(), told: None, tap: None },
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
        assert_eq!((found.memory_kib, found.cpus, found.mark), (131_072, 1, None));
        assert_eq!(found.interfaces[0].tap.as_deref(), Some("vnet3"));
        assert_eq!(found.interfaces[0].mac, "52:54:00:aa:00:01");
        assert_eq!(found.console, PathBuf::from("/l"));
    }
}
