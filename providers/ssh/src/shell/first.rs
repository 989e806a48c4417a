//! The script that comes with a connection: the connection's own command runs it, and no other is needed.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use cplan_sdk::Output;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::oneshot;

use super::watch::Watch;

/// Reads the script whole before it begins, and drops what it complains of; what `sudo` complains of comes before.
const SILENT_FROM_INPUT: &str = "'exec 2>/dev/null; s=$(cat); eval \"$s\" </dev/null'";

/// A script that only looks, and who waits for what it says.
pub(super) struct First {
    script: String,
    /// Begins the line after its output, and nothing that a script says.
    end: String,
    answer: oneshot::Sender<Output>,
}

impl First {
    pub(super) fn new(script: &str) -> (First, oneshot::Receiver<Output>) {
        let (answer, answered) = oneshot::channel();
        let chance = RandomState::new().build_hasher().finish();
        (First { script: script.to_owned(), end: format!("cplan-done-{chance:016x} "), answer }, answered)
    }

    /// What the machine runs. The script comes in over standard input, of which it takes exactly its length: a command has
    /// not the room.
    pub(super) fn command(&self, shell: &str) -> String {
        let (length, end) = (self.script.len(), &self.end);
        format!(
            "PATH=$PATH:/usr/sbin:/sbin; export PATH; head -c {length} | {shell} -c {SILENT_FROM_INPUT} 2>&1; \
             s=$?; echo; echo \"{end}$s\""
        )
    }

    /// Sends the script and waits for its end. Where the connection breaks off, who waits is told by the end of the channel.
    pub(super) async fn answer(self, stdin: &mut ChildStdin, stdout: &mut BufReader<ChildStdout>, seen: &Watch) {
        let send = async {
            let _ = stdin.write_all(self.script.as_bytes()).await;
            let _ = stdin.flush().await;
        };
        let ((), output) = tokio::join!(send, read(stdout, &self.end));
        seen.command();
        if let Some(output) = output {
            let _ = self.answer.send(output);
        }
    }
}

/// Reads until the line that begins with `end` and tells the status.
async fn read(stdout: &mut BufReader<ChildStdout>, end: &str) -> Option<Output> {
    let mut said = Vec::new();
    loop {
        let begun = said.len();
        if stdout.read_until(b'\n', &mut said).await.ok()? == 0 {
            return None;
        }
        if let Some(status) = said[begun..].strip_prefix(end.as_bytes()) {
            let status = std::str::from_utf8(status).ok()?.trim().parse().ok()?;
            // The line end before it is not the script's.
            said.truncate(begun - 1);
            return Some(Output { stdout: said, stderr: Vec::new(), status });
        }
    }
}
