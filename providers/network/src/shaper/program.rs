//! From what is to what is wanted: the lines of a `tc -batch` program.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::PROBE_TOS;
use super::state::{DEFAULT_CLASS, HANDLE, Netem, PROBE_CLASS, Root, Shaping};

/// Stands for the interface, which the machine finds itself.
pub(super) const DEVICE: &str = "@dev@";

/// The program that turns `actual` into `wanted`, touching only what differs; the root is never replaced, because that
/// drops what it holds. Rates are in bit/s and delays in µs: tc's `Mbps` means bytes.
pub(super) fn converge(actual: &Shaping, wanted: &Shaping) -> Vec<String> {
    let mut lines = Vec::new();
    let nothing = Shaping::default();
    let actual = if actual.root == Root::Ours { actual } else { &nothing };
    if actual.root != Root::Ours {
        lines.push(format!("qdisc add dev {DEVICE} root handle {HANDLE:x}: htb default {DEFAULT_CLASS:x}"));
    }
    // Filters that lead to the wrong class, or nowhere wanted, go before their classes.
    for (address, filter) in &actual.filters {
        if wanted.filters.get(address) != Some(filter) {
            let (bucket, item) = (filter.bucket, filter.item);
            lines.push(format!(
                "filter del dev {DEVICE} parent {HANDLE:x}: protocol ip prio 10 handle 2:{bucket:x}:{item:x} u32"
            ));
        }
    }
    for class in actual.classes.keys().collect::<BTreeSet<_>>() {
        if !wanted.classes.contains_key(class) {
            lines.push(format!("class del dev {DEVICE} classid {HANDLE:x}:{class:x}"));
        }
    }
    for (class, rate) in &wanted.classes {
        if !actual.has_class(*class, *rate) {
            let verb = if actual.classes.contains_key(class) { "change" } else { "add" };
            lines.push(class_line(verb, *class, *rate));
        }
    }
    for (class, netem) in &wanted.leaves {
        let Some(netem) = netem else { continue };
        match actual.leaves.get(class) {
            Some(Some(_)) if actual.has_leaf(*class, netem) => {}
            Some(Some(old)) => lines.push(leaf_line("change", *class, netem, Some(old))),
            other => {
                if other.is_some() {
                    lines.push(format!("qdisc del dev {DEVICE} parent {HANDLE:x}:{class:x}"));
                }
                lines.push(leaf_line("add", *class, netem, None));
            }
        }
    }
    if !actual.probes {
        lines.push(format!(
            "filter add dev {DEVICE} parent {HANDLE:x}: protocol ip prio 1 u32 match ip tos {PROBE_TOS:#x} 0xfc flowid {HANDLE:x}:{PROBE_CLASS:x}"
        ));
    }
    if !actual.table {
        lines.push(format!("filter add dev {DEVICE} parent {HANDLE:x}: protocol ip prio 10 handle 2: u32 divisor 256"));
        lines.push(format!(
            "filter add dev {DEVICE} parent {HANDLE:x}: protocol ip prio 10 u32 link 2: hashkey mask 0x000000ff at 16 match ip dst 0.0.0.0/0"
        ));
    }
    for (address, filter) in &wanted.filters {
        if actual.filters.get(address) != Some(filter) {
            let (bucket, item, class) = (filter.bucket, filter.item, filter.class);
            lines.push(format!(
                "filter add dev {DEVICE} parent {HANDLE:x}: protocol ip prio 10 handle 2:{bucket:x}:{item:x} u32 ht 2:{bucket:x}: \
                 match ip dst {address}/32 flowid {HANDLE:x}:{class:x}"
            ));
        }
    }
    lines
}

/// A burst of 4 ms, the coarsest timer of kernels in use (HZ=250), and a packet; a quantum between one packet and the
/// 60,000 bytes above which the kernel complains.
fn class_line(verb: &str, class: u16, rate: u64) -> String {
    let burst = rate / 8 / 250 + 1600;
    let quantum = (rate / 80).clamp(1514, 60_000);
    format!(
        "class {verb} dev {DEVICE} parent {HANDLE:x}: classid {HANDLE:x}:{class:x} htb rate {rate}bit ceil {rate}bit \
         burst {burst} cburst {burst} quantum {quantum}"
    )
}

fn leaf_line(verb: &str, class: u16, netem: &Netem, old: Option<&Netem>) -> String {
    let Netem { delay, jitter, loss, rate, limit } = *netem;
    let mut line = format!("qdisc {verb} dev {DEVICE} parent {HANDLE:x}:{class:x}");
    if verb == "add" {
        let _ = write!(line, " handle {class:x}:");
    }
    let _ = write!(line, " netem limit {limit} delay {}us", micros(delay));
    if jitter > 0 {
        // Without the word, the distribution is uniform.
        let _ = write!(line, " {}us distribution normal", micros(jitter));
    }
    if loss > 0 {
        let _ = write!(line, " loss {}%", loss as f64 / 1e7);
    }
    // A change keeps a rate that it does not mention.
    if rate > 0 || old.is_some_and(|old| old.rate > 0) {
        let _ = write!(line, " rate {rate}bit");
    }
    line
}

fn micros(nanos: u64) -> f64 {
    nanos as f64 / 1000.0
}
