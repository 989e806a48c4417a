//! What the connections to machines took, for verbose commands and the run log.

use std::fmt::Write as _;

use cplan_sdk::Shell;
use serde_json::{Value as Json, json};

/// How many were opened, and of each what it took.
pub(super) fn told(shell: &dyn Shell) -> String {
    let mut text = format!("ssh sessions opened: {}\n", shell.sessions());
    for time in shell.times() {
        let plural = if time.commands == 1 { "" } else { "s" };
        let (whole, opening) = (time.whole.as_secs_f64(), time.opening.as_secs_f64());
        let _ = writeln!(
            text,
            "  {}: {whole:.3} s, of which {opening:.3} s to open, {} command{plural}",
            time.machine, time.commands
        );
    }
    text
}

/// The same for programs.
pub(super) fn json(shell: &dyn Shell) -> Json {
    let one = |time: cplan_sdk::SessionTime| {
        json!({
            "machine": time.machine, "seconds": time.whole.as_secs_f64(),
            "opening_seconds": time.opening.as_secs_f64(), "commands": time.commands,
        })
    };
    shell.times().into_iter().map(one).collect()
}
