//! A host that lacks what machines need: its libvirtd sees no cgroups, as in many a container, and it has neither an
//! emulator for other machines than its own nor firmware. And one without libvirt.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use cplan_tests::capability::{libvirt, require, root};
use cplan_tests::folder::{Finished, Folder, finish};
use cplan_tests::repository::top;

/// A libvirt host beside the one of the other tests.
struct Bed(tempfile::TempDir);

impl Bed {
    fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("cplan-bed-").tempdir_in("/var/tmp").unwrap();
        // QEMU's user has to get through to what libvirt keeps in it.
        std::fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        Bed(dir)
    }

    fn script(&self, verb: &str) -> Command {
        let mut command = Command::new(top().join("tests/host/testbed.sh"));
        command.arg("-d").arg(self.0.path()).arg(verb).env("CPLAN_TESTBED_CGROUPS", "hidden");
        command
    }

    /// Takes a file or a folder of the host away from the bed.
    fn hide(&self, path: &str) {
        let mut command = self.script("enter");
        let script =
            "[ ! -d \"$1\" ] || exec mount -t tmpfs none \"$1\"; [ ! -e \"$1\" ] || exec mount --bind /dev/null \"$1\"";
        command.args(["sh", "-euc", script, "sh", path]);
        finish(command).expect(0);
    }

    fn run(&self, folder: &Folder, arguments: &[&str]) -> Finished {
        let inner = folder.command(arguments);
        let mut command = self.script("enter");
        command.arg(inner.get_program()).args(inner.get_args()).current_dir(folder.path()).env("NO_COLOR", "1");
        finish(command)
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        finish(self.script("down"));
    }
}

const TOPOLOGY: &str = r#"
locals {
  image = {
    digest = "0", arch = "amd64", flavor = "micro", seed = "tar"
    kernel = "/boot/vmlinuz", initrd = "/boot/initrd", disk = "/boot/disk", cmdline = ""
  }
}

resource "lab_network" "m" {
  cidr = "10.86.0.0/24"
}

resource "lab_machine" "slow" {
  name      = "slow"
  cpus      = 1
  cpu_quota = 0.5
  memory    = "160MiB"
  image     = local.image

  management {
    network = lab_network.m.attachment
    address = "10.86.0.11"
  }
}
"#;

#[test]
fn what_a_host_lacks_is_refused_before_anything_is_touched() {
    if !(require("libvirt", libvirt) && require("root", root)) {
        return;
    }
    let (bed, folder) = (Bed::new(), Folder::with(TOPOLOGY));
    let refused = bed.run(&folder, &["plan", "-no-color"]).expect(1).stderr;
    for part in ["main.hcl:16:15", "of libvirtd has no cpu controller", "Leave `cpu_quota` out", "[machine-no-quota]"] {
        assert!(refused.contains(part), "`{part}` is missing in:\n{refused}");
    }
    folder.write("main.hcl", &TOPOLOGY.replace("  cpu_quota = 0.5\n", ""));
    bed.run(&folder, &["plan", "-no-color"]).expect(0);

    // libvirt looks for emulators and firmware whenever it is asked what it has.
    bed.hide("/usr/bin/qemu-system-aarch64");
    bed.hide("/usr/share/qemu/firmware");
    let refused = |topology: String, parts: &[&str]| {
        folder.write("main.hcl", &topology);
        let said = bed.run(&folder, &["plan", "-no-color"]).expect(1).stderr;
        parts.iter().for_each(|part| assert!(said.contains(part), "`{part}` is missing in:\n{said}"));
    };
    let other = TOPOLOGY.replace("  cpu_quota = 0.5\n", "").replace("amd64", "arm64");
    refused(other, &["The machine is of arm64", "apt-get install -y qemu-system-arm`", "[machine-no-emulator]"]);
    let cloud = TOPOLOGY.replace("  cpu_quota = 0.5\n", "").replace("\"tar\"", "\"nocloud\", firmware = \"uefi\"");
    refused(cloud, &["starts through UEFI", "apt-get install -y ovmf`", "[machine-no-firmware]"]);

    let doctor = bed.run(&folder, &["doctor"]).text();
    for part in ["cpu_quota cannot be used", "without `qemu-system-aarch64` no machine of arm64 runs"] {
        assert!(doctor.contains(part), "`{part}` is missing in:\n{doctor}");
    }
}

#[test]
fn a_host_without_libvirts_library_does_all_that_needs_no_libvirt() {
    let mut folder = Folder::with("resource \"terraform_data\" \"d\" {}\n");
    // The dynamic linker takes this one, and finds that it is none.
    folder.write("lib/libvirt.so.0", "no library");
    folder.set("LD_LIBRARY_PATH", folder.path().join("lib"));
    folder.cplan(&["apply", "-auto-approve"]).expect(0);
    folder.write("network.hcl", "resource \"lab_network\" \"m\" {\n  cidr = \"10.86.0.0/24\"\n}\n");
    let refused = folder.cplan(&["plan"]).expect(1).stderr;
    for part in ["the library `libvirt.so.0` cannot be loaded", "apt-get install -y libvirt0` installs it"] {
        assert!(refused.contains(part), "`{part}` is missing in:\n{refused}");
    }
    let doctor = folder.cplan(&["doctor"]).expect(1).text();
    assert!(doctor.contains("apt-get install -y libvirt0"), "{doctor}");
}
