//! The worker: does a given amount of work per message and answers.

mod load;

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::arguments::Work;
use crate::connection::{ConnectionError, Reader, Writer, connect};
use crate::message::{Header, Kind};

/// How a run of the worker fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkError {
    /// The broker failed.
    #[error("the worker lost its broker")]
    Broker(#[from] ConnectionError),
    /// Signals cannot be caught, or the report cannot be written.
    #[error("the worker failed")]
    Io(#[from] std::io::Error),
}

/// What was done, by all threads.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    answered: u64,
    service_ns: u128,
    longest_ns: u64,
}

/// Works until SIGTERM, or until nothing came for the idle limit; then prints one line of JSON.
pub(crate) fn run(options: &Work) -> Result<(), WorkError> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    let client = format!("cplan-work-{}-{}", std::process::id(), options.answer_topic_prefix.replace('/', "-"));
    let limit = options.idle.min(Duration::from_secs(30));
    let (writer, mut reader) = connect(&options.broker, &client, &options.topic, limit)?;
    let writer = Mutex::new(writer);
    let tally = Mutex::new(Tally::default());
    let (jobs, queue) = mpsc::channel::<(String, Header)>();
    let queue = Mutex::new(queue);
    let begun = Instant::now();
    let (received, ended) = std::thread::scope(|scope| {
        for _ in 0..options.threads.max(1) {
            scope.spawn(|| serve(options, &stop, &queue, &writer, &tally));
        }
        // Dropping the sender at the end lets the threads leave.
        take(options, &mut reader, &writer, &stop, jobs)
    })?;
    lock(&writer).disconnect();
    let tally = *lock(&tally);
    let mean = tally.service_ns / u128::from(tally.answered.max(1));
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{{\"format\":1,\"ended\":\"{ended}\",\"received\":{received},\"answered\":{},\"service_mean_ns\":{mean},\
         \"service_max_ns\":{},\"elapsed_ns\":{}}}",
        tally.answered,
        tally.longest_ns,
        begun.elapsed().as_nanos()
    )?;
    Ok(out.flush()?)
}

/// Takes messages off the wire: load goes to the threads at once, greetings are answered when all endpoints are there.
fn take(
    options: &Work,
    reader: &mut Reader,
    writer: &Mutex<Writer>,
    stop: &AtomicBool,
    jobs: mpsc::Sender<(String, Header)>,
) -> Result<(u64, &'static str), ConnectionError> {
    let mut greeted = BTreeSet::new();
    let mut complete = false;
    let mut received = 0;
    let mut last = Instant::now();
    loop {
        if stop.load(Ordering::Relaxed) {
            return Ok((received, "signal"));
        }
        if last.elapsed() >= options.idle {
            return Ok((received, "idle"));
        }
        let Some(message) = reader.next()? else { continue };
        let Some(header) = Header::read(&message.payload) else { continue };
        last = Instant::now();
        let endpoint = message.topic.rsplit('/').next().unwrap_or_default().to_owned();
        if header.kind == Kind::Load {
            received += 1;
            let _ = jobs.send((endpoint, header));
            continue;
        }
        greeted.insert(endpoint.clone());
        let waiting = if complete { vec![endpoint] } else { greeted.iter().cloned().collect() };
        complete = greeted.len() >= options.endpoints;
        if complete {
            for endpoint in waiting {
                answer(options, writer, &endpoint, header, 0)?;
            }
        }
    }
}

/// One thread's life: work, answer, until there is no more, or until it is told to stop.
fn serve(
    options: &Work,
    stop: &AtomicBool,
    queue: &Mutex<mpsc::Receiver<(String, Header)>>,
    writer: &Mutex<Writer>,
    tally: &Mutex<Tally>,
) {
    loop {
        let job = lock(queue).recv();
        let Ok((endpoint, header)) = job else { return };
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let begun = Instant::now();
        load::work(options.iterations, header.sequence);
        let service_ns = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        // A broken connection ends the reading thread too, which says so.
        if answer(options, writer, &endpoint, header, service_ns).is_err() {
            return;
        }
        let mut tally = lock(tally);
        tally.answered += 1;
        tally.service_ns += u128::from(service_ns);
        tally.longest_ns = tally.longest_ns.max(service_ns);
    }
}

fn answer(
    options: &Work,
    writer: &Mutex<Writer>,
    endpoint: &str,
    header: Header,
    service_ns: u64,
) -> Result<(), ConnectionError> {
    let topic = format!("{}/{endpoint}", options.answer_topic_prefix);
    lock(writer).publish(&topic, Bytes::from(header.answer(service_ns)))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
