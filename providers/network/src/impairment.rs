//! What is done to the packets of one direction of a link.

/// In base units; nothing is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Impairment {
    /// One way, in nanoseconds.
    pub(crate) delay: Option<u64>,
    /// The standard deviation of the delay (normal distribution), in nanoseconds.
    pub(crate) jitter: Option<u64>,
    /// The share of packets that are lost, in parts per billion.
    pub(crate) loss: Option<u64>,
    /// In bits per second.
    pub(crate) rate: Option<u64>,
}

impl Impairment {
    /// Whether another reads back as this one: the kernel keeps ticks of 64 ns and `tc` prints a few digits.
    pub(crate) fn is_like(&self, other: &Impairment) -> bool {
        like(self.delay, other.delay, 1_000)
            && like(self.jitter, other.jitter, 1_000)
            && like(self.loss, other.loss, 1_000)
            && like(self.rate, other.rate, 8)
    }
}

/// Equal within a thousandth or `least`, whichever is larger; nothing is like zero.
pub(crate) fn like(a: Option<u64>, b: Option<u64>, least: u64) -> bool {
    let (a, b) = (a.unwrap_or(0), b.unwrap_or(0));
    // Something never reads back as nothing.
    (a == 0) == (b == 0) && a.abs_diff(b) <= least.max(a / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_forgiven_and_changes_are_not() {
        assert!(like(Some(7_500_000), Some(7_499_968), 1000));
        assert!(!like(Some(7_500_000), Some(7_600_000), 1000));
        assert!(!like(Some(500), None, 1000));
        assert!(like(None, Some(0), 1000));
    }
}
