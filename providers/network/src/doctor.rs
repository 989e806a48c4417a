//! What this host's kernel can do for links. Guests bring their own kernel, so nothing here stops a lab.

use std::path::Path;
use std::process::Command;

use cplan_model::Diagnostic;

/// Findings, for information: whether `tc` is there, and whether this kernel has netem.
pub fn doctor() -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if let Err(e) = Command::new("tc").arg("-V").output() {
        let what = format!("The program `tc` cannot be started on this host: {e}; machines have their own.");
        found.push(
            Diagnostic::warning("tc-missing", "No tc on this host", what)
                .remedy("Only to look at this host's own queues: `apt-get install -y iproute2`."),
        );
    }
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let modules = format!("/lib/modules/{}", release.trim());
    let loaded = Path::new("/sys/module/sch_netem").exists();
    let listed = ["modules.builtin", "modules.dep"]
        .iter()
        .filter_map(|list| std::fs::read_to_string(Path::new(&modules).join(list)).ok())
        .any(|list| list.contains("sch_netem"));
    if !loaded && !listed {
        let what = "This host's kernel has no netem; links are shaped inside the machines, which have it.";
        found.push(
            Diagnostic::warning("netem-missing", "No netem on this host", what)
                .remedy("Nothing is needed for machines of the `micro` image."),
        );
    }
    found
}
