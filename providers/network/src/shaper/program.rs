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
    for class in actual.leaves.keys() {
        if wanted.classes.contains_key(class) && !wanted.leaves.contains_key(class) {
            lines.push(format!("qdisc del dev {DEVICE} parent {HANDLE:x}:{class:x}"));
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::net::Ipv4Addr;

    use super::super::readback::parse;
    use super::*;
    use crate::impairment::Impairment;

    fn rules() -> BTreeMap<Ipv4Addr, Impairment> {
        let ms = 1_000_000;
        let edge =
            Impairment { delay: Some(15 * ms / 2), jitter: Some(5 * ms / 2), loss: None, rate: Some(100_000_000) };
        let end = Impairment { delay: Some(45 * ms), jitter: None, loss: Some(5_000_000), rate: Some(7_210_000) };
        let fast = Impairment { delay: Some(ms), rate: Some(1_000_000_000), ..Impairment::default() };
        [([10, 80, 0, 11], edge), ([10, 80, 0, 12], end), ([10, 80, 3, 11], fast)]
            .map(|(a, i)| (Ipv4Addr::from(a), i))
            .into()
    }

    /// Printed by iproute2 6.1 on kernel 6.1 after the program of the test below had run.
    fn printed() -> Shaping {
        parse(include_str!("fixtures/debian12.txt")).unwrap()
    }

    fn text(lines: &[String]) -> String {
        lines.join("\n") + "\n"
    }

    #[test]
    fn nothing_becomes_all_in_one_program() {
        let nothing = Shaping::default();
        let program = converge(&nothing, &Shaping::wanted(&rules(), &nothing));
        assert_eq!(text(&program), include_str!("fixtures/create.tc"));
    }

    #[test]
    fn what_the_kernel_prints_is_what_was_wanted() {
        let printed = printed();
        assert_eq!(converge(&printed, &Shaping::wanted(&rules(), &printed)), Vec::<String>::new());
        for (address, rule) in rules() {
            let is = printed.impairment(&address).unwrap();
            assert!(rule.is_like(&is), "{address}: {rule:?} reads back as {is:?}");
        }
    }

    #[test]
    fn a_change_of_one_peer_is_one_line_in_place() {
        let mut rules = rules();
        rules.get_mut(&Ipv4Addr::new(10, 80, 0, 11)).unwrap().delay = Some(45_000_000);
        let program = converge(&printed(), &Shaping::wanted(&rules, &printed()));
        assert_eq!(
            program,
            [
                "qdisc change dev @dev@ parent c1:1b netem limit 1148 delay 45000us 2500us distribution normal rate 100000000bit"
            ]
        );
        // A rate that goes must be said to go; a rate that htb carries is the class's.
        rules.get_mut(&Ipv4Addr::new(10, 80, 0, 12)).unwrap().rate = Some(500_000_000);
        let program = converge(&printed(), &Shaping::wanted(&rules, &printed()));
        assert!(program[0].starts_with("class change dev @dev@ parent c1: classid c1:1c htb rate 500000000bit"));
        assert!(program[2].ends_with("netem limit 2813 delay 45000us loss 0.5% rate 0bit"), "{program:?}");
        assert_eq!(program.len(), 3);
    }

    #[test]
    fn peers_come_and_go_without_touching_others() {
        let mut rules = rules();
        let gone = rules.remove(&Ipv4Addr::new(10, 80, 0, 11)).unwrap();
        rules.insert(Ipv4Addr::new(10, 80, 0, 13), gone);
        let program = converge(&printed(), &Shaping::wanted(&rules, &printed()));
        let short: Vec<_> = program.iter().map(|l| l.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(short, ["filter del", "class del", "class add", "qdisc add", "filter add"], "{program:?}");
        assert!(program.iter().all(|l| !l.contains("c1:1c") && !l.contains("c1:31b")));
    }

    #[test]
    fn what_somebody_did_to_our_classes_is_seen_and_undone() {
        let dump = include_str!("fixtures/debian12.txt");
        let edge = Ipv4Addr::new(10, 80, 0, 11);
        let with = |from: &str, to: &str| {
            assert!(dump.contains(from), "{from}");
            parse(&dump.replacen(from, to, 1)).unwrap()
        };
        let link = dump.lines().find(|l| l.contains("\"link\"")).unwrap();
        let unlinked = with(link, &link.replace("\"link\"", "\"gone\""));
        assert_eq!(unlinked.impairment(&edge), None, "no packet finds its class");
        assert!(!unlinked.is_intact() && printed().is_intact());
        let ceiling = dump.lines().find(|l| l.starts_with("class htb c1:1b ")).unwrap();
        let choked = with(ceiling, &ceiling.replace("ceil 10Gbit", "ceil 100Kbit"));
        assert_eq!(choked.impairment(&edge).unwrap().rate, Some(100_000));
        let reordered = with("\"limit\":1000", "\"reorder\":{\"reorder\":0.25,\"correlation\":0},\"limit\":1000");
        let program = converge(&reordered, &Shaping::wanted(&rules(), &reordered));
        assert!(program[0].starts_with("qdisc del ") && program[1].starts_with("qdisc add "), "{program:?}");
    }

    #[test]
    fn a_foreign_root_is_seen_as_such() {
        let dump = "[{\"kind\":\"fq\",\"handle\":\"8001:\",\"root\":true}]\n";
        assert_eq!(parse(dump).unwrap().root, Root::Foreign("fq 8001:".into()));
        let own = "[{\"kind\":\"fq_codel\",\"handle\":\"0:\",\"root\":true}]\n";
        assert_eq!(parse(own).unwrap().root, Root::Default);
    }
}
