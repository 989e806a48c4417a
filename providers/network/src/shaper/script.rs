//! The scripts that run on the machine; each is one round trip.

use std::net::Ipv4Addr;

use super::program::DEVICE;
use super::readback::{CLASSES, FILTERS};
use super::state::HANDLE;

/// Status: no interface has the address.
pub(super) const NO_DEVICE: i32 = 85;
/// Status: the program stopped at a line.
pub(super) const REFUSED: i32 = 86;
/// Status: a root that is not ours.
pub(super) const FOREIGN: i32 = 87;

/// Finds the interface by its own address; a name may change with the order of probing.
fn device(address: Ipv4Addr) -> String {
    let pattern = address.to_string().replace('.', "\\.");
    format!(
        "d=$(ip -o -4 addr | sed -n 's/^[0-9]*: *\\([^ @:]*\\)[^ ]* *inet {pattern}\\/.*/\\1/p' | head -n 1)\n\
         [ -n \"$d\" ] || exit {NO_DEVICE}\n"
    )
}

/// Lets a foreign root be: anything but what the kernel gives (handle `0:`) and ours.
fn guard() -> String {
    format!(
        "r=$(tc qdisc show dev \"$d\" root | head -n 1)\n\
         case \"$r\" in ''|'qdisc '*' 0: '*|'qdisc htb {HANDLE:x}: '*) ;; *) echo \"$r\"; exit {FOREIGN};; esac\n"
    )
}

fn dump() -> String {
    format!(
        "tc -j qdisc show dev \"$d\"; echo; echo '{CLASSES}'; tc class show dev \"$d\"; echo '{FILTERS}'; tc filter show dev \"$d\" parent {HANDLE:x}: 2>/dev/null\n"
    )
}

/// Prints all that is there.
pub(super) fn probe(address: Ipv4Addr) -> String {
    format!("{}{}", device(address), dump())
}

/// Takes a program from standard input, runs it, prints the boot id and then all that is there.
pub(super) fn apply(address: Ipv4Addr) -> String {
    format!(
        "{}{}cat /proc/sys/kernel/random/boot_id\n\
         p=$(sed \"s/{DEVICE}/$d/g\")\n\
         if [ -n \"$p\" ]; then printf '%s\\n' \"$p\" | tc -batch - >&2; s=$?; else s=0; fi\n{}\
         [ $s = 0 ] || exit {REFUSED}\n",
        device(address),
        guard(),
        dump()
    )
}

/// Removes our root and nothing else.
pub(super) fn delete(address: Ipv4Addr) -> String {
    // Without the interface there is nothing of ours on it.
    format!(
        "({}\ncase \"$(tc qdisc show dev \"$d\" root | head -n 1)\" in 'qdisc htb {HANDLE:x}: '*) tc qdisc del dev \"$d\" root;; esac)\n\
         s=$?; [ $s = {NO_DEVICE} ] || exit $s\n",
        device(address)
    )
}
