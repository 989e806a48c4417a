//! A shell that runs scripts on this host, whichever machine they are for.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use cplan_sdk::{Access, Context, Output, ProviderError, Shell};
use tokio::io::AsyncWriteExt;

/// Like ssh, it leaves a script running when nobody waits for it any more.
#[derive(Debug, Default)]
pub(crate) struct LocalShell {
    streamed: AtomicUsize,
}

impl LocalShell {
    /// How many scripts got something on standard input.
    pub(crate) fn streamed(&self) -> usize {
        self.streamed.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Shell for LocalShell {
    async fn run(&self, _: &Context, _: &Access, script: &str, stdin: &[u8]) -> Result<Output, ProviderError> {
        let failed = |e: std::io::Error| ProviderError::failed("the local shell failed").source(e);
        let mut command = tokio::process::Command::new("sh");
        command.arg("-c").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        if !stdin.is_empty() {
            self.streamed.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(mut pipe) = child.stdin.take() {
            let _ = pipe.write_all(stdin).await;
        }
        let output = child.wait_with_output().await.map_err(failed)?;
        let status = output.status.code().unwrap_or(255);
        Ok(Output { stdout: output.stdout, stderr: output.stderr, status })
    }

    async fn probe(&self, _: &Context, _: &Access) -> Result<String, ProviderError> {
        Ok("boot".into())
    }

    async fn disconnect(&self, _: &Access) {}

    fn sessions(&self) -> usize {
        1
    }

    async fn close(&self) {}
}

/// The guest binary that `CPLAN_GUEST` names, or else one that is built now.
pub(crate) fn guest_binary() -> PathBuf {
    if let Some(named) = std::env::var_os("CPLAN_GUEST").filter(|n| !n.is_empty()) {
        return named.into();
    }
    let built = std::process::Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "cplan-guest"])
        .status()
        .expect("cargo runs");
    assert!(built.success(), "cplan-guest does not build");
    let test = std::env::current_exe().expect("a test has a path");
    test.parent().and_then(Path::parent).expect("target/debug").join("cplan-guest")
}

/// The process ids of running guest binaries below a folder whose command line contains `word`.
pub(crate) fn guests(folder: &Path, word: &str) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").expect("/proc");
    processes
        .flatten()
        .filter(|p| std::fs::read_link(p.path().join("exe")).is_ok_and(|exe| exe.starts_with(folder)))
        .filter(|p| {
            let line = std::fs::read(p.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(word)
        })
        .filter_map(|p| p.file_name().to_string_lossy().parse().ok())
        .collect()
}
