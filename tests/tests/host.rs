//! cplan on real machines: guests of libvirt and QEMU, shaped by their own kernels, reached over ssh.

use std::process::Command;

use cplan_tests::capability::{guest_netem, libvirt, require, ssh};
use cplan_tests::folder::{Finished, finish};

mod arch;
mod existing;
mod lacking;
mod sharing;
mod silence;
mod story;

/// Whether this host can run the tests of this module.
fn capable() -> bool {
    require("libvirt", libvirt) && require("guest-netem", guest_netem) && require("ssh", ssh)
}

/// Asks the same libvirt that cplan uses.
fn virsh(arguments: &[&str]) -> Finished {
    let mut command = Command::new("virsh");
    command.args(["-q", "-c", "qemu:///system"]).args(arguments);
    finish(command)
}
