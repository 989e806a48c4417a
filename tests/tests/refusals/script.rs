//! What a fixture does: the lines of its `script`, one after the other.
//!
//! - `cplan ARGUMENT...` runs it and takes down what it says on standard error, and how it ends.
//! - `first cplan ARGUMENT...` only makes what the others need, and has to succeed.
//! - `type EXPRESSION` gives the expression to `cplan console`.
//! - `without CAPABILITY cplan ARGUMENT...` runs it like the first, as one who may not do all that root may.
//! - `start cplan ARGUMENT...` lets it run beside the others until `stop`, which kills it.
//! - `await ID cplan ARGUMENT...` runs it again until it shows the id.
//! - `copy FILE FILE`, `remove FILE` and `set NAME=VALUE` change the folder and the environment.
//! - `module NAME` puts a module of the repository into `modules`.
//! - `world` gives the fake world.
//!
//! In arguments and values `FOLDER` is where the fixture runs, as it is in what is taken down.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use cplan_tests::folder::{Finished, Folder, finish};
use cplan_tests::repository::{read, top};
use cplan_tests::session::Session;

/// All that the fixture says.
pub(super) fn run(fixture: &str) -> String {
    let script = read(&format!("{fixture}/script"));
    let lines: Vec<&str> = script.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).collect();
    if lines.contains(&"world") {
        let mut session = Session::new("");
        lay(fixture, &session.folder);
        return steps(&lines, &mut session.folder);
    }
    let mut folder = Folder::new();
    lay(fixture, &folder);
    steps(&lines, &mut folder)
}

/// The fixture's own files, in the folder.
fn lay(fixture: &str, folder: &Folder) {
    let status = Command::new("cp").arg("-rT").arg(top().join(fixture)).arg(folder.path()).status();
    assert!(status.is_ok_and(|s| s.success()), "{fixture} cannot be copied");
    for ours in ["script", "expected.txt"] {
        let _ = fs::remove_file(folder.path().join(ours));
    }
}

fn steps(lines: &[&str], folder: &mut Folder) -> String {
    let place = folder.path().display().to_string();
    let mut said = String::new();
    let mut beside: Option<Child> = None;
    for line in lines {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.replace("FOLDER", &place);
        match verb {
            "world" => {}
            "set" => {
                let (name, value) = rest.split_once('=').unwrap();
                folder.set(name, value);
            }
            "module" => folder.copy_in(&format!("modules/{rest}")),
            "copy" => {
                let (from, to) = rest.split_once(' ').unwrap();
                fs::copy(folder.path().join(from), folder.path().join(to)).unwrap();
            }
            "remove" => fs::remove_file(folder.path().join(rest)).unwrap(),
            "cplan" => said += &told(line, &cplan(folder, line)),
            "first" => _ = cplan(folder, &rest).expect(0),
            "type" => said += &told(line, &typed(folder, &rest)),
            "without" => {
                let (capability, command) = rest.split_once(' ').unwrap();
                said += &told(line, &without(capability, &folder.command(&arguments(command))));
            }
            "start" => beside = Some(folder.start(&arguments(&rest))),
            "stop" => {
                let mut child = beside.take().unwrap();
                child.kill().unwrap();
                child.wait().unwrap();
            }
            "await" => {
                let (id, line) = rest.split_once(' ').unwrap();
                let mut finished = cplan(folder, line);
                for _ in 0..600 {
                    if finished.stderr.contains(&format!("[{id}]")) {
                        break;
                    }
                    sleep(Duration::from_millis(50));
                    finished = cplan(folder, line);
                }
                said += &told(line, &finished);
            }
            _ => panic!("a script has no `{verb}`"),
        }
    }
    said.replace(&place, "FOLDER")
}

/// The words behind `cplan`.
fn arguments(line: &str) -> Vec<&str> {
    line.strip_prefix("cplan").unwrap().split_whitespace().collect()
}

fn cplan(folder: &Folder, line: &str) -> Finished {
    folder.cplan(&arguments(line))
}

/// What the console says to an expression.
fn typed(folder: &Folder, expression: &str) -> Finished {
    let input = folder.path().join(".typed");
    fs::write(&input, expression).unwrap();
    let mut command = folder.command(&["console"]);
    command.stdin(fs::File::open(&input).unwrap());
    let finished = finish(command);
    fs::remove_file(input).unwrap();
    finished
}

/// Runs a command with a capability less; whoever is not root has it not.
fn without(capability: &str, command: &Command) -> Finished {
    let mut bound = Command::new("setpriv");
    bound.args([&format!("--bounding-set=-{capability}"), "--"]).arg(command.get_program()).args(command.get_args());
    bound.current_dir(command.get_current_dir().unwrap()).stdin(Stdio::null());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => bound.env(name, value),
            None => bound.env_remove(name),
        };
    }
    finish(bound)
}

fn told(line: &str, finished: &Finished) -> String {
    format!("$ {line}\n{}\nexit status {}\n\n", finished.stderr.trim_end(), finished.status.unwrap())
}
