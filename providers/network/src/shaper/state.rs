//! What the kernel holds: the queueing disciplines, classes and filters of one interface.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::impairment::{Impairment, like};

/// The class of packets that no rule names, ARP and IPv6 among them: unshaped, and named, because htb lets packets
/// without a class pass uncounted.
pub(super) const DEFAULT_CLASS: u16 = 0xfffe;
/// The class of marked probes: unshaped, and apart from the rest.
pub(super) const PROBE_CLASS: u16 = 0xfffd;
/// The rate of a class that limits nothing.
pub(super) const UNLIMITED: u64 = 10_000_000_000;
/// Up to here netem serialises packets one by one as a real line does; above, htb costs less (a packet every 60 µs).
const LARGEST_NETEM_RATE: u64 = 200_000_000;

/// The root of the interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Root {
    /// What the kernel puts there by itself.
    #[default]
    Default,
    /// htb with our handle.
    Ours,
    /// Somebody else's, as `tc` names it.
    Foreign(String),
}

/// How one peer's packets find their class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Filter {
    /// The bucket of the hash table: the last octet of the address.
    pub(super) bucket: u8,
    /// The number in the bucket, 1 to 0xfff.
    pub(super) item: u16,
    /// The class.
    pub(super) class: u16,
}

/// netem in a class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Netem {
    pub(super) delay: u64,
    pub(super) jitter: u64,
    pub(super) loss: u64,
    /// Zero is unlimited.
    pub(super) rate: u64,
    /// In packets.
    pub(super) limit: u64,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shaping {
    pub(super) root: Root,
    /// Class to its rate.
    pub(super) classes: BTreeMap<u16, u64>,
    /// Class to netem; `None` where another discipline stands.
    pub(super) leaves: BTreeMap<u16, Option<Netem>>,
    pub(super) filters: BTreeMap<Ipv4Addr, Filter>,
    /// Whether the hash table and the link to it are there.
    pub(super) table: bool,
    /// Whether marked probes are told apart.
    pub(super) probes: bool,
}

impl Netem {
    /// Of an impairment, with room for what is on the line and for the queue before it. In packets of 1,500 bytes:
    /// 1.5 times the bandwidth-delay product at four standard deviations, and where netem carries the rate another
    /// product or 50 ms of queue; at least 1,000, the kernel's own.
    pub(super) fn of(impairment: &Impairment) -> Netem {
        let (delay, jitter) = (impairment.delay.unwrap_or(0), impairment.jitter.unwrap_or(0));
        let rate = impairment.rate.filter(|rate| *rate <= LARGEST_NETEM_RATE || jitter > 0).unwrap_or(0);
        // A line without a limit is taken for a gigabit.
        let packets = |time: u64| {
            let bits = u128::from(impairment.rate.unwrap_or(1_000_000_000)) * u128::from(time) / 1_000_000_000;
            u64::try_from(bits.div_ceil(8 * 1500)).unwrap_or(u64::MAX)
        };
        let product = packets(delay + 4 * jitter);
        let queue = if rate > 0 { product.max(packets(50_000_000)) } else { 0 };
        let limit = (product.saturating_mul(3).div_ceil(2) + queue).clamp(1000, 1_000_000);
        Netem { delay, jitter, loss: impairment.loss.unwrap_or(0), rate, limit }
    }

    /// A rate that htb carries alone needs none.
    fn does_something(&self) -> bool {
        self.delay + self.jitter + self.loss + self.rate > 0
    }

    fn is_like(&self, other: &Netem) -> bool {
        let same = |a, b, least| like(Some(a), Some(b), least);
        same(self.delay, other.delay, 1000)
            && same(self.jitter, other.jitter, 1000)
            && same(self.loss, other.loss, 1000)
            && same(self.rate, other.rate, 8)
            && self.limit == other.limit
    }
}

/// The rate of the class of an impairment: what netem does not carry.
pub(super) fn class_rate(impairment: &Impairment) -> u64 {
    if Netem::of(impairment).rate > 0 { UNLIMITED } else { impairment.rate.unwrap_or(UNLIMITED) }
}

impl Shaping {
    /// What is wanted, with the classes and filters where they are already in `actual`, so that a change touches only
    /// what differs.
    pub(super) fn wanted(rules: &BTreeMap<Ipv4Addr, Impairment>, actual: &Shaping) -> Shaping {
        let mut wanted = Shaping { root: Root::Ours, table: true, probes: true, ..Shaping::default() };
        wanted.classes.extend([(DEFAULT_CLASS, UNLIMITED), (PROBE_CLASS, UNLIMITED)]);
        for address in rules.keys() {
            if let Some(filter) = actual.filters.get(address).filter(|f| (FIRST..=LAST).contains(&f.class)) {
                wanted.filters.insert(*address, *filter);
            }
        }
        for address in rules.keys() {
            if !wanted.filters.contains_key(address) {
                let filter = wanted.free(*address, actual);
                wanted.filters.insert(*address, filter);
            }
        }
        for (address, impairment) in rules {
            let class = wanted.filters[address].class;
            wanted.classes.insert(class, class_rate(impairment));
            let netem = Netem::of(impairment);
            if netem.does_something() {
                wanted.leaves.insert(class, Some(netem));
            }
        }
        wanted
    }

    /// A class and a filter that nobody uses, near the address's own number so that they stay the same over time.
    fn free(&self, address: Ipv4Addr, actual: &Shaping) -> Filter {
        let [.., third, bucket] = address.octets();
        let taken = |class: u16| {
            class == u16::from(HANDLE) || [self, actual].iter().any(|s| s.filters.values().any(|f| f.class == class))
        };
        let begin = FIRST + (u16::from(third) << 8 | u16::from(bucket)) % (LAST - FIRST);
        let class = (begin..=LAST).chain(FIRST..begin).find(|class| !taken(*class)).unwrap_or(begin);
        let used =
            |item: u16| [self, actual].iter().any(|s| s.filters.values().any(|f| f.bucket == bucket && f.item == item));
        let item = (u16::from(third) + 1..=0xfff).find(|item| !used(*item)).unwrap_or(0xfff);
        Filter { bucket, item, class }
    }

    /// What is done to the packets towards an address.
    pub(super) fn impairment(&self, address: &Ipv4Addr) -> Option<Impairment> {
        // Without the hash table no packet finds its class.
        let class = self.filters.get(address).filter(|_| self.table)?.class;
        let netem = self.leaves.get(&class).copied().flatten().unwrap_or_default();
        let some = |n: u64| Some(n).filter(|n| *n > 0);
        let class_rate = self.classes.get(&class).copied().filter(|rate| *rate < UNLIMITED);
        Some(Impairment {
            delay: some(netem.delay),
            jitter: some(netem.jitter),
            loss: some(netem.loss),
            rate: some(netem.rate).into_iter().chain(class_rate).min(),
        })
    }

    /// Whether all is there that belongs to no peer: our root, the unshaped classes, the hash table, the probes' filter.
    pub(super) fn is_intact(&self) -> bool {
        let unshaped = [DEFAULT_CLASS, PROBE_CLASS];
        let bare = |class| self.has_class(class, UNLIMITED) && !self.leaves.contains_key(&class);
        self.root == Root::Ours && self.table && self.probes && unshaped.into_iter().all(bare)
    }

    /// Whether a class is there with this rate.
    pub(super) fn has_class(&self, class: u16, rate: u64) -> bool {
        self.classes.get(&class).is_some_and(|r| like(Some(*r), Some(rate), 1000))
    }

    /// Whether a class has this netem.
    pub(super) fn has_leaf(&self, class: u16, netem: &Netem) -> bool {
        self.leaves.get(&class).copied().flatten().is_some_and(|n| n.is_like(netem))
    }
}

/// The major number of our root: `c1:`. Whoever has another is not ours.
pub(super) const HANDLE: u8 = 0xc1;
/// Classes of peers; a leaf has its class's number as handle, and the kernel gives out handles from 0x8000 itself.
const FIRST: u16 = 0x10;
const LAST: u16 = 0x7fff;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_holds_the_line_and_the_queue() {
        let limit = |delay: u64, jitter: u64, rate| {
            Netem::of(&Impairment { delay: Some(delay), jitter: Some(jitter), loss: None, rate }).limit
        };
        // 29.66 Mbit/s over 65 ms are 161 packets.
        assert_eq!(limit(45_000_000, 5_000_000, Some(29_660_000)), 1000);
        // 100 Mbit/s over 100 ms are 834 packets: 1,251 and a queue of 834.
        assert_eq!(limit(100_000_000, 0, Some(100_000_000)), 2085);
        // An unlimited line is taken for a gigabit.
        assert_eq!(limit(100_000_000, 0, None), 12_501);
    }

    #[test]
    fn netem_carries_slow_rates_and_htb_fast_ones() {
        let of = |rate, jitter| {
            let i = Impairment { delay: Some(1), jitter, loss: None, rate: Some(rate) };
            (Netem::of(&i).rate, class_rate(&i))
        };
        assert_eq!(of(7_210_000, None), (7_210_000, UNLIMITED));
        assert_eq!(of(1_000_000_000, None), (0, 1_000_000_000));
        assert_eq!(of(1_000_000_000, Some(1)), (1_000_000_000, UNLIMITED), "jitter would reorder behind htb");
    }
}
