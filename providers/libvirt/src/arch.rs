//! The architectures that images and machines can have, and what differs between them.

use cplan_model::Value;

/// An architecture, by Debian's name of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Arch {
    /// 64-bit x86.
    Amd64,
    /// 64-bit ARM.
    Arm64,
}

impl Arch {
    /// All of them.
    pub const ALL: [Arch; 2] = [Arch::Amd64, Arch::Arm64];

    /// As it stands in a configuration, and as Debian calls it: `amd64`, `arm64`.
    pub fn name(self) -> &'static str {
        match self {
            Arch::Amd64 => "amd64",
            Arch::Arm64 => "arm64",
        }
    }

    /// By its name.
    pub fn of(name: &str) -> Option<Self> {
        Arch::ALL.into_iter().find(|arch| arch.name() == name)
    }

    /// That of this host; `amd64` of a host that is neither.
    pub(crate) fn of_this_host() -> Self {
        if cfg!(target_arch = "aarch64") { Arch::Arm64 } else { Arch::Amd64 }
    }

    /// An object with this `arch`, if it is one and says none itself.
    pub(crate) fn filled_in(object: Value, arch: &Value) -> Value {
        let lacks = object.is_known() && !object.is_null() && object.get("arch").is_none_or(Value::is_null);
        if lacks { object.with("arch", arch.clone()) } else { object }
    }

    /// As the kernel, libvirt and QEMU call it: `x86_64`, `aarch64`.
    pub(crate) fn kernel_name(self) -> &'static str {
        match self {
            Arch::Amd64 => "x86_64",
            Arch::Arm64 => "aarch64",
        }
    }

    /// By the kernel's name.
    pub(crate) fn of_kernel_name(name: &str) -> Option<Self> {
        Arch::ALL.into_iter().find(|arch| arch.kernel_name() == name)
    }

    /// The only one that a file's name speaks of, if it does: `noble-server-cloudimg-arm64.img`.
    pub(crate) fn in_file_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let said = |arch: &Arch| match arch {
            Arch::Amd64 => ["amd64", "x86_64", "x86-64"].iter().any(|word| name.contains(word)),
            Arch::Arm64 => ["arm64", "aarch64"].iter().any(|word| name.contains(word)),
        };
        let mut found = Arch::ALL.into_iter().filter(said);
        found.next().filter(|_| found.next().is_none())
    }

    /// The board that QEMU makes of it, with PCI Express and virtio.
    pub(crate) fn board(self) -> &'static str {
        match self {
            Arch::Amd64 => "q35",
            Arch::Arm64 => "virt",
        }
    }

    /// The processor for QEMU's translator: an old model boots faster than `max`, whose guest sets up what is emulated
    /// slowly. Without `rdrand` random numbers, and so ssh, wait for entropy; ARM boards get theirs in the device tree.
    pub(crate) fn emulated_cpu(self) -> (&'static str, Option<&'static str>) {
        match self {
            Arch::Amd64 => ("Westmere", Some("rdrand")),
            Arch::Arm64 => ("cortex-a72", None),
        }
    }

    /// The serial port in a guest.
    pub(crate) fn console(self) -> &'static str {
        match self {
            Arch::Amd64 => "ttyS0",
            Arch::Arm64 => "ttyAMA0",
        }
    }

    /// Where Debian keeps libraries.
    pub(crate) fn library_dir(self) -> &'static str {
        match self {
            Arch::Amd64 => "usr/lib/x86_64-linux-gnu",
            Arch::Arm64 => "usr/lib/aarch64-linux-gnu",
        }
    }

    /// The folder in which programs look for their loader, which leads to one in [`Arch::library_dir`].
    pub(crate) fn loader_dir(self) -> &'static str {
        match self {
            Arch::Amd64 => "usr/lib64",
            Arch::Arm64 => "usr/lib",
        }
    }

    /// QEMU's program for machines of it, and the Debian package that has it.
    pub(crate) fn emulator(self) -> (&'static str, &'static str) {
        match self {
            Arch::Amd64 => ("qemu-system-x86_64", "qemu-system-x86"),
            Arch::Arm64 => ("qemu-system-aarch64", "qemu-system-arm"),
        }
    }

    /// The UEFI firmware as one file, and the Debian package that has it.
    pub(crate) fn firmware(self) -> (&'static str, &'static str) {
        match self {
            Arch::Amd64 => ("/usr/share/ovmf/OVMF.fd", "ovmf"),
            Arch::Arm64 => ("/usr/share/qemu-efi-aarch64/QEMU_EFI.fd", "qemu-efi-aarch64"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_names() {
        for arch in Arch::ALL {
            assert_eq!(Arch::of(arch.name()), Some(arch));
            assert_eq!(Arch::of_kernel_name(arch.kernel_name()), Some(arch));
        }
        assert_eq!(Arch::of("x86_64"), None);
    }

    #[test]
    fn names_of_files_speak_of_one_or_of_none() {
        assert_eq!(Arch::in_file_name("debian-12-genericcloud-arm64.qcow2"), Some(Arch::Arm64));
        assert_eq!(Arch::in_file_name("Fedora-Cloud-Base.x86_64-40.qcow2"), Some(Arch::Amd64));
        assert_eq!(Arch::in_file_name("amd64-and-arm64.img"), None);
        assert_eq!(Arch::in_file_name("disk.raw"), None);
    }
}
