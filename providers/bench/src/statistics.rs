//! Statistics of latencies.
//!
//! Mean; the sample standard deviation (divisor n − 1); percentiles by nearest rank: the ⌈p/100·n⌉-th smallest value, which
//! is always one that was measured (Hyndman and Fan 1996, type 1).

use serde::{Deserialize, Serialize};

/// What a set of latencies amounts to. Milliseconds; `None` where there are too few values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Messages sent, the warm-up aside.
    pub sent: u64,
    /// Of these, answered in time.
    pub received: u64,
    /// Of these, not answered in time.
    pub lost: u64,
    /// The mean.
    pub mean_ms: Option<f64>,
    /// The sample standard deviation; needs two values.
    pub stdev_ms: Option<f64>,
    /// The median, by nearest rank.
    pub p50_ms: Option<f64>,
    /// The 95th percentile.
    pub p95_ms: Option<f64>,
    /// The 99th percentile.
    pub p99_ms: Option<f64>,
}

impl Summary {
    /// Summarises the latencies (in nanoseconds, any order) of the answered among `sent` messages.
    pub fn new(sent: u64, mut latencies_ns: Vec<u64>) -> Summary {
        latencies_ns.sort_unstable();
        let received = latencies_ns.len() as u64;
        Summary {
            sent,
            received,
            lost: sent.saturating_sub(received),
            mean_ms: mean(&latencies_ns).map(milliseconds),
            stdev_ms: stdev(&latencies_ns).map(milliseconds),
            p50_ms: percentile(&latencies_ns, 50).map(|n| milliseconds(n as f64)),
            p95_ms: percentile(&latencies_ns, 95).map(|n| milliseconds(n as f64)),
            p99_ms: percentile(&latencies_ns, 99).map(|n| milliseconds(n as f64)),
        }
    }
}

/// Nanoseconds as milliseconds, to the microsecond: finer than any clock here.
fn milliseconds(nanoseconds: f64) -> f64 {
    (nanoseconds / 1e3).round() / 1e3
}

fn mean(values: &[u64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().map(|v| *v as f64).sum::<f64>() / values.len() as f64)
}

fn stdev(values: &[u64]) -> Option<f64> {
    let mean = mean(values).filter(|_| values.len() > 1)?;
    let squares: f64 = values.iter().map(|v| (*v as f64 - mean).powi(2)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

/// The nearest-rank percentile of ascending values.
fn percentile(sorted: &[u64], percent: usize) -> Option<u64> {
    let rank = (percent * sorted.len()).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_the_textbooks() {
        // The worked example of nearest rank: 15, 20, 35, 40, 50.
        let values = [15, 20, 35, 40, 50];
        let found: Vec<_> = [5, 30, 40, 50, 100].iter().map(|p| percentile(&values, *p)).collect();
        assert_eq!(found, [Some(15), Some(20), Some(20), Some(35), Some(50)]);
        let hundred: Vec<u64> = (1..=100).collect();
        assert_eq!((percentile(&hundred, 50), percentile(&hundred, 99)), (Some(50), Some(99)));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn mean_and_deviation_are_known() {
        // 2, 4, 4, 4, 5, 5, 7, 9: mean 5, sum of squares 32, sample deviation sqrt(32/7).
        let summary = Summary::new(10, [9, 2, 4, 4, 5, 4, 5, 7].map(|n: u64| n * 1_000_000).to_vec());
        assert_eq!((summary.sent, summary.received, summary.lost), (10, 8, 2));
        assert_eq!((summary.mean_ms, summary.stdev_ms), (Some(5.0), Some(2.138)));
        assert_eq!((summary.p50_ms, summary.p95_ms, summary.p99_ms), (Some(4.0), Some(9.0), Some(9.0)));
    }

    #[test]
    fn too_few_values_have_no_statistics() {
        assert_eq!(Summary::new(3, vec![]), Summary { sent: 3, lost: 3, ..Summary::default() });
        let one = Summary::new(1, vec![1_500]);
        assert_eq!((one.mean_ms, one.stdev_ms, one.p99_ms), (Some(0.002), None, Some(0.002)));
    }
}
