//! Round-trip times between machines, measured by `ping` on them.

use std::net::Ipv4Addr;

use cplan_sdk::{Access, Context, ErrorKind, ProviderError, Shell};
use futures::future::join_all;

use crate::PROBE_TOS;

/// The round-trip times to one peer, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RoundTrips {
    /// How many requests were sent.
    pub sent: u32,
    /// How many answers came.
    pub received: u32,
    /// The shortest.
    pub min: f64,
    /// The median, which a stall of the host moves little.
    pub median: f64,
    /// The longest.
    pub max: f64,
}

/// Which packets are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// As any other packet: shaped.
    Shaped,
    /// Marked, so that no rule of a `lab_shaper` shapes them. Needs a `ping` with `-Q` on the machine (iputils).
    Baseline,
}

/// Pings each peer `count` times from the machine, all peers at once, every 200 ms; answers in the order of `peers`. One
/// round trip over the shell. `Err` of kind [`ErrorKind::NotFound`]: the machine's `ping` cannot mark packets.
pub async fn round_trips(
    shell: &dyn Shell,
    ctx: &Context,
    access: &Access,
    peers: &[Ipv4Addr],
    count: u32,
    path: Path,
) -> Result<Vec<RoundTrips>, ProviderError> {
    let output = shell.run(ctx, access, &script(peers, count, path), b"").await?;
    let said = String::from_utf8_lossy(&output.stdout);
    if output.status == NO_MARK {
        let what = format!("the `ping` of machine `{}` cannot mark packets", access.name);
        return Err(ProviderError::new(ErrorKind::NotFound, what).remedy("Add iputils-ping to the machine's image."));
    }
    let parts: Vec<&str> = said.split(NEXT).skip(1).collect();
    if parts.len() != peers.len() {
        return Err(ProviderError::failed(format!("machine `{}` measured nothing", access.name))
            .details(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    Ok(parts.into_iter().map(|part| parse(part, count)).collect())
}

/// The same from many machines at once.
pub async fn all_round_trips(
    shell: &dyn Shell,
    ctx: &Context,
    pairs: &[(Access, Vec<Ipv4Addr>)],
    count: u32,
    path: Path,
) -> Vec<Result<Vec<RoundTrips>, ProviderError>> {
    join_all(pairs.iter().map(|(access, peers)| round_trips(shell, ctx, access, peers, count, path))).await
}

const NEXT: &str = "--cplan-next";
const NO_MARK: i32 = 88;

fn script(peers: &[Ipv4Addr], count: u32, path: Path) -> String {
    let mark = match path {
        Path::Shaped => String::new(),
        Path::Baseline => format!(" -Q {PROBE_TOS}"),
    };
    let mut script = String::from("d=$(mktemp -d) || exit 1\n");
    if path == Path::Baseline {
        script
            .push_str(&format!("ping{mark} -c 1 127.0.0.1 >/dev/null 2>&1 || {{ rm -rf \"$d\"; exit {NO_MARK}; }}\n"));
    }
    for (i, peer) in peers.iter().enumerate() {
        script.push_str(&format!("ping{mark} -c {count} -i 0.2 -W 2 {peer} >\"$d/{i}\" 2>&1 &\n"));
    }
    script.push_str("wait\n");
    for i in 0..peers.len() {
        script.push_str(&format!("echo '{NEXT}'; cat \"$d/{i}\"\n"));
    }
    script.push_str("rm -rf \"$d\"\n");
    script
}

/// Reads the lines `… time=15.123 ms` of either ping.
fn parse(text: &str, sent: u32) -> RoundTrips {
    let mut times: Vec<f64> =
        text.lines().filter_map(|line| line.split_once("time=")?.1.split_whitespace().next()?.parse().ok()).collect();
    times.sort_by(f64::total_cmp);
    let n = times.len();
    let median = match n {
        0 => 0.0,
        n if n % 2 == 1 => times[n / 2],
        n => f64::midpoint(times[n / 2 - 1], times[n / 2]),
    };
    RoundTrips {
        sent,
        received: u32::try_from(n).unwrap_or(sent),
        min: times.first().copied().unwrap_or(0.0),
        median,
        max: times.last().copied().unwrap_or(0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_either_ping() {
        let busybox = "PING 10.0.0.2 (10.0.0.2): 56 data bytes\n64 bytes from 10.0.0.2: seq=0 ttl=64 time=15.500 ms\n\
                       64 bytes from 10.0.0.2: seq=1 ttl=64 time=15.100 ms\n\n--- statistics ---\n3 packets transmitted";
        let trips = parse(busybox, 3);
        assert_eq!(trips, RoundTrips { sent: 3, received: 2, min: 15.1, median: 15.3, max: 15.5 });
        let iputils = "64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=0.045 ms";
        assert_eq!(parse(iputils, 1).median, 0.045);
        assert_eq!(parse("", 5).received, 0);
    }
}
