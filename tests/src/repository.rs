//! The repository as its policies see it: the files a clone has, and cargo's own view of the packages.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A package of the workspace.
#[derive(Clone, Debug)]
pub struct Package {
    /// `cplan-model`
    pub name: String,
    /// Its folder, relative to the top: `planner/model`.
    pub folder: String,
    /// The workspace packages it needs, those of its tests included.
    pub needs: Vec<String>,
    /// The root files of its targets, relative to the top.
    pub roots: Vec<String>,
}

/// The top folder.
pub fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The files that are in git or would be added, relative to the top, in order.
///
/// # Panics
/// Without git, or outside of a clone.
pub fn files() -> Vec<String> {
    let output = run("git", &["ls-files", "--cached", "--others", "--exclude-standard"]);
    let mut files: Vec<String> = output.lines().map(str::to_owned).filter(|f| top().join(f).is_file()).collect();
    files.sort();
    files.dedup();
    files
}

/// The text of a file, relative to the top.
///
/// # Panics
/// When it cannot be read.
pub fn read(file: &str) -> String {
    std::fs::read_to_string(top().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// The packages of the workspace, in order of name.
///
/// # Panics
/// When cargo does not answer in its documented form.
pub fn packages() -> Vec<Package> {
    let output = run(env!("CARGO"), &["metadata", "--no-deps", "--offline", "--format-version", "1"]);
    let metadata: serde_json::Value = serde_json::from_str(&output).unwrap_or_else(|e| panic!("cargo metadata: {e}"));
    let relative = |path: &serde_json::Value| {
        let path = PathBuf::from(path.as_str().unwrap_or_default());
        path.strip_prefix(top()).unwrap_or(&path).to_string_lossy().into_owned()
    };
    let list = |value: &serde_json::Value| value.as_array().cloned().unwrap_or_default();
    let mut packages: Vec<Package> = list(&metadata["packages"])
        .iter()
        .map(|package| Package {
            name: package["name"].as_str().unwrap_or_default().to_owned(),
            folder: relative(&package["manifest_path"]).trim_end_matches("/Cargo.toml").to_owned(),
            needs: list(&package["dependencies"])
                .iter()
                .filter(|d| d["path"].is_string())
                .filter_map(|d| d["name"].as_str().map(str::to_owned))
                .collect(),
            roots: list(&package["targets"]).iter().map(|t| relative(&t["src_path"])).collect(),
        })
        .collect();
    packages.sort_by(|a, b| a.name.cmp(&b.name));
    packages
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(top()).output();
    let output = output.unwrap_or_else(|e| panic!("{program}: {e}"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
