//! Where files are and what they are called.

use std::collections::BTreeSet;

use cplan_tests::repository::{files, packages, read};

#[test]
fn the_top_level_is_the_designs() {
    let wanted = [
        "CHANGELOG.md",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "Makefile",
        "README.md",
        "examples",
        "modules",
        "planner",
        "providers",
        "state",
        "tests",
    ];
    let top: BTreeSet<String> = files().iter().filter_map(|f| f.split('/').next()).map(str::to_owned).collect();
    let visible: Vec<&String> = top.iter().filter(|name| !name.starts_with('.')).collect();
    assert_eq!(visible, wanted);
}

#[test]
fn no_file_is_a_drawer() {
    let drawers = ["util", "utils", "common", "helper", "helpers", "manager", "misc", "mod"];
    let found: Vec<String> = files()
        .into_iter()
        .filter(|f| f.ends_with(".rs"))
        .filter(|f| f.trim_end_matches(".rs").split('/').any(|part| drawers.contains(&part)))
        .collect();
    assert_eq!(found, Vec::<String>::new(), "a name that says nothing attracts everything");
}

/// Files that no `mod` line reaches are neither compiled nor run, and nobody notices.
#[test]
fn no_source_file_is_forgotten() {
    let all = files();
    let mut reached = BTreeSet::new();
    let mut open: Vec<String> = packages().into_iter().flat_map(|p| p.roots).collect();
    open.extend(roots_outside("tests/fuzz"));
    while let Some(file) = open.pop() {
        if reached.insert(file.clone()) {
            open.extend(modules_of(&file, &all));
        }
    }
    let forgotten: Vec<&String> = all.iter().filter(|f| f.ends_with(".rs") && !reached.contains(*f)).collect();
    assert_eq!(forgotten, Vec::<&String>::new());
}

/// The roots that a package outside of the workspace names.
fn roots_outside(package: &str) -> Vec<String> {
    let manifest = read(&format!("{package}/Cargo.toml"));
    let paths = manifest.lines().filter_map(|line| line.strip_prefix("path = \"")?.strip_suffix('"'));
    paths.map(|path| format!("{package}/{path}")).collect()
}

/// The files of the `mod name;` lines of a file. A root (`lib.rs`, `runner.rs` of `tests/`) keeps its modules beside it.
fn modules_of(file: &str, all: &[String]) -> Vec<String> {
    let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
    let inside = format!("{folder}/{}", name.trim_end_matches(".rs"));
    read(file)
        .lines()
        .filter_map(|line| {
            let line = line.trim_start();
            let line = line.strip_prefix("pub(crate) ").or_else(|| line.strip_prefix("pub ")).unwrap_or(line);
            line.strip_prefix("mod ")?.trim_end().strip_suffix(';').map(str::to_owned)
        })
        .flat_map(|module| [format!("{folder}/{module}.rs"), format!("{inside}/{module}.rs")])
        .filter(|candidate| all.contains(candidate))
        .collect()
}

#[test]
fn every_package_inherits_lints_and_licence() {
    for package in packages() {
        let manifest = read(&format!("{}/Cargo.toml", package.folder));
        for line in ["[lints]\nworkspace = true", "license.workspace = true", "publish.workspace = true"] {
            assert!(manifest.contains(line), "{}/Cargo.toml lacks `{line}`", package.folder);
        }
    }
}

#[test]
fn every_module_and_example_explains_itself() {
    let files = files();
    let folders: BTreeSet<String> = files
        .iter()
        .filter(|f| f.starts_with("modules/") || f.starts_with("examples/"))
        .filter_map(|f| f.splitn(3, '/').collect::<Vec<_>>().get(..2).map(|two| two.join("/")))
        .collect();
    assert!(!folders.is_empty(), "no modules and no examples at all");
    let silent: Vec<&String> = folders.iter().filter(|f| !files.contains(&format!("{f}/README.md"))).collect();
    assert_eq!(silent, Vec::<&String>::new());
}

/// The names of a file's blocks: `variable "NAME" {`.
fn blocks(file: &str, kind: &str) -> Vec<String> {
    let start = format!("{kind} \"");
    read(file).lines().filter_map(|l| Some(l.strip_prefix(&start)?.split_once('"')?.0.to_owned())).collect()
}

#[test]
fn every_module_tells_of_its_inputs_and_outputs() {
    let modules = files().into_iter().filter_map(|f| Some(f.strip_suffix("/README.md")?.to_owned()));
    let mut silent = Vec::new();
    for module in modules.filter(|m| m.starts_with("modules/")) {
        let readme = read(&format!("{module}/README.md"));
        let rows: Vec<&str> = readme.lines().filter_map(|l| l.strip_prefix("| ")?.split(" | ").next()).collect();
        for (file, kind) in [("variables.hcl", "variable"), ("outputs.hcl", "output")] {
            let names = blocks(&format!("{module}/{file}"), kind);
            assert!(!names.is_empty(), "{module} has no {kind}");
            let untold = names.into_iter().filter(|name| !rows.iter().any(|row| row.contains(&format!("`{name}`"))));
            silent.extend(untold.map(|name| format!("{module}: {kind} {name}")));
        }
    }
    assert_eq!(silent, Vec::<String>::new());
}

/// What can be typed as it stands there: outputs that exist, and no address that the example has not fixed.
#[test]
fn examples_tell_commands_that_work() {
    let mut wrong = Vec::new();
    for readme in files().into_iter().filter(|f| f.starts_with("examples/") && f.ends_with("/README.md")) {
        let main = readme.replace("README.md", "main.hcl");
        let (outputs, topology, text) = (blocks(&main, "output"), read(&main), read(&readme));
        for line in text.split("```").skip(1).step_by(2).flat_map(str::lines) {
            let words: Vec<&str> = line.split(|c: char| " ()\"$".contains(c)).filter(|w| !w.is_empty()).collect();
            let output = words
                .iter()
                .position(|w| *w == "output")
                .and_then(|i| words[i + 1..].iter().find(|w| !w.starts_with('-')));
            let address = words.iter().find(|w| w.parse::<std::net::Ipv4Addr>().is_ok());
            if output.is_some_and(|o| !outputs.iter().any(|name| name == o))
                || address.is_some_and(|a| !topology.contains(a))
            {
                wrong.push(format!("{readme}: {line}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn the_edge_example_stays_short() {
    assert!(read("examples/edge/main.hcl").lines().count() <= 40);
}

#[test]
fn the_readme_names_every_package() {
    let readme = read("README.md");
    let missing: Vec<String> =
        packages().into_iter().map(|p| p.folder).filter(|folder| !readme.contains(folder.as_str())).collect();
    assert_eq!(missing, Vec::<String>::new());
}
