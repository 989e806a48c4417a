//! The binaries under test: built once per test run, so that a test never judges an old one. `CPLAN_BINARIES` names a
//! folder that has them already.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The debug build of `cplan`.
pub fn cplan() -> PathBuf {
    built().join("cplan")
}

/// The debug build of the fake world's process.
pub fn fake_world() -> PathBuf {
    built().join("cplan-fake-world")
}

/// The folder of the binaries, which are up to date.
fn built() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        if let Some(folder) = std::env::var_os("CPLAN_BINARIES") {
            return folder.into();
        }
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--bins", "-p", "cplan", "-p", "cplan-sdk"]);
        cargo.current_dir(crate::repository::top());
        let status = cargo.status().unwrap_or_else(|e| panic!("cargo: {e}"));
        assert!(status.success(), "the binaries under test do not build");
        let test = std::env::current_exe().unwrap_or_else(|e| panic!("{e}"));
        // target/debug/deps/runner-… -> target/debug
        test.ancestors().nth(2).unwrap_or(&test).to_path_buf()
    })
}
