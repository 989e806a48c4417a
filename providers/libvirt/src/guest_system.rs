//! What makes a system that dpkg installed a guest of the lab: its way from the kernel to systemd, and what reads its seed.

use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use crate::arch::Arch;
use crate::guest_scripts::{ADDRESSES, CLOCK};
use crate::initramfs::Tree;

/// From the initramfs to the disk.
const INIT: &str = include_str!("guest_system/init.sh");
/// From the seed to addresses and keys.
const SEED: &str = include_str!("guest_system/seed.sh");
const SERVICE: &str = include_str!("guest_system/seed.service");

/// Found by nobody who looks for documentation; kept small, as images for virtual machines are.
const DPKG: &str = "path-exclude=/usr/share/doc/*\npath-include=/usr/share/doc/*/copyright\n\
    path-exclude=/usr/share/info/*\npath-exclude=/usr/share/locale/*\npath-exclude=/usr/share/man/*\n";

/// Whoever can open the console already owns the machine, and nobody has a password.
const CONSOLE: &str =
    "[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin root --noclear --keep-baud 115200,9600 - $TERM\n";

/// Work that a lab machine must not begin by itself: it would hold apt's lock, cost time at every start, or make host keys
/// beside the seed's (and keep ssh waiting for it).
const MASKED: [&str; 9] = [
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "getty@tty1.service",
    "sshd-keygen.service",
    "systemd-pstore.service",
    "systemd-firstboot.service",
];

/// ssh comes before whatever else is installed, so that a machine with much software is ready as soon as a bare one. Its
/// own unit would wait for the network, which the seed has brought up already.
const SSH_UNIT: &str = "DefaultDependencies=no\nConflicts=shutdown.target\nAfter=cplan-seed.service sysinit.target\n\
    Before=basic.target shutdown.target\n";

/// What the initramfs loads to find the disk; the others are on it.
pub(crate) const BOOT_MODULES: [&str; 5] = ["virtio_pci", "virtio_blk", "ext4", "virtio_net", "virtio_rng"];

/// The kernel's command line, with names of interfaces as in micro guests.
pub(crate) fn command_line(arch: Arch) -> String {
    format!("{} net.ifnames=0", crate::guest_init::command_line(arch))
}

/// Everything here that shapes the image, for its digest.
pub(crate) fn recipe(arch: Arch) -> Vec<String> {
    let texts =
        [INIT, SEED, ADDRESSES, CLOCK, SERVICE, DPKG, CONSOLE, SSH_UNIT].into_iter().chain(MASKED).chain(BOOT_MODULES);
    texts.map(str::to_owned).chain([command_line(arch)]).collect()
}

/// The initramfs, but for its modules and its busybox.
pub(crate) fn install_initramfs(tree: &mut Tree) {
    for path in ["dev", "etc/cplan", "mnt", "proc", "sys"] {
        tree.dir(path, 0o755);
    }
    tree.device("dev/console", 0o600, 5, 1);
    tree.device("dev/null", 0o666, 1, 3);
    tree.file("init", 0o755, INIT);
    for applet in ["insmod", "mount", "poweroff", "switch_root"] {
        tree.link(&format!("usr/sbin/{applet}"), "/bin/busybox");
    }
}

/// What dpkg heeds while it installs, so put there first.
pub(crate) fn dpkg_options() -> impl Iterator<Item = &'static str> {
    DPKG.lines()
}

/// Puts our files into the root of an installed system, and takes away what must differ between machines.
pub(crate) fn install(root: &Path, sources: &[String]) -> io::Result<()> {
    let write = |path: &str, mode: u32, text: &str| -> io::Result<()> {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        // What is there may be a link that leads out of this root.
        remove(&path)?;
        std::fs::write(&path, text)?;
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode))
    };
    let link = |path: &str, target: &str| -> io::Result<()> {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        remove(&path)?;
        symlink(target, path)
    };
    write("usr/lib/cplan/seed", 0o755, SEED)?;
    write("usr/lib/cplan/addresses", 0o644, ADDRESSES)?;
    write("usr/lib/cplan/clock", 0o644, CLOCK)?;
    write("usr/lib/systemd/system/cplan-seed.service", 0o644, SERVICE)?;
    link("etc/systemd/system/sysinit.target.wants/cplan-seed.service", "/usr/lib/systemd/system/cplan-seed.service")?;
    write("etc/systemd/system/serial-getty@.service.d/cplan.conf", 0o644, CONSOLE)?;
    let ssh = std::fs::read_to_string(root.join("usr/lib/systemd/system/ssh.service"))?;
    write("etc/systemd/system/ssh.service", 0o644, &early(&ssh))?;
    link("etc/systemd/system/basic.target.wants/ssh.service", "/etc/systemd/system/ssh.service")?;
    for unit in MASKED {
        link(&format!("etc/systemd/system/{unit}"), "/dev/null")?;
    }
    write("etc/dpkg/dpkg.cfg.d/cplan", 0o644, DPKG)?;
    write("etc/apt/sources.list", 0o644, &sources.iter().map(|line| format!("{line}\n")).collect::<String>())?;
    write("etc/fstab", 0o644, "/dev/vda / ext4 noatime 0 0\n")?;
    write("etc/hosts", 0o644, "127.0.0.1 localhost\n::1 localhost\n")?;
    write("etc/hostname", 0o644, "")?;
    write("etc/machine-id", 0o444, "")?;
    write("etc/resolv.conf", 0o644, "")?;
    for folder in ["etc/ssh", "etc/dpkg/dpkg.cfg.d", "etc/apt/apt.conf.d", "var/log", "var/log/apt"] {
        let entries = match std::fs::read_dir(root.join(folder)) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => return Err(e),
        };
        for entry in entries {
            let (path, name) = entry.map(|e| (e.path(), e.file_name().to_string_lossy().into_owned()))?;
            if name.starts_with("ssh_host_") || name.ends_with("99mmdebstrap") || name.ends_with(".log") {
                remove(&path)?;
            }
        }
    }
    Ok(())
}

/// A unit that waits for nothing but the seed.
fn early(unit: &str) -> String {
    let kept = unit.lines().filter(|line| !line.starts_with("After="));
    kept.map(|line| if line == "[Unit]" { format!("[Unit]\n{SSH_UNIT}") } else { format!("{line}\n") }).collect()
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installed_system_loses_what_must_differ_and_gets_what_reads_the_seed() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("etc/ssh")).unwrap();
        std::fs::write(root.join("etc/ssh/ssh_host_rsa_key"), "secret").unwrap();
        std::fs::write(root.join("etc/ssh/sshd_config"), "kept").unwrap();
        symlink("/nowhere/outside", root.join("etc/resolv.conf")).unwrap();
        std::fs::create_dir_all(root.join("usr/lib/systemd/system")).unwrap();
        let unit = "[Unit]\nDescription=d\nAfter=network.target\n\n[Service]\nType=notify\n";
        std::fs::write(root.join("usr/lib/systemd/system/ssh.service"), unit).unwrap();
        install(root, &["deb http://d/debian bookworm main".into()]).unwrap();
        install(root, &["deb http://d/debian bookworm main".into()]).unwrap();
        assert!(!root.join("etc/ssh/ssh_host_rsa_key").exists() && root.join("etc/ssh/sshd_config").exists());
        assert!(root.join("etc/resolv.conf").symlink_metadata().unwrap().is_file());
        assert_eq!(std::fs::read_to_string(root.join("etc/machine-id")).unwrap(), "");
        let sources = std::fs::read_to_string(root.join("etc/apt/sources.list")).unwrap();
        assert_eq!(sources, "deb http://d/debian bookworm main\n");
        let ssh = std::fs::read_to_string(root.join("etc/systemd/system/ssh.service")).unwrap();
        assert!(ssh.contains("Before=basic.target") && !ssh.contains("network.target") && ssh.contains("Type=notify"));
        let wants = root.join("etc/systemd/system/sysinit.target.wants/cplan-seed.service");
        assert!(root.join(std::fs::read_link(wants).unwrap().strip_prefix("/").unwrap()).is_file());
    }
}
