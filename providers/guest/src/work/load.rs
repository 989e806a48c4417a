//! A fixed amount of work, so that a slow machine takes longer for it.

/// Does `iterations` rounds of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), each depending on the one before: about one
/// nanosecond each on a processor of 2020, no memory traffic, nothing to parallelise.
pub(crate) fn work(iterations: u64, seed: u64) -> u64 {
    let mut state = seed;
    for _ in 0..iterations {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state = std::hint::black_box(mixed ^ (mixed >> 31));
    }
    state
}

#[cfg(test)]
mod tests {
    use super::work;

    #[test]
    fn first_round_is_splitmix64() {
        // The first output of the reference implementation for the seed 1234567.
        assert_eq!(work(1, 1_234_567), 6_457_827_717_110_365_317);
        assert_eq!(work(0, 7), 7);
    }

    #[test]
    fn twice_the_iterations_is_the_work_of_the_work() {
        assert_eq!(work(20, 3), work(10, work(10, 3)));
    }
}
