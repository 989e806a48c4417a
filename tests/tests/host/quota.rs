//! A host whose libvirtd sees no cgroups, as in many a container.

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
fn a_quota_that_cannot_be_kept_is_refused_before_anything_is_touched() {
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
    let doctor = bed.run(&folder, &["doctor"]).text();
    assert!(doctor.contains("cpu_quota cannot be used"), "{doctor}");
}
