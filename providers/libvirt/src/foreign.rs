//! Whether this host runs programs of another architecture, as the installation of its packages demands.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::arch::Arch;

/// How to let a host run them.
pub(crate) fn remedy(arch: Arch) -> String {
    let interpreter = format!("qemu-{}", arch.kernel_name());
    format!("apt-get install -y qemu-user-static binfmt-support && update-binfmts --enable {interpreter}")
}

/// Runs the smallest program there is, below a folder where it finds nothing else: the interpreter must have been opened
/// when it was registered (flag `F`). A look at what is registered would not do, because namespaces may hide it.
pub(crate) fn runs(arch: Arch, folder: &Path) -> bool {
    if arch == Arch::of_this_host() {
        return true;
    }
    let program = folder.join("probe");
    let written = std::fs::write(&program, smallest(arch))
        .and_then(|()| std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)));
    if written.is_err() {
        return false;
    }
    let mut command = if is_root() { Command::new("chroot") } else { Command::new(&program) };
    if is_root() {
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").arg(folder).arg("/probe");
    }
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let _ = std::fs::remove_file(&program);
    status.is_ok_and(|status| status.success())
}

/// Whether root does this.
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// An ELF file with one segment, whose only instructions are those of `exit(0)`.
fn smallest(arch: Arch) -> Vec<u8> {
    const HEADERS: u64 = 64 + 56;
    const BASE: u64 = 0x40_0000;
    let (machine, code): (u16, Vec<u8>) = match arch {
        // mov eax, 60; xor edi, edi; syscall
        Arch::Amd64 => (62, vec![0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05]),
        // mov x8, 93; mov x0, 0; svc 0
        Arch::Arm64 => (183, [0xd280_0ba8u32, 0xd280_0000, 0xd400_0001].map(u32::to_le_bytes).concat()),
    };
    let size = HEADERS + code.len() as u64;
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    file.extend([2u16, machine].map(u16::to_le_bytes).concat()); // ET_EXEC
    file.extend(1u32.to_le_bytes());
    file.extend([BASE + HEADERS, 64, 0].map(u64::to_le_bytes).concat()); // entry, program headers, section headers
    file.extend(0u32.to_le_bytes());
    file.extend([64u16, 56, 1, 64, 0, 0].map(u16::to_le_bytes).concat());
    file.extend([1u32, 5].map(u32::to_le_bytes).concat()); // PT_LOAD, read and execute
    file.extend([0, BASE, BASE, size, size, 0x1_0000].map(u64::to_le_bytes).concat());
    file.extend(code);
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_program_of_this_host_runs_and_damage_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own");
        let run = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
            Command::new(&path).status().is_ok_and(|status| status.success())
        };
        assert!(run(&smallest(Arch::of_this_host())));
        assert!(!run(&smallest(Arch::of_this_host())[..100]));
        assert!(runs(Arch::of_this_host(), folder.path()));
    }

    #[test]
    fn nothing_runs_and_nothing_is_left_where_nothing_can_be_written() {
        let other = Arch::ALL.into_iter().find(|arch| *arch != Arch::of_this_host()).unwrap();
        assert!(!runs(other, Path::new("/no/such/folder")));
        let folder = tempfile::tempdir().unwrap();
        runs(other, folder.path());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
