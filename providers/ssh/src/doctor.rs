//! What this host lacks for talking to machines.

use std::process::Command;

use cplan_model::Diagnostic;

/// One finding per missing program, with the command that mends it; none where all is well.
pub fn doctor() -> Vec<Diagnostic> {
    let missing = |e: std::io::Error| {
        Diagnostic::error("ssh-client-missing", "No ssh client", format!("The program `ssh` cannot be started: {e}."))
            .remedy("Install it: `apt-get install -y openssh-client`.")
    };
    Command::new("ssh").arg("-V").output().err().map(missing).into_iter().collect()
}
