//! Which files of which packages make the root of a micro guest.

use super::resolution::BASE;
use super::{ImageError, PackageCache, Resolution, busybox, kernel, package};
use crate::arch::Arch;
use crate::guest_init;
use crate::initramfs::{
    BOOT_MODULES, Content, LAZY_MODULES, Pool, Tree, Users, add_closure, add_modules, compress, is_module, pack,
    system_users,
};

/// Of the packages that every image has, only these files.
const BASE_FILES: [&str; 7] = [
    "usr/bin/busybox",
    "usr/bin/dash",
    "usr/bin/dropbearconvert",
    "usr/bin/ip",
    "usr/bin/ss",
    "usr/sbin/dropbear",
    "usr/sbin/tc",
];

/// And everything below this: the names of routing tables.
const BASE_FOLDER: &str = "etc/iproute2/";

/// Parts of packages that no program needs to run.
const LEFT_OUT: [&str; 21] = [
    "etc/apparmor.d/",
    "etc/cron.",
    "etc/init.d/",
    "etc/logrotate.d/",
    "etc/runit/",
    "etc/sv/",
    "etc/systemd/",
    "etc/ufw/",
    "usr/include/",
    "usr/lib/systemd/",
    "usr/lib/sysusers.d/",
    "usr/lib/tmpfiles.d/",
    "usr/share/bash-completion/",
    "usr/share/bug/",
    "usr/share/doc-base/",
    "usr/share/doc/",
    "usr/share/info/",
    "usr/share/lintian/",
    "usr/share/locale/",
    "usr/share/man/",
    "usr/share/runit/",
];

/// Applets of busybox that belong to administrators; the kernel looks for modprobe there.
const SBIN_APPLETS: [&str; 8] = ["acpid", "halt", "init", "insmod", "modprobe", "poweroff", "reboot", "rmmod"];

/// The kernel and the packed initial RAM file system.
pub(crate) struct Contents {
    /// What QEMU's `-kernel` gets.
    pub(crate) kernel: Vec<u8>,
    /// What QEMU's `-initrd` gets.
    pub(crate) initrd: Vec<u8>,
}

/// Takes the image together from package files that are in the cache already.
pub(crate) fn assemble(
    resolution: &Resolution,
    packages: &PackageCache,
    arch: Arch,
    say: &dyn Fn(&str) -> Result<(), ImageError>,
) -> Result<Contents, ImageError> {
    let mut tree = Tree::merged_usr();
    guest_init::install(&mut tree, arch);
    let mut users = Users::default();
    say("unpacking programs")?;
    for (name, pinned) in &resolution.programs {
        let deb = packages.path(&pinned.sha256);
        let base = BASE.contains(&name.as_str());
        let files = package::read_package(&deb, |path| if base { in_base(path, arch) } else { wanted(path) })?;
        for (path, node) in files.iter() {
            // A folder of a package must not take away the mode of one of ours.
            if !(matches!(node.content, Content::Dir) && tree.contains(path)) {
                tree.insert(path, node.clone());
            }
        }
        if !base {
            for (user, home) in system_users(&package::install_script(&deb)?) {
                users.add(user, home);
            }
        }
    }
    tree.link("usr/bin/sh", "dash");
    tree.link("usr/sbin/ip", "../bin/ip");
    add_applets(&mut tree)?;

    say("unpacking libraries")?;
    let mut pool = Pool::default();
    for pinned in resolution.libraries.values() {
        pool.add(&package::read_package(&packages.path(&pinned.sha256), |path| path.contains(".so"))?);
    }
    add_closure(&mut tree, &pool, arch).map_err(|(library, file)| ImageError::MissingLibrary { file, library })?;
    users.install(&mut tree);

    say("unpacking the kernel")?;
    let incomplete = |what: &str| ImageError::Incomplete { package: "kernel".to_owned(), what: what.to_owned() };
    let (name, pinned) = resolution.kernel.first_key_value().ok_or_else(|| incomplete("entry in cplan.lock"))?;
    let release = name.strip_prefix("linux-image-").unwrap_or(name);
    let deb = packages.path(&pinned.sha256);
    let files = package::read_package(&deb, |path| path.starts_with("boot/vmlinuz") || is_module(path))?;
    add_modules(&mut tree, &files, release, &BOOT_MODULES, &LAZY_MODULES);
    let packed = files.data(&format!("boot/vmlinuz-{release}")).ok_or_else(|| incomplete("boot/vmlinuz"))?;
    let kernel = kernel::plain_kernel(packed).unwrap_or_else(|| packed.to_vec());

    say("packing the initial RAM file system")?;
    Ok(Contents { kernel, initrd: compress(&pack(&tree)) })
}

/// The paths of the base packages that go in.
fn in_base(path: &str, arch: Arch) -> bool {
    // The tables of netem's delay distributions. A plug-in of tc would need more libraries, and none serves what is shaped
    // here.
    let tables = path.strip_prefix(arch.library_dir()).is_some_and(|rest| rest.starts_with("/tc/"));
    BASE_FILES.contains(&path) || path.starts_with(BASE_FOLDER) || tables && !path.ends_with(".so")
}

/// The paths of a named package that go in.
fn wanted(path: &str) -> bool {
    let inside = format!("{path}/");
    !LEFT_OUT.iter().any(|part| path.starts_with(part) || inside == *part) && !path.ends_with(".a")
}

/// A link for every applet whose name no package took: iproute2's `ip` and `tc` win over busybox's.
fn add_applets(tree: &mut Tree) -> Result<(), ImageError> {
    let incomplete = |what: &str| ImageError::Incomplete { package: "busybox-static".into(), what: what.into() };
    let program = tree.data("usr/bin/busybox").ok_or_else(|| incomplete("usr/bin/busybox"))?;
    let applets = busybox::applets(program).ok_or_else(|| incomplete("table of its programs"))?;
    for applet in applets.iter().map(String::as_str) {
        let taken = ["usr/bin", "usr/sbin"].iter().any(|folder| tree.contains(&format!("{folder}/{applet}")));
        if !taken {
            let folder = if SBIN_APPLETS.contains(&applet) { "usr/sbin" } else { "usr/bin" };
            tree.link(&format!("{folder}/{applet}"), "/bin/busybox");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_runs_and_leaves_what_documents() {
        for path in ["usr/sbin/mosquitto", "etc/mosquitto/mosquitto.conf", "var/lib/mosquitto", "usr/share/mosquitto/x"]
        {
            assert!(wanted(path), "{path}");
        }
        for path in ["usr/share/doc", "usr/share/man/man8/x.gz", "etc/init.d/mosquitto", "usr/lib/systemd/system/x"] {
            assert!(!wanted(path), "{path}");
        }
        assert!(in_base("usr/lib/x86_64-linux-gnu/tc/normal.dist", Arch::Amd64) && in_base("usr/sbin/tc", Arch::Arm64));
        assert!(in_base("usr/lib/aarch64-linux-gnu/tc/normal.dist", Arch::Arm64));
        assert!(!in_base("usr/lib/x86_64-linux-gnu/tc/m_xt.so", Arch::Amd64));
        assert!(!in_base("usr/bin/dropbearkey", Arch::Amd64));
    }
}
