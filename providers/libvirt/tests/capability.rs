//! What a test needs of its host.

use std::process::Command;

/// Whether a capability is there. Otherwise says that the test is skipped, and panics where `CPLAN_REQUIRE` names it.
pub(crate) fn require(name: &str, probe: impl FnOnce() -> Result<(), String>) -> bool {
    let Err(why) = probe() else { return true };
    let required = std::env::var("CPLAN_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|word| word.trim() == name), "`{name}` is required and missing: {why}");
    println!("skipped: {name}: {why}");
    false
}

/// Whether a program runs.
pub(crate) fn runs(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).output().map_err(|e| format!("{program}: {e}"))?;
    if output.status.success() { Ok(()) } else { Err(format!("{program} fails")) }
}
