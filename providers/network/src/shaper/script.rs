//! The scripts that run on the machine; each is one round trip. They start few programs: in an emulated guest each costs
//! tens of milliseconds.

use std::net::Ipv4Addr;

use cplan_sdk::quote;

use super::program::DEVICE;
use super::state::HANDLE;

/// Status: no interface has the address.
pub(super) const NO_DEVICE: i32 = 85;

/// Finds the interface by its own address; a name may change with the order of probing.
fn device(address: Ipv4Addr) -> String {
    format!("set -- $(ip -o -4 addr show to {address}/32); d=${{2%%[@:]*}}; [ -n \"$d\" ] || exit {NO_DEVICE}\n")
}

/// Runs a program and shows all that is there, in one process; what the program could not do is seen in that, so it goes
/// on after a refused line. Showing the filters fails where the root is not ours. A root of somebody else's makes the
/// program's first line fail, and stays: `qdisc add` replaces only what the kernel put there itself.
fn tc(program: &[String]) -> String {
    // The shell puts the interface in; nothing else in a program is special to it.
    let lines: String = program.iter().map(|line| line.replace(DEVICE, "$d") + "\n").collect();
    format!(
        "tc -j -force -batch - <<CPLAN\n{lines}qdisc show dev $d\nclass show dev $d\n\
         filter show dev $d parent {HANDLE:x}:\nCPLAN\ntrue\n"
    )
}

/// The line that says that the mark is there.
pub(super) const MARKED: &str = "marked";

/// The mark on the machine. The kernel forgets our root when it restarts or when somebody deletes it; a shaper that lost
/// its rules so is there still, and has drifted.
fn mark(id: &str) -> String {
    quote(&format!("/var/lib/cplan/owned/{id}"))
}

/// Prints [`MARKED`] if so, and all that is there.
pub(super) fn probe(address: Ipv4Addr, id: &str) -> String {
    format!("[ ! -e {} ] || echo {MARKED}\n{}{}", mark(id), device(address), tc(&[]))
}

/// Prints the boot id, runs a program, prints all that is there.
pub(super) fn apply(address: Ipv4Addr, id: &str, program: &[String]) -> String {
    let mark = mark(id);
    format!(
        "read -r b </proc/sys/kernel/random/boot_id; echo \"$b\"\n{}\
         [ -d /var/lib/cplan/owned ] || mkdir -p /var/lib/cplan/owned\n[ -e {mark} ] || echo shaper >{mark}\n{}",
        device(address),
        tc(program)
    )
}

/// Takes the mark back.
pub(super) fn unmark(id: &str) -> String {
    format!("rm -f {}\n", mark(id))
}

/// Removes our root and nothing else.
pub(super) fn delete(address: Ipv4Addr, id: &str) -> String {
    // Without the interface there is nothing of ours on it.
    format!(
        "({}case \"$(tc qdisc show dev \"$d\" root)\" in 'qdisc htb {HANDLE:x}: '*) tc qdisc del dev \"$d\" root;; esac)\n\
         s=$?; [ $s = 0 ] || [ $s = {NO_DEVICE} ] || exit $s\n{}",
        device(address),
        unmark(id)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interface_is_found_by_its_address() {
        let run = |address: [u8; 4]| {
            let script = format!("{}echo \"$d\"", device(address.into()));
            std::process::Command::new("sh").arg("-c").arg(script).output().unwrap()
        };
        assert_eq!(run([127, 0, 0, 1]).stdout, b"lo\n");
        assert_eq!(run([203, 0, 113, 77]).status.code(), Some(NO_DEVICE));
    }
}
