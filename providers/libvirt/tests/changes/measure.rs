//! What limits do, measured inside the guest.

use crate::lab::Object;

/// Bytes that a limited transfer moves: four seconds at the limit, so that the burst at its start hardly counts.
const MIB: u64 = 40;

/// Reads from the disk, past all caches.
pub(super) const READ: &str =
    "echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/vda of=/dev/null bs=1M count=40 skip=16 2>/dev/null";
/// Writes to the disk, past all caches, to a file that has its place already: nothing but its data is written.
pub(super) const WRITE: &str = "dd if=/dev/zero of=/root/limited bs=1M count=40 conv=notrunc oflag=direct 2>/dev/null";

/// Makes the file that is written to.
pub(super) const FILE: &str = "dd if=/dev/zero of=/root/limited bs=1M count=40 conv=fsync 2>/dev/null";

/// A transfer under a limit of 10 MB/s.
pub(super) async fn limited(machine: &Object<'_>, transfer: &str) -> Result<String, String> {
    let seconds = elapsed(machine, transfer).await;
    #[expect(clippy::cast_precision_loss, reason = "a few megabytes")]
    let rate = (MIB << 20) as f64 / seconds / 1e6;
    let said = format!("{rate:.1} MB/s");
    if (8.5..=11.5).contains(&rate) { Ok(said) } else { Err(format!("{said} instead of 10")) }
}

/// The guest's own clock, in seconds.
async fn elapsed(machine: &Object<'_>, script: &str) -> f64 {
    let said =
        machine.run(&format!("read a b </proc/uptime; {{ {script}; }} >&2; read c b </proc/uptime; echo $a $c")).await;
    let times: Vec<f64> = said.split_whitespace().filter_map(|t| t.parse().ok()).collect();
    times[1] - times[0]
}

/// How often an empty loop turns in a second of the guest's clock: the best of some tries, because the host has other
/// work, too.
pub(super) async fn turns(machine: &Object<'_>) -> f64 {
    let mut best = 0f64;
    for _ in 0..ROUNDS {
        let seconds = elapsed(machine, &format!("i=0; while [ $i -lt {TURNS} ]; do i=$((i+1)); done")).await;
        best = best.max(f64::from(TURNS) / seconds);
    }
    best
}

const ROUNDS: u32 = 5;
const TURNS: u32 = 100_000;

/// Whether the loop turns half as often as before.
pub(super) async fn halved(machine: &Object<'_>, before: &str) -> Result<String, String> {
    let ratio = turns(machine).await / before.parse::<f64>().map_err(|e| e.to_string())?;
    let said = format!("a loop at {:.0} %", ratio * 100.0);
    if (0.425..=0.575).contains(&ratio) { Ok(said) } else { Err(format!("{said} instead of 50 %")) }
}
