//! What limits do, measured inside the guest.

use std::ops::RangeInclusive;

use crate::lab::{Object, virsh};

/// Bytes that a limited transfer moves: four seconds at the limit, so that the burst at its start hardly counts.
const MIB: u64 = 40;

/// Reads from the disk, past all caches.
pub(super) const READ: &str =
    "echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/vda of=/dev/null bs=1M count=40 skip=16 2>/dev/null";
/// Writes to the disk, past all caches, to a file that has its place already: nothing but its data is written.
pub(super) const WRITE: &str = "dd if=/dev/zero of=/root/limited bs=1M count=40 conv=notrunc oflag=direct 2>/dev/null";

/// Makes the file that is written to.
pub(super) const FILE: &str = "dd if=/dev/zero of=/root/limited bs=1M count=40 conv=fsync 2>/dev/null";

/// How often something is measured that other work of the host can only make less.
const TRIES: usize = 8;

/// A transfer under a limit of 10 MB/s. It is never faster; slower than it may be it is when the host has no time for it.
pub(super) async fn limited(machine: &Object<'_>, transfer: &str) -> Result<String, String> {
    let mut said = String::new();
    for _ in 0..TRIES {
        let seconds = elapsed(machine, transfer).await;
        #[expect(clippy::cast_precision_loss, reason = "a few megabytes")]
        let rate = (MIB << 20) as f64 / seconds / 1e6;
        said = format!("{rate:.1} MB/s");
        if rate >= 8.5 {
            return if rate <= 11.5 { Ok(said) } else { Err(format!("{said} instead of 10")) };
        }
    }
    Err(format!("{said} instead of 10"))
}

/// The guest's own clock, in seconds.
async fn elapsed(machine: &Object<'_>, script: &str) -> f64 {
    let said =
        machine.run(&format!("read a b </proc/uptime; {{ {script}; }} >&2; read c b </proc/uptime; echo $a $c")).await;
    let times: Vec<f64> = said.split_whitespace().filter_map(|t| t.parse().ok()).collect();
    times[1] - times[0]
}

/// How much of a processor a loop gets that wants all of one: the host's clock of the machine's processor against the
/// guest's own, the best of some tries, for other work of the host only takes away; until that is within `likely`. Turns in
/// a second would hang on what runs on the processor's other thread. The difference of two lengths is without what a login
/// costs; the shorter one is the one that took the least time, or what it lost to other work would be taken for a gain.
pub(super) async fn share(machine: &Object<'_>, likely: RangeInclusive<f64>) -> f64 {
    let (mut short, mut longs) = ((0.0, f64::INFINITY), Vec::new());
    loop {
        let again = used(machine, TURNS).await;
        if again.1 < short.1 {
            short = again;
        }
        longs.push(used(machine, 3 * TURNS).await);
        let shares = longs.iter().map(|long| (long.0 - short.0) / (long.1 - short.1));
        let best = shares.fold(0.0, f64::max);
        if likely.contains(&best) || longs.len() == TRIES {
            return best;
        }
    }
}

/// Processor time of the host and seconds of the guest that so many turns take.
async fn used(machine: &Object<'_>, turns: u32) -> (f64, f64) {
    let before = processor_time(machine);
    let seconds = elapsed(machine, &spin(turns)).await;
    (processor_time(machine) - before, seconds)
}

fn processor_time(machine: &Object<'_>) -> f64 {
    let said = virsh(&["domstats", "--vcpu", machine.text("domain")]);
    let times = said.lines().filter_map(|line| line.trim().strip_prefix("vcpu.")?.split_once(".time="));
    times.filter_map(|(_, nanoseconds)| nanoseconds.parse::<f64>().ok()).sum::<f64>() / 1e9
}

fn spin(turns: u32) -> String {
    format!("i=0; while [ $i -lt {turns} ]; do i=$((i+1)); done")
}

const TURNS: u32 = 100_000;

/// Whether a loop gets half a processor that got more of it before.
pub(super) async fn halved(machine: &Object<'_>, before: &str) -> Result<String, String> {
    let before = before.parse::<f64>().map_err(|e| e.to_string())?;
    let half = 0.425..=0.575;
    let share = share(machine, half.clone()).await;
    let said = format!("a loop at {:.0} %, {:.0} % before", share * 100.0, before * 100.0);
    let holds = half.contains(&share) && before > share;
    if holds { Ok(said) } else { Err(format!("{said} instead of 50 %")) }
}
