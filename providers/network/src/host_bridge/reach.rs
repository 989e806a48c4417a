//! Whether the management path holds: the addresses that must answer do.

use std::net::IpAddr;
use std::process::Stdio;
use std::time::Duration;

use cplan_sdk::{Context, ErrorKind, ProviderError};
use serde_json::Value as Json;
use tokio::net::UdpSocket;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

/// Waits until all of them answer. The error names the first that does not.
pub(super) async fn wait(ctx: &Context, addresses: &[String], limit: Duration) -> Result<(), ProviderError> {
    let end = Instant::now() + limit;
    for address in addresses {
        loop {
            ctx.progress.status(&format!("waiting for {address} to answer through the bridge"));
            if answers(address).await {
                break;
            }
            if ctx.cancel.is_cancelled() {
                return Err(ProviderError::new(ErrorKind::Cancelled, "interrupted"));
            }
            if Instant::now() >= end {
                let what = format!("the management path is lost: {address} does not answer through the bridge");
                return Err(ProviderError::new(ErrorKind::TimedOut, what));
            }
            sleep(Duration::from_millis(100)).await;
        }
    }
    Ok(())
}

/// By its answer to a ping, or, since many do not give one, by its answer to the kernel's question for its hardware
/// address.
async fn answers(address: &str) -> bool {
    let ping = Command::new("ping")
        .args(["-n", "-c", "1", "-W", "1", address])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    ping.await.is_ok_and(|status| status.success()) || is_neighbour(address).await
}

async fn is_neighbour(address: &str) -> bool {
    let Ok(ip) = address.parse::<IpAddr>() else { return false };
    // Anything that is sent there makes the kernel ask; port 9 discards it.
    let local = if ip.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let Ok(socket) = UdpSocket::bind(local).await else { return false };
    let _ = socket.send_to(&[], (ip, 9)).await;
    sleep(Duration::from_millis(200)).await;
    let Ok(output) = Command::new("ip").args(["-json", "neighbour", "show", "to", address]).output().await else {
        return false;
    };
    let found: Vec<Json> = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let reachable = |entry: &Json| {
        let states = entry["state"].as_array().into_iter().flatten().filter_map(Json::as_str);
        states.into_iter().any(|state| ["REACHABLE", "PERMANENT"].contains(&state))
    };
    found.iter().any(reachable)
}
