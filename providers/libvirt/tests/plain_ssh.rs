//! A shell of one ssh process per call: providers do not know each other, so machines are tried without cplan's own.

use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use cplan_sdk::{Access, Context, ErrorKind, Output, ProviderError, Shell};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// Nothing stays open between two calls.
#[derive(Default)]
pub(crate) struct PlainSsh {
    calls: AtomicUsize,
}

/// For a machine that is still busy with its start.
const PATIENT: u32 = 60;
/// For one that may not be there yet; who waits for it asks again.
const BRIEF: u32 = 3;

impl PlainSsh {
    /// `connect` limits the wait for the server's first words, in seconds.
    async fn call(&self, access: &Access, connect: u32, script: &str, stdin: &[u8]) -> Result<Output, ProviderError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let folder = tempfile::tempdir().unwrap();
        let known = folder.path().join("known_hosts");
        std::fs::write(&known, format!("{} {}\n", access.address, access.host_key)).unwrap();
        let mut command = Command::new("ssh");
        command.args(["-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"]);
        command.arg("-o").arg(format!("ConnectTimeout={connect}"));
        command.arg("-o").arg(format!("UserKnownHostsFile={}", known.display())).arg("-i").arg(&access.key_file);
        command.args(["-p", &access.port.to_string(), &format!("{}@{}", access.user, access.address), script]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        // A command that does not read leaves a broken pipe; its status says more.
        let _ = child.stdin.take().unwrap().write_all(stdin).await;
        let output = child.wait_with_output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        match output.status.code() {
            // ssh(1): 255 is an error of ssh itself.
            Some(255) | None if said.contains("Host key verification failed") => {
                Err(ProviderError::new(ErrorKind::Denied, said))
            }
            Some(255) | None => Err(ProviderError::new(ErrorKind::Transient, said)),
            Some(status) => Ok(Output { stdout: output.stdout, stderr: output.stderr, status }),
        }
    }
}

#[async_trait]
impl Shell for PlainSsh {
    async fn run(&self, _: &Context, access: &Access, script: &str, stdin: &[u8]) -> Result<Output, ProviderError> {
        self.call(access, PATIENT, script, stdin).await
    }

    async fn probe(&self, _: &Context, access: &Access) -> Result<String, ProviderError> {
        let output = self.call(access, BRIEF, "cat /proc/sys/kernel/random/boot_id", &[]).await?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    async fn disconnect(&self, _: &Access) {}

    fn sessions(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    async fn close(&self) {}
}
