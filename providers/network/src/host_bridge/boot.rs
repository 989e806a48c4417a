//! What makes the bridge anew when the host starts: files of ifupdown, netplan or systemd-networkd. What the host's own
//! files say of the interface is commented out under our mark, so that it can be found and taken back.

mod glob;
mod ifupdown;
mod netplan;
mod networkd;
mod stanza;

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::program::NETFILTER;
use super::wanted::Wanted;
use stanza::take_back;

/// Who configures the network of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    Ifupdown,
    Netplan,
    Networkd,
}

impl Tool {
    pub(super) const ALL: [Tool; 3] = [Tool::Netplan, Tool::Networkd, Tool::Ifupdown];

    pub(super) fn name(self) -> &'static str {
        match self {
            Tool::Ifupdown => "ifupdown",
            Tool::Netplan => "netplan",
            Tool::Networkd => "systemd-networkd",
        }
    }

    /// Whether a host has it; `root` is where its file system begins.
    pub(super) fn is_used(self, root: &Path) -> bool {
        match self {
            Tool::Netplan => has(&root.join("etc/netplan"), "yaml"),
            Tool::Networkd => has(&root.join("etc/systemd/network"), "network"),
            Tool::Ifupdown => root.join("etc/network/interfaces").is_file(),
        }
    }

    /// The one that a host has.
    pub(super) fn of(root: &Path) -> Option<Tool> {
        Tool::ALL.into_iter().find(|tool| tool.is_used(root))
    }
}

fn has(folder: &Path, extension: &str) -> bool {
    files(folder).iter().any(|path| path.extension().is_some_and(|e| e == extension) && !is_ours(path))
}

fn is_ours(path: &Path) -> bool {
    path.file_name().and_then(|n| n.to_str()).is_some_and(|name| name.contains("-cplan-"))
}

/// The files of a folder, in order of name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).filter(|p| p.is_file()).collect();
    files.sort();
    files
}

/// A file and what it becomes; `None` is no file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) path: PathBuf,
    pub(super) old: Option<String>,
    pub(super) new: Option<String>,
    mode: u32,
}

impl Edit {
    /// Whole or not at all.
    pub(super) fn write(&self) -> io::Result<()> {
        let Some(new) = &self.new else { return fs::remove_file(&self.path) };
        let mode = fs::metadata(&self.path).map_or(self.mode, |meta| meta.permissions().mode() & 0o7777);
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut name = self.path.clone().into_os_string();
        name.push(".cplan-new");
        let beside = PathBuf::from(name);
        fs::write(&beside, new)?;
        fs::set_permissions(&beside, fs::Permissions::from_mode(mode))?;
        fs::rename(&beside, &self.path)
    }
}

/// What the files of a host say of an interface that would be gone when the host starts with the bridge: sentences.
pub(super) fn lost(root: &Path, tool: Tool, interface: &str, mac: &str) -> Vec<String> {
    let (folder, extension) = match tool {
        Tool::Netplan => (root.join("etc/netplan"), "yaml"),
        Tool::Networkd => (root.join("etc/systemd/network"), "network"),
        // What is said there of an interface is taken over word by word.
        Tool::Ifupdown => return Vec::new(),
    };
    let theirs = files(&folder).into_iter().filter(|p| p.extension().is_some_and(|e| e == extension) && !is_ours(p));
    let texts = theirs.filter_map(|path| Some((path.display().to_string(), fs::read_to_string(path).ok()?)));
    match tool {
        Tool::Netplan => texts.flat_map(|(path, text)| netplan::lost(&path, &text, interface, mac)).collect(),
        // Only the first file counts.
        _ => texts
            .filter(|(_, text)| networkd::is_of(text, interface, mac))
            .take(1)
            .flat_map(|(p, t)| networkd::lost(&p, &t))
            .collect(),
    }
}

/// What is to be done to the files of a host so that they have a bridge as wanted, or with `None` so that nothing of it
/// is left. Nothing where all is as it should be. `mac` is the bridge's.
pub(super) fn edits(root: &Path, bridge: &str, wanted: Option<(&Wanted, &str)>) -> io::Result<Vec<Edit>> {
    let tool = wanted.and_then(|(wanted, _)| Tool::ALL.into_iter().find(|tool| tool.name() == wanted.persistent));
    let mut edits = Vec::new();
    let mut edit = |path: PathBuf, mode, make: &dyn Fn(&str) -> Option<String>| -> io::Result<()> {
        let old = match fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let new = make(old.as_deref().unwrap_or_default());
        if new != old {
            edits.push(Edit { path, old, new, mode });
        }
        Ok(())
    };
    let of = |this: Tool| wanted.filter(|_| tool == Some(this)).map(|(wanted, _)| wanted);
    let mac = wanted.map_or("", |(_, mac)| mac);

    let main = root.join("etc/network/interfaces");
    if main.is_file() {
        let others = files(&root.join("etc/network/interfaces.d"));
        let of_interface = |path: &PathBuf| {
            let text = ifupdown::original(&fs::read_to_string(path).unwrap_or_default(), bridge);
            wanted.map(|(wanted, _)| ifupdown::nature(&text, &wanted.interface)).unwrap_or_default()
        };
        let mut nature: Vec<String> = Vec::new();
        for line in std::iter::once(&main).chain(&others).flat_map(of_interface) {
            if !nature.contains(&line) {
                nature.push(line);
            }
        }
        for path in others {
            edit(path, 0o644, &|text| Some(ifupdown::without_interface(text, bridge, of(Tool::Ifupdown))))?;
        }
        edit(main, 0o644, &|text| Some(ifupdown::main(text, bridge, of(Tool::Ifupdown), (mac, &nature))))?;
    }
    let netplan = root.join("etc/netplan");
    let theirs: Vec<_> =
        files(&netplan).into_iter().filter(|p| p.extension().is_some_and(|e| e == "yaml") && !is_ours(p)).collect();
    let texts: Vec<_> =
        theirs.iter().map(|path| take_back(&fs::read_to_string(path).unwrap_or_default(), bridge)).collect();
    for path in theirs {
        edit(path, 0o600, &|text| Some(netplan::without_interface(text, bridge, of(Tool::Netplan))))?;
    }
    edit(netplan.join(format!("99-cplan-{bridge}.yaml")), 0o600, &|_| {
        of(Tool::Netplan).map(|wanted| netplan::file(wanted, mac, netplan::place(&texts, &wanted.interface)))
    })?;
    let networkd = root.join("etc/systemd/network");
    for (suffix, text) in networkd::files(bridge, of(Tool::Networkd), mac) {
        edit(networkd.join(format!("05-cplan-{bridge}{suffix}")), 0o644, &|_| text.clone())?;
    }
    let netfilter = wanted.filter(|_| tool.is_some()).and_then(|(wanted, _)| wanted.netfilter);
    edit(root.join(format!("etc/sysctl.d/90-cplan-{bridge}.conf")), 0o644, &|_| {
        let line = |name: &str| format!("net.bridge.{name} = {}\n", u8::from(netfilter.unwrap_or_default()));
        netfilter.map(|_| NETFILTER.into_iter().map(line).collect())
    })?;
    Ok(edits)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::*;

    const MAC: &str = "52:54:00:00:00:01";

    fn wanted(tool: Tool) -> Wanted {
        Wanted {
            mark: "m".into(),
            name: "br0".into(),
            interface: "eth0".into(),
            addresses: BTreeSet::from(["10.9.0.2/24".to_owned(), "fd09::2/64".to_owned()]),
            gateway: Some("10.9.0.1".into()),
            dns: vec!["10.9.0.1".into()],
            stp: false,
            netfilter: Some(false),
            persistent: tool.name().into(),
            reachable: Vec::new(),
            undo_after: Duration::from_secs(30),
        }
    }

    /// A host with these files, on which a bridge is made and taken away again; what the files were in between.
    fn there_and_back(tool: Tool, given: &[(&str, &str)]) -> Vec<(String, String)> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in given {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        assert_eq!(Tool::of(root.path()), Some(tool));
        let wanted = wanted(tool);
        let of = || Some((&wanted, MAC));
        for edit in edits(root.path(), "br0", of()).unwrap() {
            edit.write().unwrap();
        }
        assert_eq!(edits(root.path(), "br0", of()).unwrap(), [], "written once");
        let between = edits(root.path(), "br0", None).unwrap();
        for edit in &between {
            edit.write().unwrap();
        }
        for (path, text) in given {
            assert_eq!(fs::read_to_string(root.path().join(path)).unwrap(), *text, "{path}");
        }
        assert_eq!(edits(root.path(), "br0", None).unwrap(), [], "nothing is left");
        let shown = |path: &Path| path.strip_prefix(root.path()).unwrap().display().to_string();
        between.into_iter().map(|e| (shown(&e.path), e.old.unwrap())).collect()
    }

    #[test]
    fn ifupdown_keeps_what_is_not_of_the_interface() {
        let main = "auto lo\niface lo inet loopback\n\n# uplink\nallow-hotplug eth0\niface eth0 inet dhcp\n  mtu 1400\n\niface eth0.5 inet manual\n";
        let found = there_and_back(
            Tool::Ifupdown,
            &[
                ("etc/network/interfaces", main),
                ("etc/network/interfaces.d/a", "auto eth0\niface eth0 inet6 auto"),
                ("etc/network/interfaces.d/b", "auto eth1 eth0\niface eth1 inet dhcp\n"),
            ],
        );
        let text = |name: &str| found.iter().find(|(path, _)| path == name).map(|(_, text)| text.as_str());
        assert_eq!(
            text("etc/network/interfaces"),
            Some(
                "auto lo\niface lo inet loopback\n\n# uplink\n#cplan br0: allow-hotplug eth0\n#cplan br0: iface eth0 inet dhcp\n\
                 #cplan br0:   mtu 1400\n\niface eth0.5 inet manual\n# cplan br0: begin\nauto eth0\niface eth0 inet manual\n    mtu 1400\n\n\
                 auto br0\niface br0 inet static\n    address 10.9.0.2/24\n    gateway 10.9.0.1\n    \
                 dns-nameservers 10.9.0.1\n    bridge_ports eth0\n    bridge_hw 52:54:00:00:00:01\n    bridge_stp off\n    \
                 bridge_fd 0\niface br0 inet6 static\n    address fd09::2/64\n# cplan br0: end\n"
            )
        );
        assert_eq!(
            text("etc/network/interfaces.d/a"),
            Some("#cplan br0: auto eth0\n#cplan br0: iface eth0 inet6 auto")
        );
        assert_eq!(text("etc/network/interfaces.d/b"), None, "the interface comes up by hand, and that is harmless");
        assert_eq!(
            text("etc/sysctl.d/90-cplan-br0.conf"),
            Some(
                "net.bridge.bridge-nf-call-iptables = 0\nnet.bridge.bridge-nf-call-ip6tables = 0\n\
                 net.bridge.bridge-nf-call-arptables = 0\n"
            )
        );
    }

    #[test]
    fn netplan_keeps_what_is_not_of_the_interface() {
        let two = "network:\n  version: 2\n  ethernets:\n    eth0: # uplink\n      dhcp4: true\n\n      # why\n      \
                   nameservers:\n        addresses: [1.1.1.1]\n    eth1:\n      dhcp4: true\n";
        let one = "network:\n  ethernets:\n    \"eth0\":\n      addresses:\n      - 10.9.0.2/24\n  version: 2\n";
        let found =
            there_and_back(Tool::Netplan, &[("etc/netplan/00.yaml", two), ("etc/netplan/50-cloud-init.yaml", one)]);
        assert_eq!(
            found[0].1,
            "network:\n  version: 2\n  ethernets:\n#cplan br0:     eth0: # uplink\n#cplan br0:       dhcp4: true\n\n      \
             # why\n#cplan br0:       nameservers:\n#cplan br0:         addresses: [1.1.1.1]\n    eth1:\n      \
             dhcp4: true\n"
        );
        assert_eq!(
            found[1].1,
            "network:\n#cplan br0:   ethernets:\n#cplan br0:     \"eth0\":\n#cplan br0:       addresses:\n\
             #cplan br0:       - 10.9.0.2/24\n  version: 2\n"
        );
        let own = found.iter().find(|(path, _)| path == "etc/netplan/99-cplan-br0.yaml").unwrap();
        let (comment, json) = own.1.split_once('\n').unwrap();
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(
            (comment, &json["network"]["bridges"]["br0"]["interfaces"][0]),
            ("# Written by cplan for the bridge br0.", &"eth0".into())
        );
    }

    #[test]
    fn what_an_interface_is_stays() {
        let bond = "network:\n  ethernets:\n    a: {}\n  bonds:\n    eth0:\n      interfaces: [a]\n      addresses:\n      \
                    - 10.9.0.2/24\n      mtu: 1400\n";
        let found = there_and_back(Tool::Netplan, &[("etc/netplan/a.yaml", bond)]);
        assert_eq!(
            found[0].1,
            bond.replace("      addresses:\n      - ", "#cplan br0:       addresses:\n#cplan br0:       - ")
        );
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text.split_once('\n').unwrap().1).unwrap();
        let network = &json(&found[1].1)["network"];
        assert_eq!((&network["bonds"]["eth0"]["dhcp4"], network.get("ethernets")), (&false.into(), None));

        let renamed = "network:\n  ethernets:\n    id0:\n      match:\n        macaddress: 52:54:00:00:00:01\n      \
                       set-name: \"eth0\"\n      dhcp4: true\n";
        let found = there_and_back(Tool::Netplan, &[("etc/netplan/a.yaml", renamed)]);
        assert_eq!(found[0].1, renamed.replace("      dhcp4", "#cplan br0:       dhcp4"));
        let network = &json(&found[1].1)["network"];
        assert_eq!(network["bridges"]["br0"]["interfaces"], serde_json::json!(["id0"]));
        assert_eq!(network["ethernets"]["id0"]["dhcp4"], false);

        let bond = "auto eth0\niface eth0 inet static\n  address 10.9.0.2/24\n  bond-slaves a b\n  bond-mode 1\n\
                    iface eth0 inet6 auto\n  bond-mode 1\n";
        let found = there_and_back(Tool::Ifupdown, &[("etc/network/interfaces", bond)]);
        let told = "\nauto eth0\niface eth0 inet manual\n    bond-slaves a b\n    bond-mode 1\n\nauto br0\n";
        assert!(found[0].1.contains(told), "{}", found[0].1);

        // Name servers that nobody has said anything of are the bridge's.
        let text = "iface eth0 inet static\n    address 10.9.0.2\n    dns-nameservers 10.9.0.1 10.9.0.3\n";
        let kept = ifupdown::nature(text, "eth0");
        let quiet = Wanted { dns: Vec::new(), ..wanted(Tool::Ifupdown) };
        let told = ifupdown::main(text, "br0", Some(&quiet), (MAC, &kept));
        assert!(
            told.contains("\n    gateway 10.9.0.1\n    dns-nameservers 10.9.0.1 10.9.0.3\n    bridge_ports"),
            "{told}"
        );
    }

    #[test]
    fn what_ifupdown_does_when_an_interface_comes_up_is_taken_over() {
        let main = "auto eth0\niface eth0 inet static\n  address 10.9.0.2/24\n  gateway 10.9.0.1\n  \
                    up ip route add 10.5.0.0/16 via 10.9.0.9 dev eth0\n  post-up ip -4 rule add from 10.9.0.2 table 7\n  \
                    down ip route del 10.5.0.0/16 via 10.9.0.9 dev $IFACE || true\n  up ip addr add 10.9.0.3/24 dev eth0\n  \
                    pre-up ethtool -K eth0 tso off\niface eth0 inet6 static\n  address fd09::2/64\n  gateway fd09::1\n";
        let found = there_and_back(Tool::Ifupdown, &[("etc/network/interfaces", main)]);
        let (_, block) = found[0].1.split_once("# cplan br0: begin\n").unwrap();
        assert_eq!(
            block,
            "auto eth0\niface eth0 inet manual\n    pre-up ethtool -K eth0 tso off\n\nauto br0\niface br0 inet static\n    \
             address 10.9.0.2/24\n    gateway 10.9.0.1\n    dns-nameservers 10.9.0.1\n    bridge_ports eth0\n    \
             bridge_hw 52:54:00:00:00:01\n    bridge_stp off\n    bridge_fd 0\n    \
             up ip route add 10.5.0.0/16 via 10.9.0.9 dev br0\n    post-up ip -4 rule add from 10.9.0.2 table 7\n    \
             down ip route del 10.5.0.0/16 via 10.9.0.9 dev $IFACE || true\niface br0 inet6 static\n    \
             address fd09::2/64\n    gateway fd09::1\n# cplan br0: end\n"
        );
    }

    #[test]
    fn what_a_bridge_cannot_take_over_is_told() {
        let told = |tool: Tool, path: &str, text: &str| {
            let root = tempfile::tempdir().unwrap();
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
            lost(root.path(), tool, "eth0", MAC)
        };
        let netplan = |text: &str| {
            let told = told(Tool::Netplan, "etc/netplan/a.yaml", &format!("network:\n  ethernets:\n{text}"));
            told.iter().filter_map(|t| Some(t.split_once('`')?.1.split_once('`')?.0.to_owned())).collect::<Vec<_>>()
        };
        // Debian's cloud images come with this.
        let debian = "    all-en:\n      match:\n        name: en*\n      dhcp4: true\n    all-eth:\n      match:\n        \
                      name: \"eth*\"\n      dhcp4: true\n";
        assert_eq!(netplan(debian), ["all-eth"]);
        assert_eq!(netplan("    x:\n      match: {name: \"e[st]?0\"}\n"), ["x"]);
        assert_eq!(netplan("    x:\n      match: {macaddress: \"52:54:00:00:00:01\"}\n"), ["x"]);
        assert_eq!(netplan("    x:\n      match: {macaddress: 52:54:00:00:00:01, name: en*}\n"), [""; 0]);
        assert_eq!(
            netplan("    x:\n      match:\n        macaddress: 52:54:00:00:00:01\n      set-name: eth0\n"),
            [""; 0]
        );
        let route = |to: &str, via: &str| format!("    eth0:\n      routes:\n      - to: {to}\n        via: {via}\n");
        assert_eq!(netplan(&route("default", "10.9.0.1")), [""; 0]);
        assert_eq!(netplan(&route("10.5.0.0/16", "10.9.0.1")), ["routes"]);
        assert_eq!(netplan(&route("\"::/0\"", "\"fd09::1\"")), ["routes"]);
        assert_eq!(netplan("    eth0:\n      routes: [{to: 10.5.0.0/16, via: 10.9.0.1}]\n"), ["routes"]);
        assert_eq!(
            netplan("    eth0:\n      routing-policy:\n      - from: 10.9.0.2\n    eth1:\n      gateway6: fd09::1\n"),
            ["routing-policy"]
        );

        let networkd = |text: &str| told(Tool::Networkd, "etc/systemd/network/a.network", text).len();
        let route = "[Route]\nDestination=10.5.0.0/16\nGateway=10.9.0.1\n";
        assert_eq!(networkd(&format!("[Match]\nName=en* eth*\n\n{route}")), 1);
        assert_eq!(networkd(&format!("[Match]\nName=!eth0\n\n{route}")), 0);
        assert_eq!(networkd(&format!("[Match]\nMACAddress={MAC}\n\n[Network]\nVLAN=eth0.5\n\n{route}")), 2);
        assert_eq!(networkd("[Match]\nName=eth0\n[Network]\nDHCP=yes\n[Route]\nGateway=10.9.0.1\n"), 0);
    }

    #[test]
    fn networkd_gets_files_that_come_first() {
        let theirs = ("etc/systemd/network/20-wired.network", "[Match]\nName=eth0\n[Network]\nDHCP=yes\n");
        let found = there_and_back(Tool::Networkd, &[theirs]);
        let names: Vec<_> = found.iter().map(|(path, _)| path.trim_start_matches("etc/systemd/network/")).collect();
        assert_eq!(names[..3], ["05-cplan-br0.netdev", "05-cplan-br0.network", "05-cplan-br0-port.network"]);
        assert!(names.iter().all(|name| *name < "20-wired.network" || name.starts_with("etc/")));
    }
}
