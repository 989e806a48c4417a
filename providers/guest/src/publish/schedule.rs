//! When messages should leave.

use std::time::Duration;

/// Equal distances from 0; the first ones are warm-up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Schedule {
    rate: f64,
    warmup: u64,
    count: u64,
}

impl Schedule {
    /// `rate` messages per second, for `warmup` and then for `duration`.
    pub(super) fn new(rate: f64, warmup: Duration, duration: Duration) -> Self {
        let messages = |time: Duration| (rate * time.as_secs_f64()).round() as u64;
        Schedule { rate, warmup: messages(warmup), count: messages(warmup) + messages(duration) }
    }

    /// How many messages there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// When a message should leave, since the start. Computed anew for each, so that nothing adds up.
    pub(super) fn intended(&self, sequence: u64) -> Duration {
        Duration::from_secs_f64(sequence as f64 / self.rate)
    }

    /// Whether a message is sent only to warm up.
    pub(super) fn is_warmup(&self, sequence: u64) -> bool {
        sequence < self.warmup
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_rate_without_drift() {
        let schedule = Schedule::new(3.0, Duration::from_secs(1), Duration::from_secs(1000));
        assert_eq!(schedule.count(), 3003);
        assert_eq!(schedule.intended(3000), Duration::from_secs(1000));
        assert_eq!((schedule.is_warmup(2), schedule.is_warmup(3)), (true, false));
    }

    #[test]
    fn a_low_rate_sends_less_than_one_per_second() {
        let schedule = Schedule::new(0.5, Duration::ZERO, Duration::from_secs(10));
        assert_eq!((schedule.count(), schedule.intended(1)), (5, Duration::from_secs(2)));
    }
}
