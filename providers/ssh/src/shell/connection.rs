//! One master connection to one machine, and the commands that run over it.

use std::path::Path;
use std::pin::pin;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use cplan_sdk::{Access, Output, quote};
use openssh::Session;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{AcquireError, Mutex, Notify, Semaphore, watch};
use tokio::time::timeout;

use super::arguments::{HANDSHAKE, client_arguments, known_hosts_line};
use super::failure::Failure;
use super::first::First;
use super::runtime_dir::RuntimeDir;
use super::watch::Watch;

/// How long a master may take to end by itself once its input is closed.
const GRACE: Duration = Duration::from_millis(300);
/// sshd serves ten sessions per connection (sshd_config(5), `MaxSessions`); one is the master's own.
const SESSIONS: usize = 8;
/// dropbear refuses a command of more than 9,000 bytes (`MAX_CMD_LEN` in its sysoptions.h) by closing the connection.
const LONGEST_COMMAND: usize = 8_000;
const READY: &str = "cplan-ready ";
/// Says that it is there, which boot this is, and what serves it.
const BEGIN: &str =
    "read -r b </proc/sys/kernel/random/boot_id; read -r s </proc/$PPID/comm; echo \"cplan-ready $b $s\"";
/// A dropbear before 2025.87 drops the connection when a command ends just while another one begins
/// (<https://github.com/mkj/dropbear/issues/321>). So they go one by one there, but for those that take longer than this
/// many times this long. In pieces, because a host that stands still for seconds lets only one of them pass: it has not
/// given the command that time.
const TURN: (u32, Duration) = (20, Duration::from_millis(100));
/// Lives as long as our end of its standard input.
const KEEP: &str = "exec cat >/dev/null";

/// Why a script gave no output.
pub(super) enum RunError {
    /// It surely did not begin.
    NotBegun(Failure),
    /// It may have begun.
    Broken(Failure),
}

/// An open connection.
pub(super) struct Connection {
    access: Access,
    session: Session,
    boot_id: String,
    slots: Semaphore,
    turn: Option<Mutex<()>>,
    stop: Arc<Notify>,
    ended: watch::Receiver<bool>,
    times: Arc<Watch>,
}

impl Connection {
    /// Opens a connection: `connect` limits the wait for TCP alone. With `first` its own command runs a script.
    ///
    /// TCP is tried first without ssh, because a machine that boots is asked many times, and an ssh process for each
    /// time costs the cores that the machine needs to boot.
    pub(super) async fn open(
        runtime: &Arc<RuntimeDir>,
        access: &Access,
        connect: Duration,
        first: Option<First>,
    ) -> Result<Connection, Failure> {
        let times = Arc::new(Watch::begin(&access.name));
        match timeout(connect, TcpStream::connect((access.address.as_str(), access.port))).await {
            Ok(Ok(_)) => {}
            Ok(Err(e)) => return Err(Failure::unreachable(access, &e.to_string())),
            Err(_) => {
                let why = format!("no answer at {}:{} within {connect:.1?}", access.address, access.port);
                return Err(Failure::unreachable(access, &why));
            }
        }
        let (socket, known_hosts) = runtime.paths();
        tokio::fs::write(&known_hosts, known_hosts_line(access) + "\n")
            .await
            .map_err(|e| Failure::local(format!("cannot write the known-hosts file: {e}")))?;
        let mut child = spawn_master(access, &socket, &known_hosts, first.as_ref())?;
        let (Some(stdin), Some(stdout), Some(mut stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(Failure::local("ssh was started without pipes".into()));
        };
        let said = tokio::spawn(async move {
            let mut said = Vec::new();
            let _ = stderr.read_to_end(&mut said).await;
            String::from_utf8_lossy(&said).into_owned()
        });
        let mut stdout = BufReader::new(stdout);
        let ready = match timeout(HANDSHAKE, read_ready(&mut stdout)).await {
            Ok(Some(ready)) => Ok(ready),
            Ok(None) => Err(Failure::from_client(access, &said.await.unwrap_or_default())),
            Err(_) => Err(Failure::slow(access, HANDSHAKE)),
        };
        let Ready { boot_id, server } = match ready {
            Ok(ready) => ready,
            Err(failure) => {
                let _ = child.kill().await;
                let _ = tokio::fs::remove_file(&socket).await;
                let _ = tokio::fs::remove_file(&known_hosts).await;
                return Err(failure);
            }
        };
        times.opened();
        let stop = Arc::new(Notify::new());
        let (end, ended) = watch::channel(false);
        let (runtime, path, notify, seen) = (runtime.clone(), socket.clone(), stop.clone(), times.clone());
        tokio::spawn(async move {
            let answered = async |stdin: &mut ChildStdin, stdout: &mut BufReader<ChildStdout>| match first {
                Some(first) => first.answer(stdin, stdout, &seen).await,
                None => seen.command(),
            };
            keep(child, stdin, stdout, &notify, answered).await;
            // A master that was killed leaves its socket.
            let _ = tokio::fs::remove_file(&path).await;
            let _ = tokio::fs::remove_file(&known_hosts).await;
            drop(runtime);
            let _ = end.send(true);
        });
        Ok(Connection {
            access: access.clone(),
            session: Session::resume_mux(socket.into_boxed_path(), None),
            boot_id,
            slots: Semaphore::new(SESSIONS),
            turn: (server == "dropbear").then(Mutex::default),
            stop,
            ended,
            times,
        })
    }

    /// What it took until now.
    pub(super) fn times(&self) -> &Arc<Watch> {
        &self.times
    }

    /// The boot id of the machine when the connection was made; a restart breaks the connection.
    pub(super) fn boot_id(&self) -> &str {
        &self.boot_id
    }

    /// Whether the master lives.
    pub(super) fn is_open(&self) -> bool {
        !*self.ended.borrow()
    }

    /// After a command broke off: waits a moment for the master's end, so that the next command is not sent to a dying
    /// one. A master that goes on living lost only that command.
    pub(super) async fn settle(&self) {
        let _ = timeout(GRACE, self.ended.clone().wait_for(|ended| *ended)).await;
    }

    /// Asks the master to end.
    fn give_up(&self) {
        self.stop.notify_one();
    }

    /// Ends the master and waits for its end.
    pub(super) async fn close(&self) {
        self.give_up();
        let _ = self.ended.clone().wait_for(|ended| *ended).await;
    }

    /// Runs a script with `stdin`.
    pub(super) async fn run(&self, script: &str, stdin: &[u8]) -> Result<Output, RunError> {
        let closed = |e: AcquireError| RunError::NotBegun(Failure::lost(&self.access, e.to_string()));
        let _slot = self.slots.acquire().await.map_err(closed)?;
        if script.contains('\0') {
            return Err(RunError::Broken(Failure::local("a script for a machine holds a NUL byte".into())));
        }
        let shell = shell(&self.access);
        let direct = format!("{shell} -c {}", quote(script));
        if framed(&direct).len() <= LONGEST_COMMAND {
            return self.command(&direct, stdin).await;
        }
        if stdin.is_empty() {
            return self.command(&format!("{shell} -c {FROM_INPUT}"), script.as_bytes()).await;
        }
        let staged = self.command("f=$(mktemp) && cat >\"$f\" && echo \"$f\"", script.as_bytes()).await?;
        if staged.status != 0 {
            return Ok(staged);
        }
        let path = quote(String::from_utf8_lossy(&staged.stdout).trim_end());
        self.command(&format!("({shell} {path}; s=$?; rm -f {path}; exit $s)"), stdin).await
    }

    async fn command(&self, command: &str, stdin: &[u8]) -> Result<Output, RunError> {
        let Some(turn) = &self.turn else { return self.command_now(command, stdin).await };
        let turn = turn.lock().await;
        let mut work = pin!(self.command_now(command, stdin));
        for _ in 0..TURN.0 {
            if let Ok(ended) = timeout(TURN.1, &mut work).await {
                return ended;
            }
        }
        drop(turn);
        work.await
    }

    async fn command_now(&self, command: &str, stdin: &[u8]) -> Result<Output, RunError> {
        let mut child = self
            .session
            .raw_command(framed(command))
            .stdin(if stdin.is_empty() { openssh::Stdio::null() } else { openssh::Stdio::piped() })
            .stdout(openssh::Stdio::piped())
            .stderr(openssh::Stdio::piped())
            .spawn()
            .await
            .map_err(|e| RunError::NotBegun(Failure::lost(&self.access, told(&e))))?;
        let (input, output, errors) = (child.stdin().take(), child.stdout().take(), child.stderr().take());
        let feed = async move {
            if let Some(mut input) = input {
                // A script need not read all of its input; its status tells whether that was wrong.
                let _ = input.write_all(stdin).await;
                let _ = input.shutdown().await;
            }
        };
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let read_out = async {
            match output {
                Some(mut output) => output.read_to_end(&mut stdout).await.map(|_| ()),
                None => Ok(()),
            }
        };
        let read_err = async {
            match errors {
                Some(mut errors) => errors.read_to_end(&mut stderr).await.map(|_| ()),
                None => Ok(()),
            }
        };
        let ((), out, err) = tokio::join!(feed, read_out, read_err);
        let waited = child.wait().await;
        let broken = |why| RunError::Broken(Failure::lost(&self.access, why));
        out.and(err).map_err(|e| broken(told(&e)))?;
        self.times.command();
        begun(&mut stdout);
        let status = match waited {
            Ok(status) => status.code().ok_or_else(|| broken(status.to_string()))?,
            // The mux client takes the status 127 of a script for its own failure.
            Err(openssh::Error::Remote(_)) => 127,
            Err(e) => return Err(broken(told(&e))),
        };
        Ok(Output { stdout, stderr, status })
    }

    /// What `sudo` says where the user may not become root.
    pub(super) fn powerless(&self, output: &Output) -> Option<Failure> {
        if self.access.user == "root" || !matches!(output.status, 1 | 127) {
            return None;
        }
        let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
        let why = said.iter().flat_map(|text| text.lines()).find(|line| {
            let refusals = [
                "password is required",
                "may not run sudo",
                "not in the sudoers",
                "not allowed to",
                "must be setuid root",
            ];
            line.starts_with("sudo: ") && refusals.iter().any(|r| line.contains(r))
                || line.contains("is not in the sudoers file")
                || line.contains("sudo: not found")
                || line.contains("sudo: command not found")
        })?;
        Some(Failure::powerless(&self.access, why.trim_start_matches("sudo: ")))
    }
}

/// What runs scripts. What cplan does on machines needs root; of a user who is not, it takes `sudo` without a password.
pub(super) fn shell(access: &Access) -> &'static str {
    if access.user == "root" { "sh" } else { "sudo -n sh" }
}

/// Reads a long script from standard input, whole, before it begins.
const FROM_INPUT: &str = "'s=$(cat); eval \"$s\" </dev/null'";

/// Begins what a command says: what a login shell says before it, as one does whose `.bashrc` greets, is none of it.
const BEGINS: &str = "cplan-begins\n";

/// The outer shell turns a death by signal into a status; tc and its like lie in the sbin folders.
fn framed(command: &str) -> String {
    format!("PATH=$PATH:/usr/sbin:/sbin; export PATH; echo {}; {command}; exit $?", BEGINS.trim_end())
}

/// Cuts off what was said before a command began.
fn begun(stdout: &mut Vec<u8>) {
    let begins = stdout.windows(BEGINS.len()).position(|said| said == BEGINS.as_bytes());
    stdout.drain(..begins.map_or(0, |at| at + BEGINS.len()));
}

/// An error with what caused it.
fn told(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.give_up();
    }
}

fn spawn_master(access: &Access, socket: &Path, known_hosts: &Path, first: Option<&First>) -> Result<Child, Failure> {
    let keeper = match first {
        Some(first) => format!("{BEGIN}; {}; {KEEP}", first.command(shell(access))),
        None => format!("{BEGIN}; {KEEP}"),
    };
    let mut command = Command::new("ssh");
    command
        .env("LC_ALL", "C")
        .arg("-MTS")
        .arg(socket)
        .args(["-o", "ControlPersist=no"])
        .args(client_arguments(access, known_hosts))
        .arg(keeper)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // An interrupt from the terminal is ours to handle; the connection is still needed to leave things in order.
        .process_group(0)
        .kill_on_drop(true);
    command.spawn().map_err(|e| Failure::no_client(&e))
}

/// What a machine says of itself first.
struct Ready {
    boot_id: String,
    /// The name of the program that serves the connection; empty where it does not tell.
    server: String,
}

async fn read_ready(stdout: &mut BufReader<ChildStdout>) -> Option<Ready> {
    let mut line = String::new();
    loop {
        line.clear();
        if stdout.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        // A greeting of the login shell may come first, with or without an end of its line.
        if let Some((_, told)) = line.trim_end().rsplit_once(READY) {
            let (boot_id, server) = told.split_once(' ').unwrap_or((told, ""));
            return Some(Ready { boot_id: boot_id.to_owned(), server: server.to_owned() });
        }
    }
}

/// Waits for the master's end, and brings it about when asked to; does `first` meanwhile.
async fn keep(
    mut child: Child,
    mut stdin: ChildStdin,
    mut stdout: BufReader<ChildStdout>,
    stop: &Notify,
    first: impl AsyncFnOnce(&mut ChildStdin, &mut BufReader<ChildStdout>),
) {
    let work = async {
        first(&mut stdin, &mut stdout).await;
        let _ = stdout.read_to_end(&mut Vec::new()).await;
    };
    let asked = tokio::select! {
        _ = child.wait() => false,
        () = work => true,
        () = stop.notified() => true,
    };
    drop(stdin);
    if asked && timeout(GRACE, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}
