//! The dead man's switch: a process of its own undoes everything when nobody says in time that all is well. It outlives
//! cplan, and the connection that cplan was started over.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use cplan_sdk::{ErrorKind, ProviderError, quote};
use tokio::process::Command;
use tokio::time::{Instant, sleep};

/// How long the undoing of somebody else is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A switch that may go off.
pub(super) struct Guard {
    folder: PathBuf,
}

impl Guard {
    /// Arms it: `undo` runs after so long unless it is disarmed.
    pub(super) async fn arm(folder: &Path, after: Duration, undo: &str) -> Result<Guard, ProviderError> {
        let failed =
            |error: io::Error| ProviderError::failed(format!("`{}` cannot be written", folder.display())).source(error);
        fs::create_dir_all(folder).map_err(failed)?;
        fs::write(folder.join("undo.sh"), undo).map_err(failed)?;
        fs::write(folder.join("armed"), "").map_err(failed)?;
        // In steps of at most a second, for it to end soon after it was disarmed.
        let steps = after.as_secs().saturating_add(1);
        // Whoever renames `armed` decides: there is only one who can.
        let script = format!(
            "cd {} || exit; i=0; while [ $i -lt {steps} ]; do sleep {}; [ -e armed ] || exit; i=$((i + 1)); done
            mv armed fired 2>/dev/null && {{ sh undo.sh >undo.log 2>&1; : >undone; }}",
            quote(&folder.to_string_lossy()),
            (after / u32::try_from(steps).unwrap_or(u32::MAX)).as_secs_f64()
        );
        let started = Command::new("setsid")
            .args(["--fork", "sh", "-c", &script])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .await
            .map_err(|error| {
                ProviderError::failed("`setsid` cannot be run")
                    .remedy("Install it: apt-get install util-linux.")
                    .source(error)
            })?;
        if !started.success() {
            return Err(ProviderError::failed("the process that would undo everything cannot be started"));
        }
        Ok(Guard { folder: folder.to_owned() })
    }

    /// One that an earlier run has left: armed, or just going off.
    pub(super) fn found(folder: &Path) -> Option<Guard> {
        let is = |name: &str| folder.join(name).exists();
        (is("armed") || is("fired") && !is("undone")).then(|| Guard { folder: folder.to_owned() })
    }

    /// Says that all is well. False when it went off before.
    pub(super) fn disarm(self) -> bool {
        let won = fs::rename(self.folder.join("armed"), self.folder.join("kept")).is_ok();
        if won {
            let _ = fs::remove_dir_all(&self.folder);
        }
        won
    }

    /// Undoes everything now, or waits until whoever was faster has done it.
    pub(super) async fn fire(self) -> Result<(), ProviderError> {
        let failed = |error: io::Error| ProviderError::failed("what was changed cannot be undone").source(error);
        if fs::rename(self.folder.join("armed"), self.folder.join("fired")).is_ok() {
            let undo = self.folder.join("undo.sh");
            Command::new("sh").arg(undo).stdin(Stdio::null()).output().await.map_err(failed)?;
        } else {
            let end = Instant::now() + PATIENCE;
            // What it puts back lies in the folder, which must not go before.
            while !self.folder.join("undone").exists() {
                if Instant::now() >= end {
                    let what = format!("what was changed is still being undone: see `{}`", self.folder.display());
                    return Err(ProviderError::new(ErrorKind::TimedOut, what));
                }
                sleep(Duration::from_millis(50)).await;
            }
        }
        let _ = fs::remove_dir_all(&self.folder);
        Ok(())
    }
}
