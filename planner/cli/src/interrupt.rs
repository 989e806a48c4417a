//! Ctrl-C: once to finish what is under way and stop, twice to stop at once.

use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::terminal::Terminal;

/// Listens until the process ends. `say` tells the user, between lines that are being redrawn.
pub(crate) fn listen(terminal: Terminal, cancel: CancellationToken, say: Arc<dyn Fn(&str) + Send + Sync>) {
    let signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
    let [Ok(interrupt), Ok(terminate), Ok(hangup)] = signals else { return };
    tokio::spawn(async move {
        let mut signals = [interrupt, terminate, hangup];
        any(&mut signals).await;
        say("Interrupted: what is under way is finished, and nothing new begins. Interrupt again to stop at once.\n");
        cancel.cancel();
        any(&mut signals).await;
        terminal.err("Stopped at once. The next apply settles the steps that were under way.\n");
        #[expect(clippy::exit, reason = "the user asked twice")]
        std::process::exit(1);
    });
}

async fn any(signals: &mut [Signal; 3]) {
    let [a, b, c] = signals;
    tokio::select! {
        _ = a.recv() => {}
        _ = b.recv() => {}
        _ = c.recv() => {}
    }
}
