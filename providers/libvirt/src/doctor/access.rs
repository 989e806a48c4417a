//! Whether the user that QEMU runs as can get at what it needs.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::Finding;

/// Debian's.
const QEMU_USER: &str = "libvirt-qemu";

/// Whether QEMU can get through to the files below a folder.
pub(super) fn cache_dir(folder: &Path) -> Finding {
    let closed = folder.ancestors().find(|p| p.metadata().is_ok_and(|m| m.mode() & 0o001 == 0));
    match closed {
        Some(closed) if !runs_as_root() => Finding::bad(
            "cache_dir",
            format!("QEMU's user {QEMU_USER} cannot get through {} to {}", closed.display(), folder.display()),
            format!("chmod o+x {}", closed.display()),
        ),
        _ => Finding::good("cache_dir", format!("QEMU can get at {}", folder.display())),
    }
}

/// The first file of an image that QEMU's user cannot read, with what mends it.
pub(super) fn images(folder: &Path) -> Option<Finding> {
    let entries = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let user = user_of(QEMU_USER);
    // What a running machine uses belongs to QEMU's user for that long.
    let closed = entries(&folder.join("images")).flat_map(|image| entries(&image).collect::<Vec<_>>()).find(|file| {
        let facts = file.metadata().ok().filter(std::fs::Metadata::is_file);
        facts.is_some_and(|m| m.mode() & 0o004 == 0 && Some(m.uid()) != user)
    });
    let closed = closed.filter(|_| !runs_as_root())?;
    let found = format!("QEMU's user {QEMU_USER} cannot read {}", closed.display());
    Some(Finding::bad("images", found, format!("chmod o+r {}", closed.display())))
}

/// Who cplan runs as, and what then needs somebody else.
pub(super) fn user() -> Finding {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let numbers = |name: &str| -> Vec<u32> {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.split_whitespace().filter_map(|n| n.parse().ok()).collect()
    };
    if numbers("Uid:").get(1) == Some(&0) {
        return Finding::good("user", "root: nothing is missing");
    }
    let (own, group) = (numbers("Groups:"), std::fs::read_to_string("/etc/group").unwrap_or_default());
    let missing: Vec<&str> = ["libvirt", "kvm"]
        .into_iter()
        .filter(|name| {
            let line = group.lines().find(|line| line.split(':').next() == Some(name));
            line.is_some_and(|line| {
                line.split(':').nth(2).and_then(|g| g.parse().ok()).is_none_or(|g| !own.contains(&g))
            })
        })
        .collect();
    if missing.is_empty() {
        let found = format!("an ordinary user in the groups libvirt and kvm; what needs root: {NEEDS_ROOT}");
        return Finding::good("user", found);
    }
    let groups = missing.join(",");
    let found = format!("an ordinary user, and not in {}", missing.join(" and "));
    Finding::lesser("user", found, format!("As root: usermod -aG {groups} USER; then log in anew."))
}

/// Said by the error, too, where it comes to that.
const NEEDS_ROOT: &str = "plugging running machines into a network again that was stopped behind cplan's back; a cache \
                          in /var/lib/cplan, unless root makes it once: install -d -g libvirt -m 2775 /var/lib/cplan";

/// What is wrong with `/dev/kvm` by the look of it. libvirt asks QEMU anew for its capabilities at every start when the
/// device is there and QEMU's user may not open it, which takes a minute each time.
pub(super) fn kvm_device() -> Option<Finding> {
    let Ok(device) = Path::new("/dev/kvm").metadata() else {
        let remedy =
            "Switch virtualisation on in the firmware, or below this host; then modprobe kvm_intel or kvm_amd.";
        return Some(Finding::lesser("kvm", "/dev/kvm is missing: machines are emulated, many times slower", remedy));
    };
    let groups = groups_of(QEMU_USER);
    let open = device.mode() & 0o006 == 0o006 || (device.mode() & 0o060 == 0o060 && groups.contains(&device.gid()));
    if open || groups.is_empty() || runs_as_root() {
        return None;
    }
    let found =
        format!("{QEMU_USER} cannot open /dev/kvm: machines are emulated, and each start takes a minute longer");
    Some(Finding::lesser("kvm", found, "chgrp kvm /dev/kvm; chmod 660 /dev/kvm"))
}

fn runs_as_root() -> bool {
    let text = std::fs::read_to_string("/etc/libvirt/qemu.conf").unwrap_or_default();
    text.lines()
        .filter_map(|l| l.split_once('='))
        .any(|(key, value)| key.trim() == "user" && ["root", "+0", "0"].contains(&value.trim().trim_matches('"')))
}

/// The number of a user (passwd(5)).
fn user_of(name: &str) -> Option<u32> {
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let own = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    own.split(':').nth(2)?.parse().ok()
}

/// The groups of a user (passwd(5), group(5)); none when there is no such user.
fn groups_of(user: &str) -> Vec<u32> {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let fields = |line: &str| line.split(':').map(str::to_owned).collect::<Vec<_>>();
    let passwd = read("/etc/passwd");
    let Some(own) = passwd.lines().map(fields).find(|f| f.first().is_some_and(|n| n == user)) else {
        return Vec::new();
    };
    let own = own.get(3).and_then(|gid| gid.parse().ok());
    let group = read("/etc/group");
    let member = group.lines().map(fields).filter(|f| f.get(3).is_some_and(|m| m.split(',').any(|n| n == user)));
    own.into_iter().chain(member.filter_map(|f| f.get(2)?.parse().ok())).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::doctor::Health;

    #[test]
    fn a_closed_folder_on_the_way_is_named() {
        if runs_as_root() {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o700)).unwrap();
        let finding = cache_dir(&dir.path().join("cache"));
        assert_eq!((finding.health, finding.remedy), (Health::Bad, format!("chmod o+x {}", dir.path().display())));
        std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o711)).unwrap();
        assert_eq!(cache_dir(&dir.path().join("cache")).health, Health::Good);
    }

    #[test]
    fn a_closed_image_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let disk = dir.path().join("images/d1/disk.qcow2");
        std::fs::create_dir_all(disk.parent().unwrap()).unwrap();
        std::fs::write(&disk, "").unwrap();
        std::fs::set_permissions(&disk, PermissionsExt::from_mode(0o644)).unwrap();
        assert_eq!(images(dir.path()), None);
        std::fs::set_permissions(&disk, PermissionsExt::from_mode(0o600)).unwrap();
        assert_eq!(images(dir.path()).is_some(), !runs_as_root());
    }

    #[test]
    fn groups_come_from_both_files() {
        assert!(groups_of("root").contains(&0));
        assert!(groups_of("no-such-user").is_empty());
    }
}
