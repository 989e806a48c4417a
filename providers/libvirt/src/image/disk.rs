//! The disk that every machine's overlay stands on.

use std::path::Path;
use std::process::Command;

use super::{ImageError, process};

/// How large a machine's disk looks; it takes up only what is written.
const SIZE: u64 = 8 << 30;

/// Fixed, so that the same disk is made every time.
const UUID: &str = "0c91a400-0000-4000-8000-c91a00000001";

/// Small, because machines may be killed at any time; but growing while it is mounted takes more than a thousand blocks at
/// once, one for each that is reserved for the table of groups, and the kernel gives a fourth of the journal to one transaction.
const JOURNAL: &str = "size=32";

/// Makes an ext4 file system in a qcow2 file, empty or with what is in a folder.
pub(crate) fn make_disk(target: &Path, scratch: &Path, content: Option<&Path>) -> Result<(), ImageError> {
    let raw = scratch.join("disk.raw");
    let make = || std::fs::File::create(&raw)?.set_len(SIZE);
    make().map_err(|e| ImageError::io("write", &raw, e))?;
    let extended = format!("hash_seed={UUID},assume_storage_prezeroed=1,nodiscard,root_owner=0:0");
    let mut command = Command::new("mke2fs");
    // A user's PATH lacks /sbin; and times in the file system would differ from build to build.
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("E2FSPROGS_FAKE_TIME", "1700000000").env("LC_ALL", "C");
    command.args(["-q", "-F", "-t", "ext4", "-m", "0", "-J", JOURNAL, "-L", "cplan-root", "-U", UUID, "-E", &extended]);
    if let Some(folder) = content {
        command.arg("-d").arg(folder);
    }
    process::run(command.arg(&raw), "mke2fs -t ext4 disk.raw")?;
    to_qcow2(&raw, target)
}

/// A raw disk becomes a qcow2 file, and goes.
pub(crate) fn to_qcow2(raw: &Path, target: &Path) -> Result<(), ImageError> {
    let mut command = Command::new("qemu-img");
    command.args(["convert", "-f", "raw", "-O", "qcow2"]).arg(raw).arg(target);
    process::run(&mut command, "qemu-img convert -O qcow2 disk.raw disk.qcow2")?;
    std::fs::remove_file(raw).map_err(|e| ImageError::io("remove", raw, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kernel of a machine refuses it otherwise ("resize2fs wants too many credits").
    #[test]
    fn a_file_system_can_grow_while_it_is_mounted() {
        if ["mke2fs", "dumpe2fs", "qemu-img"].iter().any(|program| crate::doctor::find(program).is_none()) {
            eprintln!("skipped: e2fsprogs and qemu-utils are needed");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let [disk, raw] = ["disk.qcow2", "raw"].map(|name| dir.path().join(name));
        make_disk(&disk, dir.path(), None).unwrap();
        let back = Command::new("qemu-img").args(["convert", "-O", "raw"]).arg(&disk).arg(&raw).status().unwrap();
        assert!(back.success());
        let dumpe2fs = crate::doctor::find("dumpe2fs").unwrap();
        let told = Command::new(dumpe2fs).env("LC_ALL", "C").arg("-h").arg(&raw).output().unwrap();
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        let number = |name: &str| -> u64 {
            let line =
                told.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {told}"));
            line.trim().parse().unwrap()
        };
        let (journal, reserved) = (number("Total journal blocks:"), number("Reserved GDT blocks:"));
        assert!(journal / 4 > reserved + 16, "{journal} {reserved}");
    }
}
