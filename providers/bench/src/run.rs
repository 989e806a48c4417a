//! One run: the workers, the publishers, and what they saw.

mod script;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cplan_sdk::{Access, Context, ErrorKind, Output, ProviderError, Shell};
use futures::future::{BoxFuture, join_all, try_join_all};
use futures::stream::{FuturesUnordered, StreamExt};
use serde_json::Value as Json;
use tokio_util::sync::CancellationToken;

use crate::guest::GuestBinary;
use crate::inputs::Inputs;
use crate::samples::Samples;
use script::{Post, Scripts};

/// How long workers, brokers and publishers get to find each other.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// What the shell may take on top of a publisher's own time.
const OVERHEAD: Duration = Duration::from_secs(30);
/// How long a stopped worker may take to report.
const REPORT: Duration = Duration::from_secs(20);

/// What a run saw.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outcome {
    /// By endpoint.
    pub(crate) samples: BTreeMap<String, Samples>,
    /// What the workers said, by worker and broker.
    pub(crate) workers: BTreeMap<String, Json>,
}

/// Who came to an end.
#[derive(Clone, Debug, PartialEq)]
enum Who {
    Worker(Post),
    Endpoint(String),
}

type Ended = (Who, Result<Output, ProviderError>);

/// Runs it all, and ends every process it started, whatever happens.
pub(crate) async fn run(
    ctx: &Context,
    shell: &Arc<dyn Shell>,
    guest: &GuestBinary,
    inputs: &Inputs,
    token: &str,
) -> Result<Outcome, ProviderError> {
    let machines = inputs.machines();
    try_join_all(machines.iter().map(|access| guest.push(ctx, shell, access))).await?;
    let scripts = Scripts { guest: guest.remote_path()?, token: token.to_owned() };
    let outcome = load(ctx, shell, &scripts, inputs).await;
    if outcome.is_err() {
        stop(ctx, shell, &scripts, &machines).await;
    }
    outcome
}

/// Ends what a run may have left on machines that answer.
pub(crate) async fn clean_up(
    ctx: &Context,
    shell: &Arc<dyn Shell>,
    guest: &GuestBinary,
    inputs: &Inputs,
    token: &str,
) -> Result<(), ProviderError> {
    let scripts = Scripts { guest: guest.remote_path()?, token: token.to_owned() };
    stop(ctx, shell, &scripts, &inputs.machines()).await;
    Ok(())
}

async fn load(
    ctx: &Context,
    shell: &Arc<dyn Shell>,
    scripts: &Scripts,
    inputs: &Inputs,
) -> Result<Outcome, ProviderError> {
    let mut running: FuturesUnordered<BoxFuture<'_, Ended>> = FuturesUnordered::new();
    let posts = posts(inputs);
    for (number, (post, endpoints)) in posts.iter().enumerate() {
        let access = inputs
            .workers
            .get(&post.worker)
            .ok_or_else(|| ProviderError::failed(format!("the worker `{}` is not in `workers`", post.worker)))?;
        let script = scripts.work(inputs, post, *endpoints, number);
        let who = Who::Worker(post.clone());
        running.push(Box::pin(async move { (who, shell.run(ctx, access, &script, &[]).await) }));
    }
    let limit = HANDSHAKE + inputs.warmup + inputs.duration + inputs.drain + OVERHEAD;
    for (name, endpoint) in &inputs.endpoints {
        let Some(script) = scripts.publish(inputs, name, HANDSHAKE) else { continue };
        running.push(Box::pin(async move {
            let ended = tokio::time::timeout(limit, shell.run(ctx, &endpoint.machine, &script, &[])).await;
            let ended = ended.unwrap_or_else(|_| {
                Err(ProviderError::new(
                    ErrorKind::TimedOut,
                    format!("the publisher did not end within {} s", limit.as_secs()),
                ))
            });
            (Who::Endpoint(name.clone()), ended)
        }));
    }

    let mut samples = BTreeMap::new();
    let begun = Instant::now();
    let mut clock = tokio::time::interval(Duration::from_secs(1));
    while samples.len() < inputs.endpoints.len() {
        tokio::select! {
            () = ctx.cancel.cancelled() => {
                return Err(ProviderError::new(ErrorKind::Cancelled, "the benchmark was interrupted"));
            }
            _ = clock.tick() => ctx.progress.status(&format!(
                "load from {} endpoints, {} s of about {} s",
                inputs.endpoints.len(), begun.elapsed().as_secs(), (inputs.warmup + inputs.duration).as_secs(),
            )),
            Some((who, ended)) = running.next() => match who {
                Who::Endpoint(name) => {
                    let output = succeeded(&format!("endpoint `{name}`"), ended)?;
                    let parsed = Samples::parse(&output.stdout).map_err(|e| named(&format!("endpoint `{name}`"), e))?;
                    samples.insert(name, parsed);
                }
                Who::Worker(post) => return Err(ended_early(&post, ended)),
            },
        }
    }

    // The workers end now, and say what they did; publishers have ended already.
    let workers: Vec<&Access> = inputs.machines();
    let reports = async {
        let mut reports = BTreeMap::new();
        while let Some((who, ended)) = running.next().await {
            let Who::Worker(post) = who else { continue };
            let output = succeeded(&format!("worker `{}`", post.worker), ended)?;
            reports.insert(format!("{} at {}", post.worker, post.broker), report(&output));
        }
        Ok::<_, ProviderError>(reports)
    };
    let (reports, ()) = futures::join!(tokio::time::timeout(REPORT, reports), stop(ctx, shell, scripts, &workers));
    let workers = reports.map_err(|_| {
        ProviderError::new(
            ErrorKind::TimedOut,
            format!("the workers did not report within {} s of their end", REPORT.as_secs()),
        )
    })??;
    Ok(Outcome { samples, workers })
}

/// The workers to start, with the number of endpoints each serves.
fn posts(inputs: &Inputs) -> BTreeMap<Post, usize> {
    let mut posts = BTreeMap::new();
    for endpoint in inputs.endpoints.values() {
        *posts.entry(Post { worker: endpoint.worker.clone(), broker: endpoint.broker.clone() }).or_insert(0) += 1;
    }
    posts
}

async fn stop(ctx: &Context, shell: &Arc<dyn Shell>, scripts: &Scripts, machines: &[&Access]) {
    // A machine that does not answer runs nothing for long: publishers are bounded, workers leave when idle. An
    // interrupted run must still be cleaned up, so this listens to no cancellation.
    let mut calm = ctx.clone();
    calm.cancel = CancellationToken::new();
    let script = scripts.stop();
    join_all(machines.iter().map(|access| {
        let (calm, script) = (&calm, &script);
        async move {
            if let Ok(Err(error)) = tokio::time::timeout(REPORT, shell.run(calm, access, script, &[])).await {
                ctx.progress.log(&format!("cleaning up on `{}`: {}", access.name, error.message));
            }
        }
    }))
    .await;
}

fn succeeded(who: &str, ended: Result<Output, ProviderError>) -> Result<Output, ProviderError> {
    let output = ended.map_err(|e| named(who, e))?;
    if output.status == 0 {
        return Ok(output);
    }
    Err(ProviderError::failed(format!("{who} failed with status {}: {}", output.status, last_line(&output)))
        .details(text(&output)))
}

fn ended_early(post: &Post, ended: Result<Output, ProviderError>) -> ProviderError {
    let who = format!("worker `{}` at the broker {}", post.worker, post.broker);
    match succeeded(&who, ended) {
        Err(error) => error,
        Ok(output) => ProviderError::failed(format!("{who} ended before the load did: {}", last_line(&output)))
            .details(text(&output)),
    }
}

fn named(who: &str, mut error: ProviderError) -> ProviderError {
    error.message = format!("{who}: {}", error.message);
    error
}

fn report(output: &Output) -> Json {
    serde_json::from_slice(&output.stdout).unwrap_or(Json::Null)
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout))
}

fn last_line(output: &Output) -> String {
    text(output).lines().rfind(|l| !l.trim().is_empty()).unwrap_or("it printed nothing").to_owned()
}
