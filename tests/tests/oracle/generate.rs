//! Cases out of a seed: the same seed, the same case, on every machine. `CPLAN_ORACLE_SEED` is the first seed and
//! `CPLAN_ORACLE_COUNT` how many there are of each kind.

pub(crate) mod expressions;
pub(crate) mod graphs;
pub(crate) mod variables;

/// A generator of numbers (SplitMix64, Steele, Lea and Flood 2014).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of `0..n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % (n as u64)).unwrap()
    }

    /// True `percent` times in a hundred.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of them.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// The seeds of a run: those of the environment, or the first ones.
pub(crate) fn seeds(count: u64) -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let first = number("CPLAN_ORACLE_SEED").unwrap_or(1);
    let count = number("CPLAN_ORACLE_COUNT").unwrap_or(count);
    println!("seeds {first} to {}", first + count - 1);
    first..first + count
}

#[test]
fn a_seed_is_always_the_same_case() {
    let draw = |seed| (0..5).map(|_| Random::new(seed).below(1000)).collect::<Vec<_>>();
    assert_eq!(draw(7), draw(7));
    assert_ne!(graphs::case(1).text(), graphs::case(2).text());
    assert_eq!(graphs::case(3).text(), graphs::case(3).text());
}
