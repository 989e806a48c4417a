//! What a publisher printed: a line of JSON with the sums, then one CSV row per message.

use cplan_sdk::ProviderError;
use serde::{Deserialize, Serialize};

use crate::statistics::Summary;

/// The sums that a publisher counts itself; warm-up included.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// The version of this format.
    pub format: u32,
    /// Messages sent.
    pub sent: u64,
    /// Messages answered in time.
    pub received: u64,
    /// Messages not answered in time.
    pub lost: u64,
    /// Answers that came twice.
    pub duplicates: u64,
    /// By how much the latest send missed its intended time: large values mean that the publisher was the bottleneck.
    pub max_lateness_ns: u64,
    /// When the load began, by the machine's wall clock, in nanoseconds since 1970.
    pub started_unix_ns: u64,
}

/// One message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Counts from 0.
    pub sequence: u64,
    /// Sent to warm up, and not counted.
    pub warmup: bool,
    /// When it should have left, since the start of the load.
    pub intended_ns: u64,
    /// By how much it left late.
    pub lateness_ns: u64,
    /// From the intended send time to the arrival of the answer; `None` when lost.
    pub latency_ns: Option<u64>,
    /// How long the worker worked on it.
    pub service_ns: Option<u64>,
}

/// The samples of one endpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// Its own sums.
    pub sums: Sums,
    /// One per message sent, in order.
    pub rows: Vec<Sample>,
}

impl Samples {
    /// Parses a publisher's output.
    pub fn parse(output: &[u8]) -> Result<Samples, ProviderError> {
        let text = std::str::from_utf8(output)
            .map_err(|e| ProviderError::failed("the publisher's output is not text").source(e))?;
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        let sums: Sums = serde_json::from_str(first)
            .map_err(|e| ProviderError::failed(format!("the publisher's sums do not parse: {first:?}")).source(e))?;
        let rows = lines
            .skip(1)
            .map(|line| row(line).ok_or_else(|| ProviderError::failed(format!("this sample does not parse: {line:?}"))))
            .collect::<Result<Vec<_>, _>>()?;
        if rows.len() as u64 != sums.sent {
            return Err(ProviderError::failed(format!(
                "the publisher sent {} messages and printed {} samples",
                sums.sent,
                rows.len()
            )));
        }
        Ok(Samples { sums, rows })
    }

    /// The latencies of all answered messages, the warm-up aside.
    pub fn latencies_ns(&self) -> Vec<u64> {
        self.measured().filter_map(|s| s.latency_ns).collect()
    }

    /// The statistics, the warm-up aside.
    pub fn summary(&self) -> Summary {
        Summary::new(self.measured().count() as u64, self.latencies_ns())
    }

    fn measured(&self) -> impl Iterator<Item = &Sample> {
        self.rows.iter().filter(|s| !s.warmup)
    }
}

fn row(line: &str) -> Option<Sample> {
    let cells: Vec<&str> = line.split(',').collect();
    let [sequence, warmup, intended, lateness, latency, service] = cells[..] else { return None };
    let maybe = |cell: &str| if cell.is_empty() { Some(None) } else { cell.parse().ok().map(Some) };
    Some(Sample {
        sequence: sequence.parse().ok()?,
        warmup: match warmup {
            "0" => false,
            "1" => true,
            _ => return None,
        },
        intended_ns: intended.parse().ok()?,
        lateness_ns: lateness.parse().ok()?,
        latency_ns: maybe(latency)?,
        service_ns: maybe(service)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "{\"format\":1,\"sent\":3,\"received\":2,\"lost\":1,\"duplicates\":0,\"max_lateness_ns\":9,\
        \"started_unix_ns\":1}\nsequence,warmup,intended_ns,lateness_ns,latency_ns,service_ns\n\
        0,1,0,9,7000000,5\n1,0,500,3,3000000,5\n2,0,1000,3,,\n";

    #[test]
    fn the_warm_up_is_not_counted() {
        let samples = Samples::parse(OUTPUT.as_bytes()).unwrap();
        let summary = samples.summary();
        assert_eq!((summary.sent, summary.received, summary.lost, summary.p50_ms), (2, 1, 1, Some(3.0)));
        assert_eq!(samples.rows[2].latency_ns, None);
    }

    #[test]
    fn refuses_what_is_cut_short() {
        let cut = OUTPUT.rsplit_once("2,0").unwrap().0;
        assert!(Samples::parse(cut.as_bytes()).unwrap_err().message.contains("sent 3 messages and printed 2"));
        assert!(Samples::parse(b"").is_err());
        assert!(Samples::parse(OUTPUT.replace("1,0,500", "1,0,x").as_bytes()).is_err());
    }
}
