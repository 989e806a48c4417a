//! What a machine needs of an image: `lab_image.x.boot`.

use std::path::Path;

use cplan_model::{Type, Value};

use super::wanted::UEFI;
use crate::arch::Arch;
use crate::{guest_init, guest_system};

/// The files of an image.
pub(crate) const KERNEL: &str = "kernel";
/// See [`KERNEL`].
pub(crate) const INITRD: &str = "initrd.img";
/// See [`KERNEL`].
pub(crate) const DISK: &str = "disk.qcow2";
/// The list of what dpkg has installed in a system, which images that are made of it begin with.
pub(crate) const STATUS: &str = "dpkg.status";

/// How an image boots and takes over its seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Flavor {
    /// A kernel and an initial RAM file system, entered directly.
    Micro,
    /// A Debian system on the disk with systemd, its kernel entered directly.
    Systemd,
    /// A disk with a boot loader of its own and cloud-init.
    Cloud,
}

impl Flavor {
    /// As it stands in a configuration.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Flavor::Micro => "micro",
            Flavor::Systemd => "systemd",
            Flavor::Cloud => "cloud",
        }
    }

    /// By its name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        [Flavor::Micro, Flavor::Systemd, Flavor::Cloud].into_iter().find(|flavor| flavor.name() == name)
    }

    /// That of an image's values, if it is known.
    pub(crate) fn of_values(values: &Value) -> Option<Self> {
        values.get("flavor").and_then(Value::as_str).and_then(Flavor::of)
    }

    /// The files that a whole image has.
    pub(crate) fn files(self) -> &'static [&'static str] {
        match self {
            Flavor::Micro => &[KERNEL, INITRD, DISK],
            Flavor::Systemd => &[KERNEL, INITRD, DISK, STATUS],
            Flavor::Cloud => &[DISK],
        }
    }

    /// The value of `boot` of an image that has no digest yet: all but what follows from the digest is known.
    pub(crate) fn boot_to_be(self, values: &Value) -> Value {
        let boot = self.boot(Path::new(""), "", values);
        let boot = ["arch", "firmware"].into_iter().fold(boot, |boot, name| match values.get(name) {
            Some(value) if !value.is_known() => boot.with(name, value.clone()),
            _ => boot,
        });
        ["digest", "disk", "kernel", "initrd"].into_iter().fold(boot, |boot, name| {
            let known = boot.get(name).is_some_and(Value::is_null);
            if known { boot } else { boot.with(name, Value::unknown(Type::String)) }
        })
    }

    /// The value of `boot` of an image in its folder, whose `values` tell its architecture and firmware.
    pub(crate) fn boot(self, dir: &Path, digest: &str, values: &Value) -> Value {
        let of = |name: &str| values.get(name).and_then(Value::as_str);
        let arch = of("arch").and_then(Arch::of).unwrap_or(Arch::of_this_host());
        // Null is what a board starts with by itself.
        let firmware = of("firmware").filter(|firmware| *firmware == UEFI).map(str::to_owned);
        let text = |text: Option<String>| text.map_or_else(|| Value::null(Type::String), Value::string);
        let file =
            |name: &str| text(self.files().contains(&name).then(|| dir.join(name).to_string_lossy().into_owned()));
        let (command_line, seed) = match self {
            Flavor::Micro => (Some(guest_init::command_line(arch)), "tar"),
            Flavor::Systemd => (Some(guest_system::command_line(arch)), "nocloud"),
            Flavor::Cloud => (None, "nocloud"),
        };
        Value::object([
            ("digest", Value::string(digest)),
            ("flavor", Value::string(self.name())),
            ("arch", Value::string(arch.name())),
            ("firmware", text(firmware)),
            ("kernel", file(KERNEL)),
            ("initrd", file(INITRD)),
            ("disk", file(DISK)),
            ("cmdline", text(command_line)),
            ("seed", Value::string(seed)),
        ])
    }
}

/// The type of `lab_image.x.boot`: what a machine starts from. `digest` names the image, `flavor` (`micro`, `systemd`,
/// `cloud`) and `arch` (`amd64`, `arm64`) say what it is; `kernel`, `initrd` and `disk` are paths on the host, of which the
/// first two and the kernel's command line `cmdline` are null where the disk boots by itself; `disk` is the read-only
/// base of every machine's overlay; `seed` is the form of the seed that the guest reads: `tar` or `nocloud`; `firmware` is
/// `uefi` where the disk needs that, and null otherwise.
pub fn boot_type() -> Type {
    let names = ["digest", "flavor", "arch", "kernel", "initrd", "disk", "cmdline", "seed", "firmware"];
    Type::object_with_optional(names.map(|name| (name, Type::String)), ["firmware"])
}

#[cfg(test)]
mod tests {
    use cplan_model::convert;

    use super::*;

    #[test]
    fn every_flavor_says_all_of_its_type() {
        for flavor in [Flavor::Micro, Flavor::Systemd, Flavor::Cloud] {
            let values = Value::object([("arch", Value::string("arm64")), ("firmware", Value::string("uefi"))]);
            let boot = flavor.boot(Path::new("/c/images/d"), "d", &values);
            assert!(convert(&boot, &boot_type()).is_ok_and(|converted| converted == boot));
            assert_eq!(boot.get("arch").and_then(Value::as_str), Some("arm64"));
            assert_eq!(boot.get("firmware").and_then(Value::as_str), Some("uefi"));
            assert_eq!(Flavor::of(flavor.name()), Some(flavor));
            assert_eq!(boot.get("disk").and_then(Value::as_str), Some("/c/images/d/disk.qcow2"));
            assert_eq!(boot.get("kernel").is_some_and(Value::is_null), flavor == Flavor::Cloud);
        }
    }
}
