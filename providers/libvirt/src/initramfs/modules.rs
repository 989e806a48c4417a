//! Kernel modules: which go in, in which order they load, and the tables by which the kernel finds the others.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::elf::module_info;
use super::{Content, Tree};

/// Loaded by init before anything else, each after what it depends on.
pub(crate) const BOOT_MODULES: [&str; 5] = ["virtio_pci", "virtio_blk", "overlay", "virtio_net", "virtio_rng"];

/// There when the kernel or a user asks: traffic control, virtual devices, the balloon, the power button.
pub(crate) const LAZY_MODULES: [&str; 32] = [
    "act_gact",
    "act_mirred",
    "act_police",
    "act_skbedit",
    "bridge",
    "button",
    "cls_basic",
    "cls_flower",
    "cls_fw",
    "cls_matchall",
    "cls_u32",
    "dummy",
    "em_u32",
    "evdev",
    "ifb",
    "inet_diag",
    "macvlan",
    "sch_cake",
    "sch_fq",
    "sch_htb",
    "sch_ingress",
    "sch_netem",
    "sch_prio",
    "sch_sfq",
    "sch_tbf",
    "tcp_bbr",
    "tcp_diag",
    "tun",
    "udp_diag",
    "veth",
    "virtio_balloon",
    "vxlan",
];

struct Module {
    path: String,
    data: Vec<u8>,
    depends: Vec<String>,
}

/// Takes modules that are loaded first and others, with those they depend on, out of a kernel package into a tree, and
/// writes `/etc/cplan/boot-modules`, `modules.dep` and `modules.alias`. A module that this kernel has built in is left out.
pub(crate) fn add_modules(tree: &mut Tree, kernel: &Tree, release: &str, first: &[&str], others: &[&str]) {
    let root = format!("usr/lib/modules/{release}/");
    let mut available = BTreeMap::new();
    for (path, node) in kernel.iter() {
        if let (Some(inner), Content::File(data)) = (path.strip_prefix(&root), &node.content)
            && let Some(plain) = Some(inner.strip_suffix(".xz").unwrap_or(inner)).filter(|p| p.ends_with(".ko"))
            && let Some(name) = plain.trim_end_matches(".ko").rsplit('/').next()
        {
            available.insert(name.replace('-', "_"), (plain.to_owned(), data));
        }
    }
    let mut modules: BTreeMap<String, Module> = BTreeMap::new();
    let mut open: Vec<String> = first.iter().chain(others).map(|m| (*m).to_owned()).collect();
    while let Some(name) = open.pop() {
        if modules.contains_key(&name) {
            continue;
        }
        let Some((path, Some(data))) = available.get(&name).map(|(path, data)| (path, unpacked(data))) else {
            continue;
        };
        let depends: Vec<String> = module_info(&data, "depends")
            .iter()
            .flat_map(|list| list.split(','))
            .map(|dependency| dependency.replace('-', "_"))
            .collect();
        open.extend(depends.iter().cloned());
        modules.insert(name, Module { path: path.clone(), data: data.into_owned(), depends });
    }

    let (mut dependencies, mut aliases, mut boot) = (String::new(), String::new(), String::new());
    for (name, module) in &modules {
        let mut order = Vec::new();
        load_order(&modules, name, &mut order);
        // modules.dep lists dependencies in reverse order of loading.
        let needs: Vec<_> =
            order.iter().rev().skip(1).filter_map(|m| modules.get(*m)).map(|m| m.path.as_str()).collect();
        dependencies.push_str(&format!("{}: {}\n", module.path, needs.join(" ")));
        for alias in module_info(&module.data, "alias") {
            aliases.push_str(&format!("alias {alias} {name}\n"));
        }
        tree.file(&format!("{root}{}", module.path), 0o644, module.data.clone());
    }
    let mut order = Vec::new();
    for name in first {
        load_order(&modules, name, &mut order);
    }
    for module in order.iter().filter_map(|m| modules.get(*m)) {
        boot.push_str(&format!("/{root}{}\n", module.path));
    }
    tree.file("etc/cplan/boot-modules", 0o644, boot);
    tree.file(&format!("{root}modules.dep"), 0o644, dependencies);
    tree.file(&format!("{root}modules.alias"), 0o644, aliases);
}

/// Whether a file of a kernel package is a module, packed (as from Debian 13 on) or not.
pub(crate) fn is_module(path: &str) -> bool {
    path.ends_with(".ko") || path.ends_with(".ko.xz")
}

/// The guest loads modules with a program that unpacks none.
fn unpacked(data: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !data.starts_with(b"\xfd7zXZ\0") {
        return Some(Cow::Borrowed(data));
    }
    let mut plain = Vec::new();
    lzma_rs::xz_decompress(&mut &data[..], &mut plain).ok()?;
    Some(Cow::Owned(plain))
}

/// Appends a module after everything it depends on, each once.
fn load_order<'a>(modules: &'a BTreeMap<String, Module>, name: &str, order: &mut Vec<&'a str>) {
    let Some((name, module)) = modules.get_key_value(name) else { return };
    if order.contains(&name.as_str()) {
        return;
    }
    for dependency in &module.depends {
        load_order(modules, dependency, order);
    }
    order.push(name);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_modules_are_unpacked() {
        let mut packed = Vec::new();
        lzma_rs::xz_compress(&mut &b"\x7fELF no module"[..], &mut packed).unwrap();
        let mut kernel = Tree::merged_usr();
        kernel.file("usr/lib/modules/6.12/kernel/net/failover.ko.xz", 0o644, packed);
        kernel.file("usr/lib/modules/6.12/kernel/drivers/virtio-rng.ko", 0o644, "plain");
        let mut tree = Tree::merged_usr();
        add_modules(&mut tree, &kernel, "6.12", &["failover", "virtio_rng", "built_in"], &[]);
        let root = "usr/lib/modules/6.12/kernel";
        assert_eq!(tree.data(&format!("{root}/net/failover.ko")), Some(&b"\x7fELF no module"[..]));
        assert_eq!(tree.data(&format!("{root}/drivers/virtio-rng.ko")), Some(&b"plain"[..]));
        let boot = format!("/{root}/net/failover.ko\n/{root}/drivers/virtio-rng.ko\n");
        assert_eq!(tree.data("etc/cplan/boot-modules"), Some(boot.as_bytes()));
    }

    #[test]
    fn orders_by_dependency() {
        let module = |depends: &[&str]| Module {
            path: String::new(),
            data: Vec::new(),
            depends: depends.iter().map(|d| (*d).to_owned()).collect(),
        };
        let modules = BTreeMap::from([
            ("virtio".to_owned(), module(&["virtio_ring"])),
            ("virtio_net".to_owned(), module(&["virtio", "net_failover"])),
            ("virtio_ring".to_owned(), module(&[])),
        ]);
        let mut order = Vec::new();
        load_order(&modules, "virtio_net", &mut order);
        assert_eq!(order, ["virtio_ring", "virtio", "virtio_net"]);
    }
}
