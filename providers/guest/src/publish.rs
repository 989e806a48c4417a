//! The publisher: an open-loop load generator.
//!
//! Messages leave at intended times, whatever becomes of earlier ones, and latency counts from the intended time, so
//! that a stall shows in every message it delays and not only in the first. This avoids coordinated omission; the method
//! is wrk2's (<https://github.com/giltene/wrk2>, "Acknowledgements" and "Coordinated Omission"). Where a full socket
//! makes a send late, the lateness is recorded beside the latency that contains it.

mod samples;
mod schedule;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use crate::arguments::Publish;
use crate::connection::{ConnectionError, Reader, Writer, connect};
use crate::message::{HEADER, Header, Kind};
use samples::{Arrival, Samples};
use schedule::Schedule;

/// How often a greeting is repeated: one at QoS 0 is lost when the worker has not subscribed yet.
const GREETING_EVERY: Duration = Duration::from_millis(200);

/// How a run of the publisher fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PublishError {
    /// The header does not fit.
    #[error("a payload of {0} bytes is too small for the {HEADER} bytes of the header")]
    TooSmall(usize),
    /// Nobody answers.
    #[error("no worker answered the greeting within {} s, or not every endpoint arrived", .0.as_secs_f64())]
    NoWorker(Duration),
    /// The broker failed before the load.
    #[error("the handshake failed")]
    Handshake(#[source] ConnectionError),
    /// The broker failed under load.
    #[error("sending failed after {sent} messages")]
    Send {
        /// So many were sent.
        sent: u64,
        /// Why.
        #[source]
        source: ConnectionError,
    },
    /// The broker failed while answers were awaited.
    #[error("receiving failed after {received} answers")]
    Receive {
        /// So many were received.
        received: usize,
        /// Why.
        #[source]
        source: ConnectionError,
    },
    /// The samples cannot be written.
    #[error("the samples cannot be written")]
    Write(#[source] std::io::Error),
}

/// Shakes hands, sends on schedule, waits for the rest of the answers, writes the samples.
pub(crate) fn run(options: &Publish) -> Result<(), PublishError> {
    if options.size < HEADER {
        return Err(PublishError::TooSmall(options.size));
    }
    let client = format!("cplan-publish-{}-{}", std::process::id(), options.topic.replace('/', "-"));
    let (mut writer, mut reader) =
        connect(&options.broker, &client, &options.answer_topic, options.handshake).map_err(PublishError::Handshake)?;
    greet(options, &mut writer, &mut reader)?;

    let schedule = Schedule::new(options.rate, options.warmup, options.duration);
    let started_unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let start = Instant::now();
    let finished = AtomicBool::new(false);
    let (arrived, arrivals) = mpsc::channel();
    let (lateness, received) = std::thread::scope(|scope| {
        let (schedule, finished) = (&schedule, &finished);
        let receiver = scope.spawn(move || receive(&mut reader, start, schedule.count(), finished, &arrived));
        let sent = send(options, &mut writer, start, schedule);
        if sent.is_ok() {
            drain(options.drain, &receiver);
        }
        finished.store(true, Ordering::Relaxed);
        (sent, receiver.join().unwrap_or(Ok(())))
    });
    writer.disconnect();
    let arrivals: Vec<Arrival> = arrivals.try_iter().collect();
    let lateness = lateness?;
    received.map_err(|source| PublishError::Receive { received: arrivals.len(), source })?;
    Samples { schedule, lateness, arrivals, started_unix }.write(options.out.as_deref()).map_err(PublishError::Write)
}

/// Greets until the worker answers, which it does once every endpoint has greeted it: that is the common start.
fn greet(options: &Publish, writer: &mut Writer, reader: &mut Reader) -> Result<(), PublishError> {
    let begun = Instant::now();
    let mut payload = vec![0; HEADER];
    Header { kind: Kind::Greeting, sequence: 0, intended_ns: 0 }.write(&mut payload);
    let payload = Bytes::from(payload);
    while begun.elapsed() < options.handshake {
        writer.publish(&options.topic, payload.clone()).map_err(PublishError::Handshake)?;
        let sent = Instant::now();
        while sent.elapsed() < GREETING_EVERY {
            let Some(message) = reader.next().map_err(PublishError::Handshake)? else { continue };
            if Header::read(&message.payload).is_some_and(|h| h.kind == Kind::Greeting) {
                return Ok(());
            }
        }
    }
    Err(PublishError::NoWorker(options.handshake))
}

/// Sends everything; returns by how many nanoseconds each message left late.
fn send(options: &Publish, writer: &mut Writer, start: Instant, schedule: &Schedule) -> Result<Vec<u64>, PublishError> {
    let mut payload = vec![0x5a; options.size];
    let mut lateness = Vec::new();
    for sequence in 0..schedule.count() {
        let intended = schedule.intended(sequence);
        std::thread::sleep(intended.saturating_sub(start.elapsed()));
        let header = Header { kind: Kind::Load, sequence, intended_ns: nanos(intended) };
        header.write(&mut payload);
        lateness.push(nanos(start.elapsed().saturating_sub(intended)));
        writer
            .publish(&options.topic, Bytes::copy_from_slice(&payload))
            .map_err(|source| PublishError::Send { sent: sequence, source })?;
    }
    Ok(lateness)
}

/// Times answers until all are there or `finished`.
fn receive(
    reader: &mut Reader,
    start: Instant,
    count: u64,
    finished: &AtomicBool,
    arrived: &mpsc::Sender<Arrival>,
) -> Result<(), ConnectionError> {
    let mut left = count;
    while left > 0 && !finished.load(Ordering::Relaxed) {
        let Some(message) = reader.next()? else { continue };
        let at_ns = nanos(start.elapsed());
        let Some((header, service_ns)) = Header::read_answer(&message.payload) else { continue };
        if header.kind == Kind::Load && header.sequence < count {
            left -= 1;
            let _ = arrived.send(Arrival { header, at_ns, service_ns });
        }
    }
    Ok(())
}

/// Waits for the receiver to have everything, at most `limit`.
fn drain<T>(limit: Duration, receiver: &std::thread::ScopedJoinHandle<'_, T>) {
    let begun = Instant::now();
    while begun.elapsed() < limit && !receiver.is_finished() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
