//! The corpora of the fuzz targets, and the cases of the oracle, as input that must not break anything.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cplan_tests::fuzz::TARGETS;
use cplan_tests::repository;

/// The files of a folder; none where there is no such folder.
fn files(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).filter(|p| p.is_file()).collect();
    files.sort();
    files
}

/// Every input of a target: its corpus, and whatever else of the repository is input of that kind.
fn inputs(target: &str) -> BTreeMap<String, Vec<u8>> {
    let root = repository::top();
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let read = |path: PathBuf| (name(&path), std::fs::read(&path).unwrap());
    let mut all: BTreeMap<String, Vec<u8>> =
        files(&root.join("tests/corpus").join(target)).into_iter().map(read).collect();
    match target {
        "evaluator" => {
            for path in files(&root.join("planner/config/tests/oracle"))
                .into_iter()
                .filter(|p| p.extension().is_some_and(|e| e == "txt"))
            {
                let (file, text) = read(path);
                let lines = String::from_utf8(text).unwrap();
                all.extend(
                    lines.lines().enumerate().map(|(i, l)| (format!("{file}:{}", i + 1), l.as_bytes().to_vec())),
                );
            }
        }
        "parser" => {
            for path in files(&root.join("tests/oracle")) {
                let (file, text) = read(path);
                let text = String::from_utf8(text).unwrap();
                let cases = text.split("\n--- ").enumerate();
                all.extend(cases.map(|(i, case)| (format!("{file}:{i}"), [b"\0", case.as_bytes()].concat())));
            }
        }
        _ => {}
    }
    all
}

#[test]
fn no_input_breaks_a_target() {
    for (name, target) in TARGETS {
        let all = inputs(name);
        assert!(all.len() >= 3, "the corpus of {name} is missing");
        for (input, bytes) in all {
            // A panic names the input; a stack overflow ends the process, with the last of these lines as its trace.
            println!("{name}: {input}");
            target(&bytes);
            // What is cut off anywhere is broken in another way.
            target(&bytes[..bytes.len() / 2]);
        }
    }
}
