//! What is refused or warned of, and in which words: the whole text stands in `refusals/NAME/expected.txt`, beside the
//! configuration and, where `plan` alone does not show it, the `script` of commands. Every folder is run.
//! `CPLAN_BLESS=1` writes the texts anew, for a review by eye; `CPLAN_FIXTURE=NAME` runs only one.

mod script;

use std::fs;

use cplan_tests::folder::Folder;
use cplan_tests::repository::{read, top};

const FIXTURES: &str = "tests/tests/refusals";

#[test]
fn every_fixture_says_its_whole_text() {
    let only = std::env::var("CPLAN_FIXTURE").ok();
    let entries = fs::read_dir(top().join(FIXTURES)).unwrap().map(Result::unwrap);
    let folders = entries.filter(|e| e.path().is_dir()).map(|e| e.file_name().into_string().unwrap());
    let mut names: Vec<String> = folders.filter(|n| only.as_ref().is_none_or(|o| o == n)).collect();
    names.sort();
    assert!(!names.is_empty());
    let wrong: Vec<String> = names.iter().filter_map(|name| judge(name).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Compares what a fixture says with its text; the difference, if there is one.
fn judge(name: &str) -> Result<(), String> {
    let fixture = format!("{FIXTURES}/{name}");
    let said = if top().join(&fixture).join("script").exists() { script::run(&fixture) } else { refused(&fixture) };
    let said = said.trim_end().to_owned() + "\n";
    let expected = top().join(&fixture).join("expected.txt");
    if std::env::var_os("CPLAN_BLESS").is_some() {
        fs::write(&expected, &said).unwrap();
    }
    match fs::read_to_string(&expected) {
        Ok(text) if text == said => Ok(()),
        _ => Err(format!("{fixture}/expected.txt is not what was said:\n{said}")),
    }
}

/// Plans a configuration that is refused. Nothing may be touched: not even a state comes to be.
fn refused(fixture: &str) -> String {
    let folder = Folder::with(&read(&format!("{fixture}/main.hcl")));
    let finished = folder.cplan(&["plan", "-no-color"]).expect(1);
    assert!(!folder.cplan(&["state", "list"]).stdout.contains('.'), "something came into the state");
    finished.stderr
}

/// How much memory the host has differs from host to host, so only a part of the text is the same everywhere.
#[test]
fn a_machine_with_more_memory_than_its_host() {
    let text = read(&format!("{FIXTURES}/machine-too-large/main.hcl")).replace("128MiB", "64TiB");
    let finished = Folder::with(&text).cplan(&["plan", "-no-color"]).expect(1);
    for part in ["main.hcl:19:12", "wants 64TiB of memory", "Write at most \"", "[machine-too-large]"] {
        assert!(finished.stderr.contains(part), "`{part}` is missing in:\n{}", finished.stderr);
    }
}

#[test]
fn a_configuration_that_cannot_be_read() {
    let folder = Folder::new();
    std::os::unix::fs::symlink("nowhere.hcl", folder.path().join("main.hcl")).unwrap();
    let finished = folder.cplan(&["plan", "-no-color"]).expect(1);
    assert!(finished.stderr.contains("main.hcl"), "{}", finished.stderr);
    fs::remove_file(folder.path().join("main.hcl")).unwrap();
    fs::write(folder.path().join("main.hcl"), b"locals {\n  x = \"\xff\"\n}\n").unwrap();
    let finished = folder.cplan(&["plan", "-no-color"]).expect(1);
    assert!(finished.stderr.contains("main.hcl") && finished.stderr.contains("UTF-8"), "{}", finished.stderr);
}
