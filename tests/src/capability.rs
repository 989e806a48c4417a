//! What a test needs of its host. A test without it passes and says so, unless `CPLAN_REQUIRE` names the capability.

use std::process::Command;

/// Whether the capability is there. Otherwise prints `skipped: NAME: WHY`, which `.ci/tests.awk` counts, or panics when
/// the comma-separated list in `CPLAN_REQUIRE` names it. `probe` says why it is missing.
#[expect(clippy::print_stdout, reason = "a test says why it did nothing")]
pub fn require(name: &str, probe: impl FnOnce() -> Result<(), String>) -> bool {
    let Err(why) = probe() else { return true };
    let required = std::env::var("CPLAN_REQUIRE").unwrap_or_default();
    println!("{}", skipped(&required, name, &why));
    false
}

fn skipped(required: &str, name: &str, why: &str) -> String {
    assert!(!names(required, name), "`{name}` is required by CPLAN_REQUIRE and missing: {why}");
    format!("skipped: {name}: {why}")
}

fn names(list: &str, name: &str) -> bool {
    list.split(',').any(|word| word.trim() == name)
}

/// A libvirtd at `qemu:///system`, and QEMU.
pub fn libvirt() -> Result<(), String> {
    succeeds("virsh", &["-c", "qemu:///system", "uri"])?;
    succeeds("qemu-system-x86_64", &["--version"])
}

/// QEMU for machines of arm64.
pub fn arm64() -> Result<(), String> {
    succeeds("qemu-system-aarch64", &["--version"])
}

/// The rights to make namespaces and users.
pub fn root() -> Result<(), String> {
    let output = Command::new("id").arg("-u").output().map_err(|e| format!("id: {e}"))?;
    if output.stdout.trim_ascii() == b"0" { Ok(()) } else { Err("this is an ordinary user".to_owned()) }
}

/// The two ordinary users of the testbed.
pub fn users() -> Result<(), String> {
    ["cplan-one", "cplan-two"].iter().try_for_each(|name| succeeds("id", &[name]))
}

/// An ssh client.
pub fn ssh() -> Result<(), String> {
    succeeds("ssh", &["-V"])
}

/// Guests of the `micro` image carry their own tc modules, so netem in guests needs only that guests can run.
pub fn guest_netem() -> Result<(), String> {
    libvirt()
}

/// HashiCorp's terraform, the oracle of the language and the peer in benchmarks.
pub fn terraform() -> Result<(), String> {
    succeeds("terraform", &["version"])
}

fn succeeds(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).output().map_err(|e| format!("{program}: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(format!("{program}: {}", stderr.lines().last().unwrap_or("it failed")))
}

#[cfg(test)]
mod tests {
    use super::{names, require, skipped};

    #[test]
    fn a_capability_that_is_there_needs_no_words() {
        assert!(require("x", || Ok(())));
    }

    #[test]
    fn one_that_is_missing_is_said() {
        assert_eq!(skipped("ssh", "libvirt", "no socket"), "skipped: libvirt: no socket");
    }

    #[test]
    #[should_panic(expected = "`libvirt` is required")]
    fn one_that_is_missing_and_named_fails() {
        skipped("ssh,libvirt", "libvirt", "no socket");
    }

    #[test]
    fn names_are_whole_words_of_the_list() {
        assert!(names("libvirt, ssh", "ssh"));
        assert!(!names("libvirt,ssh", "lib"));
        assert!(!names("", "ssh"));
    }
}
