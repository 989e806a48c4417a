//! What a fixture does: the lines of its `script`, one after the other.
//!
//! - `cplan ARGUMENT...` runs it and takes down what it says on standard error, and how it ends.
//! - `first cplan ARGUMENT...` only makes what the others need, and has to succeed.
//! - `copy FILE FILE`, `remove FILE` and `set NAME=VALUE` change the folder and the environment.
//! - `world` gives the fake world; `needs CAPABILITY` skips the fixture where that is not there.
//!
//! In arguments and values `FOLDER` is where the fixture runs, as it is in what is taken down.

use std::fs;

use cplan_tests::capability::{libvirt, require};
use cplan_tests::folder::Folder;
use cplan_tests::repository::{read, top};
use cplan_tests::session::Session;

/// All that the fixture says; `None` where it cannot run here.
pub(super) fn run(fixture: &str) -> Option<String> {
    let script = read(&format!("{fixture}/script"));
    let lines: Vec<&str> = script.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).collect();
    if lines.contains(&"needs libvirt") && !require("libvirt", libvirt) {
        return None;
    }
    if lines.contains(&"world") {
        let mut session = Session::new("");
        lay(fixture, &session.folder);
        return Some(steps(&lines, &mut session.folder));
    }
    let mut folder = Folder::new();
    lay(fixture, &folder);
    Some(steps(&lines, &mut folder))
}

/// The fixture's own files, in the folder.
fn lay(fixture: &str, folder: &Folder) {
    let status = std::process::Command::new("cp").arg("-rT").arg(top().join(fixture)).arg(folder.path()).status();
    assert!(status.is_ok_and(|s| s.success()), "{fixture} cannot be copied");
    for ours in ["script", "expected.txt"] {
        let _ = fs::remove_file(folder.path().join(ours));
    }
}

fn steps(lines: &[&str], folder: &mut Folder) -> String {
    let place = folder.path().display().to_string();
    let mut said = String::new();
    for line in lines {
        let (first, line) = line.strip_prefix("first ").map_or((false, *line), |rest| (true, rest));
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.replace("FOLDER", &place);
        match verb {
            "world" | "needs" => {}
            "set" => {
                let (name, value) = rest.split_once('=').unwrap();
                folder.set(name, value);
            }
            "copy" => {
                let (from, to) = rest.split_once(' ').unwrap();
                fs::copy(folder.path().join(from), folder.path().join(to)).unwrap();
            }
            "remove" => fs::remove_file(folder.path().join(rest)).unwrap(),
            "cplan" => {
                let arguments: Vec<&str> = rest.split_whitespace().collect();
                let finished = folder.cplan(&arguments);
                if first {
                    finished.expect(0);
                    continue;
                }
                let status = finished.status.unwrap();
                said += &format!("$ {line}\n{}\nexit status {status}\n\n", finished.stderr.trim_end());
            }
            _ => panic!("a script has no `{verb}`"),
        }
    }
    said.replace(&place, "FOLDER")
}
