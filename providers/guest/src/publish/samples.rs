//! The raw samples: one line of JSON with the sums, then CSV with one row per message sent.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use super::nanos;
use super::schedule::Schedule;
use crate::message::Header;

/// One answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    /// What it answers.
    pub(super) header: Header,
    /// When it arrived, in nanoseconds since the start.
    pub(super) at_ns: u64,
    /// How long the worker worked on it.
    pub(super) service_ns: u64,
}

/// What one run of the publisher saw.
#[derive(Clone, Debug)]
pub(super) struct Samples {
    /// When messages should have left.
    pub(super) schedule: Schedule,
    /// By how many nanoseconds each left late.
    pub(super) lateness: Vec<u64>,
    /// What came back, in order of arrival.
    pub(super) arrivals: Vec<Arrival>,
    /// The start by the wall clock, for records only.
    pub(super) started_unix: Duration,
}

impl Samples {
    /// Writes to a file, or to standard output.
    pub(super) fn write(&self, path: Option<&Path>) -> std::io::Result<()> {
        let text = self.render();
        match path {
            Some(path) => std::fs::write(path, text),
            None => {
                let mut out = std::io::stdout().lock();
                out.write_all(text.as_bytes())?;
                out.flush()
            }
        }
    }

    /// `{"format":1,…}`, then `sequence,warmup,intended_ns,lateness_ns,latency_ns,service_ns`; the last two are empty for a
    /// lost message. Sums count every message, those of the warm-up too.
    pub(super) fn render(&self) -> String {
        let mut answers: Vec<Option<Arrival>> = vec![None; self.lateness.len()];
        let mut duplicates = 0;
        for arrival in &self.arrivals {
            match usize::try_from(arrival.header.sequence).ok().and_then(|s| answers.get_mut(s)) {
                Some(slot @ None) => *slot = Some(*arrival),
                _ => duplicates += 1,
            }
        }
        let (sent, received) = (answers.len(), answers.iter().flatten().count());
        let mut text = format!(
            "{{\"format\":1,\"sent\":{sent},\"received\":{received},\"lost\":{},\"duplicates\":{duplicates},\
             \"max_lateness_ns\":{},\"started_unix_ns\":{}}}\n\
             sequence,warmup,intended_ns,lateness_ns,latency_ns,service_ns\n",
            sent - received,
            self.lateness.iter().max().unwrap_or(&0),
            self.started_unix.as_nanos(),
        );
        for (sequence, (lateness, answer)) in (0u64..).zip(self.lateness.iter().zip(&answers)) {
            let intended = nanos(self.schedule.intended(sequence));
            let warmup = u8::from(self.schedule.is_warmup(sequence));
            let (latency, service) = match answer {
                Some(a) => (a.at_ns.saturating_sub(a.header.intended_ns).to_string(), a.service_ns.to_string()),
                None => (String::new(), String::new()),
            };
            text.push_str(&format!("{sequence},{warmup},{intended},{lateness},{latency},{service}\n"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Kind;

    #[test]
    fn counts_latency_from_the_intended_time_and_names_the_lost() {
        let header = Header { kind: Kind::Load, sequence: 1, intended_ns: 500_000_000 };
        let answer = Arrival { header, at_ns: 530_000_000, service_ns: 9 };
        let samples = Samples {
            schedule: Schedule::new(2.0, Duration::from_millis(500), Duration::from_secs(1)),
            lateness: vec![1, 20_000_000, 3],
            arrivals: vec![answer, answer],
            started_unix: Duration::from_secs(1),
        };
        assert_eq!(
            samples.render(),
            "{\"format\":1,\"sent\":3,\"received\":1,\"lost\":2,\"duplicates\":1,\"max_lateness_ns\":20000000,\
             \"started_unix_ns\":1000000000}\n\
             sequence,warmup,intended_ns,lateness_ns,latency_ns,service_ns\n\
             0,1,0,1,,\n1,0,500000000,20000000,30000000,9\n2,0,1000000000,3,,\n"
        );
    }
}
