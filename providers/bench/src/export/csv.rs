//! Records as CSV (RFC 4180, lines end in LF; no cell needs quotes, because endpoint names cannot hold a comma).

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::record::RunRecord;
use crate::samples::Samples;
use crate::statistics::Summary;

/// `summary.csv`: `endpoint,sent,received,lost,mean_ms,stdev_ms,p50_ms,p95_ms,p99_ms`, the warm-up aside; a row per endpoint and
/// one named `all`. A statistic that cannot be had is empty.
pub fn summary(record: &RunRecord) -> String {
    let mut text = String::from("endpoint,sent,received,lost,mean_ms,stdev_ms,p50_ms,p95_ms,p99_ms\n");
    let rows = record.endpoints.iter().map(|(name, s)| (name.as_str(), s)).chain([("all", &record.all)]);
    for (name, Summary { sent, received, lost, mean_ms, stdev_ms, p50_ms, p95_ms, p99_ms }) in rows {
        let _ = write!(text, "{name},{sent},{received},{lost}");
        for value in [mean_ms, stdev_ms, p50_ms, p95_ms, p99_ms] {
            let _ = write!(text, ",{}", value.map(|v| v.to_string()).unwrap_or_default());
        }
        text.push('\n');
    }
    text
}

/// `samples.csv`: `endpoint,sequence,warmup,intended_ns,lateness_ns,latency_ns,service_ns`, a row per message sent. `warmup` is 0
/// or 1; `intended_ns` counts from the endpoint's start; `lateness_ns` is how much later it left; `latency_ns` runs from the
/// intended time to the answer's arrival and is empty for a lost message; `service_ns` is the worker's part of it.
pub fn samples(samples: &BTreeMap<String, Samples>) -> String {
    let mut text = String::from("endpoint,sequence,warmup,intended_ns,lateness_ns,latency_ns,service_ns\n");
    let cell = |value: Option<u64>| value.map(|v| v.to_string()).unwrap_or_default();
    for (name, samples) in samples {
        for row in &samples.rows {
            let _ = writeln!(
                text,
                "{name},{},{},{},{},{},{}",
                row.sequence,
                u8::from(row.warmup),
                row.intended_ns,
                row.lateness_ns,
                cell(row.latency_ns),
                cell(row.service_ns)
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::record::tests::record;

    #[test]
    fn has_a_row_per_endpoint_and_one_for_all() {
        let (record, _) = record();
        assert_eq!(
            super::summary(&record),
            "endpoint,sent,received,lost,mean_ms,stdev_ms,p50_ms,p95_ms,p99_ms\n\
             e0,2,1,1,7,,7,7,7\nall,2,1,1,7,,7,7,7\n"
        );
    }

    #[test]
    fn has_a_row_per_message() {
        let (_, samples) = record();
        assert_eq!(
            super::samples(&samples),
            "endpoint,sequence,warmup,intended_ns,lateness_ns,latency_ns,service_ns\n\
             e0,0,0,0,9,7000000,5\ne0,1,0,500,3,,\n"
        );
    }
}
