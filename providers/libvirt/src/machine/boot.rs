//! Waiting until a machine answers.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::{Duration, Instant};

use cplan_sdk::{Access, Context, ErrorKind, ProviderError, Shell};
use tokio::net::TcpStream;
use tokio::time::{sleep, sleep_until, timeout};

use super::live;
use crate::Client;

/// How often to look for an open port; a look is one packet.
const POLL: Duration = Duration::from_millis(50);
/// How long to leave a machine alone whose ssh server is there and does not let anybody in yet.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How often to say what is being waited for, and to see whether the machine still runs.
const REPORT: Duration = Duration::from_secs(1);

/// Until then a guest changes itself: users, keys, its ssh server. Where there is none, or it failed, nothing is waited for.
const CLOUD_INIT_ENDED: &str = "cloud-init status --wait >/dev/null 2>&1 || true";

/// Waits until ssh answers with the host key of `access`, and with `cloud`, until cloud-init has ended; the boot id.
pub(super) async fn wait(
    ctx: &Context,
    client: &Client,
    shell: &dyn Shell,
    access: &Access,
    console: &Path,
    (limit, cloud): (Duration, bool),
) -> Result<String, ProviderError> {
    let begun = Instant::now();
    let mut reported = begun;
    let who = format!("ssh on `{}` ({}:{})", access.name, access.address, access.port);
    ctx.progress.status(&format!("waiting for {who}"));
    let mut look = Look::new(cloud);
    loop {
        let begun_at = tokio::time::Instant::now();
        let attempt = look.once(ctx, shell, access);
        let result = tokio::select! {
            biased;
            () = ctx.cancel.cancelled() => {
                return Err(ProviderError::new(ErrorKind::Cancelled, format!("interrupted while waiting for {who}")));
            }
            result = attempt => result,
        };
        let last = match result {
            Ok(boot_id) => return Ok(boot_id),
            Err(error) if matches!(error.kind, ErrorKind::Denied | ErrorKind::Cancelled) => return Err(error),
            Err(error) => error.message,
        };
        let waited = begun.elapsed();
        if waited >= limit {
            return Err(gave_up(&who, waited, &last, console));
        }
        if reported.elapsed() >= REPORT {
            reported = Instant::now();
            let line = tail(console, 1);
            let line =
                if line.is_empty() { "the console is silent".to_owned() } else { format!("last console line: {line}") };
            ctx.progress.status(&format!("waiting for {who}, {}s, {line}", waited.as_secs()));
            if !live::is_active(client, &access.id).await? {
                return Err(ProviderError::failed(format!(
                    "the machine `{}` stopped while it was starting",
                    access.name
                ))
                .remedy("Its console says why; the whole of it is in console.log in the machine's folder.")
                .details(tail(console, 20)));
            }
        }
        sleep_until(begun_at + look.pause).await;
    }
}

/// Looks whether a machine answers. Each connection costs its ssh server a process, and one that opens many beside one that is
/// agreeing on keys is what keeps a slow machine from becoming ready, or is taken for an attack (`MaxStartups`): the port is
/// looked at until it is open, and then nobody connects but the shell, which goes on with the connection it has begun.
struct Look {
    cloud: bool,
    open: bool,
    /// From the beginning of a look to that of the next.
    pause: Duration,
}

impl Look {
    fn new(cloud: bool) -> Self {
        Look { cloud, open: false, pause: POLL }
    }

    async fn once(&mut self, ctx: &Context, shell: &dyn Shell, access: &Access) -> Result<String, ProviderError> {
        if !self.open {
            // Shorter than the kernel's first repetition of a SYN: a guest that comes up meanwhile is found at once.
            let connect = TcpStream::connect((access.address.as_str(), access.port));
            match timeout(4 * POLL, connect).await {
                Ok(Ok(_)) => self.open = true,
                Ok(Err(error)) => return Err(ProviderError::new(ErrorKind::Transient, error.to_string())),
                Err(_) => return Err(ProviderError::new(ErrorKind::Transient, "no answer to a connection")),
            }
        }
        match shell.probe(ctx, access).await {
            Ok(boot_id) if self.cloud => shell.run(ctx, access, CLOUD_INIT_ENDED, &[]).await.map(|_| boot_id),
            Ok(boot_id) => Ok(boot_id),
            Err(error) => {
                self.pause = LONGEST_PAUSE.min(2 * self.pause);
                Err(error)
            }
        }
    }
}

fn gave_up(who: &str, waited: Duration, last: &str, console: &Path) -> ProviderError {
    let lines = tail(console, 20);
    let seen = if lines.is_empty() {
        "The console is silent.".to_owned()
    } else {
        format!("The console's last lines:\n{lines}")
    };
    ProviderError::new(ErrorKind::TimedOut, format!("waited {}s for {who}; last: {last}", waited.as_secs()))
        .remedy("See what the console says, or raise `boot_timeout`.")
        .details(seen)
}

/// The last lines of a console, without what would move a terminal's cursor; empty when it cannot be read.
pub(super) fn tail(console: &Path, lines: usize) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = std::fs::File::open(console)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(8192)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let text = String::from_utf8_lossy(&read().unwrap_or_default()).into_owned();
    let clean: Vec<_> = text.lines().map(plain).filter(|line| !line.trim().is_empty()).collect();
    clean[clean.len().saturating_sub(lines)..].join("\n")
}

/// A line without control characters and escape sequences (ECMA-48: `ESC [ … letter`).
fn plain(line: &str) -> String {
    let mut out = String::new();
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\x1b' {
            if chars.next_if_eq(&'[').is_some() {
                while chars.next().is_some_and(|c| !c.is_ascii_alphabetic()) {}
            } else {
                chars.next();
            }
        } else if !c.is_control() || c == '\t' {
            out.push(c);
        }
    }
    out
}

/// Gives a stopping guest a moment; used between a request and pulling the plug.
pub(super) async fn at_most<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        done = work => Some(done),
        () = sleep(limit) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;
    use cplan_sdk::{Output, Silent};
    use tokio::net::TcpListener;
    use tokio_util::sync::CancellationToken;

    use super::*;

    /// A machine that agrees on keys for as long as anybody looks.
    struct Agreeing;

    #[async_trait]
    impl Shell for Agreeing {
        async fn run(&self, _: &Context, _: &Access, _: &str, _: &[u8]) -> Result<Output, ProviderError> {
            Ok(Output::default())
        }

        async fn probe(&self, _: &Context, _: &Access) -> Result<String, ProviderError> {
            Err(ProviderError::new(ErrorKind::Transient, "not ready"))
        }

        async fn disconnect(&self, _: &Access) {}

        fn sessions(&self) -> usize {
            0
        }

        async fn close(&self) {}
    }

    #[tokio::test]
    async fn a_port_that_is_open_is_looked_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap();
        let access = Access {
            id: "id".into(),
            name: "m".into(),
            address: here.ip().to_string(),
            port: here.port(),
            user: "root".into(),
            host_key: String::new(),
            key_file: "key".into(),
            flavor: String::new(),
            arch: String::new(),
        };
        let ctx = Context::new("/nonexistent", Arc::new(Silent), CancellationToken::new());
        let (mut look, mut looks) = (Look::new(false), 0);
        // This host may be too slow for the first look at itself.
        while !look.open {
            look.once(&ctx, &Agreeing, &access).await.unwrap_err();
            looks += 1;
        }
        for _ in 0..20 {
            assert_eq!(look.once(&ctx, &Agreeing, &access).await.unwrap_err().message, "not ready");
        }
        let last = TcpStream::connect(here).await.unwrap().local_addr().unwrap();
        let mut came = 0;
        while listener.accept().await.unwrap().1 != last {
            came += 1;
        }
        assert!(came <= looks, "{came} connections after {looks} looks at a port that was not known to be open");
        assert_eq!(look.pause, LONGEST_PAUSE);
    }

    #[test]
    fn tails_are_plain() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("console.log");
        std::fs::write(&path, "one\r\n\x1b[0;32mtwo\x1b[0m\r\n\r\n\x1bcthree\x07\n").unwrap();
        assert_eq!(tail(&path, 2), "two\nthree");
        assert_eq!(tail(&path, 9), "one\ntwo\nthree");
        assert_eq!(tail(&dir.path().join("none"), 3), "");
    }
}
