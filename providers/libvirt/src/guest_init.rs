//! What the micro guest runs before ssh answers, and the few files that make its root a system.

use crate::arch::Arch;
use crate::guest_scripts::{ADDRESSES, CLOCK};
use crate::initramfs::Tree;

/// From the initramfs to the final root.
const INIT: &str = include_str!("guest_init/init.sh");
/// From the final root to a listening ssh server.
const START: &str = include_str!("guest_init/start.sh");
/// After ssh listens.
const LATE: &str = include_str!("guest_init/late.sh");

/// busybox's init: one task of ours, a shell for whoever opens the console (who owns the machine already), and orderly
/// ends.
fn inittab(arch: Arch) -> String {
    let console = arch.console();
    format!("::once:/etc/cplan/late\n{console}::askfirst:-/bin/sh\n::ctrlaltdel:/sbin/reboot\n::shutdown:/bin/sync\n")
}

/// The kernel's command line. Self-tests of ciphers, watchdogs, clearing of fresh pages, security modules and
/// mitigations cost together more than a second under software emulation; crng is ready at once where the CPU has RDRAND,
/// or the board gives a seed.
pub(crate) fn command_line(arch: Arch) -> String {
    let (first, last) = match arch {
        Arch::Amd64 => (
            "quiet random.trust_cpu=on tsc=reliable mitigations=off no_timer_check",
            "8250.nr_uarts=1 i8042.noaux i8042.nokbd rcupdate.rcu_expedited=1",
        ),
        Arch::Arm64 => ("quiet random.trust_bootloader=on mitigations=off", "rcupdate.rcu_expedited=1"),
    };
    format!("console={} {first} cryptomgr.notests init_on_alloc=0 lsm= audit=0 nowatchdog {last}", arch.console())
}

/// Everything here that shapes the image, for its digest.
pub(crate) fn recipe(arch: Arch) -> Vec<String> {
    let texts = [INIT, START, LATE, ADDRESSES, CLOCK].map(str::to_owned);
    texts.into_iter().chain([inittab(arch), command_line(arch)]).collect()
}

/// Puts the scripts and the base files into a tree. Users are added later, by the packages that need them.
pub(crate) fn install(tree: &mut Tree, arch: Arch) {
    for (path, mode) in [
        ("dev", 0o755),
        ("etc", 0o755),
        ("mnt", 0o755),
        ("proc", 0o555),
        ("root/.ssh", 0o700),
        ("root", 0o700),
        ("run/disk", 0o755),
        ("sys", 0o555),
        ("tmp", 0o1777),
        ("var/lib", 0o755),
        ("var/log", 0o755),
        ("var/tmp", 0o1777),
    ] {
        tree.dir(path, mode);
    }
    tree.link("var/run", "/run");
    tree.device("dev/console", 0o600, 5, 1);
    tree.device("dev/null", 0o666, 1, 3);
    tree.file("init", 0o755, INIT);
    tree.file("etc/cplan/start", 0o755, START);
    tree.file("etc/cplan/late", 0o755, LATE);
    tree.file("etc/cplan/addresses", 0o644, ADDRESSES);
    tree.file("etc/cplan/clock", 0o644, CLOCK);
    tree.file("etc/inittab", 0o644, inittab(arch));
    tree.file("etc/acpi/PWRF/00000080", 0o755, "#!/bin/busybox sh\npoweroff\n");
    tree.file("etc/hosts", 0o644, "127.0.0.1 localhost\n::1 localhost\n");
    tree.file("etc/shells", 0o644, "/bin/sh\n");
    tree.file("etc/nsswitch.conf", 0o644, "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n");
    tree.file("etc/profile", 0o644, "export PATH=/usr/sbin:/usr/bin:/sbin:/bin\n");
}
