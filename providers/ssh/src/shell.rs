//! The shell on machines: OpenSSH's client, one master connection per machine and process.

mod arguments;
mod connection;
mod failure;
mod first;
mod runtime_dir;
mod watch;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use cplan_sdk::{Access, Context, ErrorKind, Output, ProviderError, SessionTime, Shell};
use futures::FutureExt;
use futures::future::{BoxFuture, Shared, join_all};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::timeout;

pub use arguments::{client_arguments, known_hosts_line};
use connection::{Connection, RunError};
use failure::Failure;
pub(crate) use failure::refused;
use first::First;
use runtime_dir::RuntimeDir;
use watch::Watch;

/// The time that one [`Shell::probe`] may take; a handshake under way goes on beyond it, and the next probe joins it.
const PROBE_LIMIT: Duration = Duration::from_millis(2500);
/// The time in which a probe's TCP connection must stand; shorter than the kernel's first SYN repeat (1 s, RFC 6298).
const PROBE_CONNECT: Duration = Duration::from_millis(600);
/// The same for a command: beyond the kernel's three ARP tries, so that "no route to host" is told by the kernel, and
/// beyond its third SYN repeat (7 s), so that a lossy way to a machine does not make it unreachable.
const RUN_CONNECT: Duration = Duration::from_secs(8);

type Attempt = Shared<BoxFuture<'static, Result<Arc<Connection>, Failure>>>;

/// The real [`Shell`].
///
/// Each machine gets one `ssh` master process, whose control socket lies in a private folder of this process; commands
/// are sent to the socket directly, without a process each. The master's own channel holds a remote `cat` whose
/// standard input is ours: when this process ends, even by `kill -9`, `cat` sees the end of its input, the master ends
/// and removes its socket, as soon as no command runs on it. A folder that a killed process left behind is recognised by
/// its lock, which nobody holds any more; the next process that opens a connection ends its masters and removes it.
pub struct OpenSshShell {
    parent: PathBuf,
    runtime: Mutex<Option<Arc<RuntimeDir>>>,
    machines: Mutex<HashMap<Access, (Attempt, AbortHandle)>>,
    opened: Arc<Mutex<Vec<Arc<Watch>>>>,
}

impl OpenSshShell {
    /// A shell whose sockets lie below `parent`, in a folder of their own. The path should be short: a socket's path
    /// has at most 107 bytes.
    pub fn new(parent: impl Into<PathBuf>) -> Self {
        OpenSshShell {
            parent: parent.into(),
            runtime: Mutex::new(None),
            machines: Mutex::new(HashMap::new()),
            opened: Arc::default(),
        }
    }

    fn runtime(&self) -> Result<Arc<RuntimeDir>, ProviderError> {
        let mut slot = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(dir) = &*slot {
            return Ok(dir.clone());
        }
        let dir = Arc::new(RuntimeDir::create(&self.parent)?);
        *slot = Some(dir.clone());
        Ok(dir)
    }

    /// The connection or the attempt at one that is under way; a failed or broken one is replaced by a new attempt.
    fn attempt(&self, access: &Access, connect: Duration) -> Result<Attempt, ProviderError> {
        Ok(self.attempt_with(access, connect, None)?.0)
    }

    /// The same; a new attempt takes the script along, and only that.
    fn attempt_with(
        &self,
        access: &Access,
        connect: Duration,
        script: Option<&str>,
    ) -> Result<(Attempt, Option<oneshot::Receiver<Output>>), ProviderError> {
        let runtime = self.runtime()?;
        let mut machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((attempt, _)) = machines.get(access) {
            match attempt.peek() {
                None => return Ok((attempt.clone(), None)),
                Some(Ok(connection)) if connection.is_open() => return Ok((attempt.clone(), None)),
                Some(_) => {}
            }
        }
        let (wanted, opened) = (access.clone(), self.opened.clone());
        let (first, answered) = script.map(First::new).unzip();
        let task = tokio::spawn(async move {
            let connection = Connection::open(&runtime, &wanted, connect, first).await?;
            opened.lock().unwrap_or_else(PoisonError::into_inner).push(connection.times().clone());
            Ok(Arc::new(connection))
        });
        let abort = task.abort_handle();
        let attempt = task.map(|joined| joined.unwrap_or_else(|e| Err(Failure::from_join(&e)))).boxed().shared();
        machines.insert(access.clone(), (attempt.clone(), abort));
        Ok((attempt, answered))
    }

    /// Lets nobody begin anything over a connection any more; what is under way over it goes on, and it ends with that.
    fn forget(&self, access: &Access, connection: &Arc<Connection>) {
        let mut machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |(attempt, _): &(Attempt, AbortHandle)| {
            attempt.peek().is_some_and(|made| made.as_ref().is_ok_and(|made| Arc::ptr_eq(made, connection)))
        };
        if machines.get(access).is_some_and(is_same) {
            machines.remove(access);
        }
    }
}

/// Ends a connection, or the attempt at one: its ssh process is killed with it.
async fn end((attempt, abort): (Attempt, AbortHandle)) {
    abort.abort();
    if let Ok(connection) = attempt.await {
        connection.close().await;
    }
}

/// Sockets below `/tmp`.
impl Default for OpenSshShell {
    fn default() -> Self {
        Self::new("/tmp")
    }
}

#[async_trait]
impl Shell for OpenSshShell {
    async fn run(&self, ctx: &Context, access: &Access, script: &str, stdin: &[u8]) -> Result<Output, ProviderError> {
        let work = async {
            // A connection that broke while nobody looked is opened anew, once: nothing of the script has run yet.
            let mut again = true;
            loop {
                let connection = self.attempt(access, RUN_CONNECT)?.await?;
                match connection.run(script, stdin).await {
                    Err(RunError::NotBegun(_)) if again => {
                        again = false;
                        self.forget(access, &connection);
                    }
                    Err(RunError::NotBegun(failure)) => return Err(failure.into()),
                    Err(RunError::Broken(failure)) => {
                        connection.settle().await;
                        return Err(ProviderError { unsettled: true, ..failure.into() });
                    }
                    Ok(output) => return connection.powerless(&output).map_or(Ok(output), |why| Err(why.into())),
                }
            }
        };
        tokio::select! {
            biased;
            () = ctx.cancel.cancelled() => Err(cancelled(access)),
            result = work => result,
        }
    }

    async fn look(&self, ctx: &Context, access: &Access, script: &str) -> Result<Output, ProviderError> {
        let work = async {
            let (attempt, answered) = self.attempt_with(access, RUN_CONNECT, Some(script))?;
            let Some(answered) = answered else { return self.run(ctx, access, script, &[]).await };
            let connection = attempt.await?;
            match answered.await {
                Ok(output) => connection.powerless(&output).map_or(Ok(output), |why| Err(why.into())),
                Err(_) => {
                    connection.settle().await;
                    Err(Failure::lost(access, "it ended before the answer").into())
                }
            }
        };
        tokio::select! {
            biased;
            () = ctx.cancel.cancelled() => Err(cancelled(access)),
            result = work => result,
        }
    }

    async fn probe(&self, ctx: &Context, access: &Access) -> Result<String, ProviderError> {
        let attempt = self.attempt(access, PROBE_CONNECT)?;
        tokio::select! {
            biased;
            () = ctx.cancel.cancelled() => Err(cancelled(access)),
            tried = timeout(PROBE_LIMIT, attempt) => match tried {
                Ok(Ok(connection)) => Ok(connection.boot_id().to_owned()),
                Ok(Err(failure)) => Err(failure.into()),
                Err(_) => Err(Failure::slow(access, PROBE_LIMIT).into()),
            },
        }
    }

    async fn disconnect(&self, access: &Access) {
        let known = self.machines.lock().unwrap_or_else(PoisonError::into_inner).remove(access);
        if let Some(known) = known {
            end(known).await;
        }
    }

    fn sessions(&self) -> usize {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn times(&self) -> Vec<SessionTime> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|watch| watch.time()).collect()
    }

    async fn close(&self) {
        let all: Vec<_> = self.machines.lock().unwrap_or_else(PoisonError::into_inner).drain().collect();
        join_all(all.into_iter().map(|(_, known)| end(known))).await;
        self.runtime.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

fn cancelled(access: &Access) -> ProviderError {
    ProviderError::new(ErrorKind::Cancelled, format!("interrupted while talking to machine `{}`", access.name))
        .remedy("What was begun there may go on; the next command looks what came of it.")
}
