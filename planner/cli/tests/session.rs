//! A folder, commands in it, and what they said.

mod cache;
mod changes;
mod console;
mod flags;
mod formatting;
mod outputs;
mod plan_files;
mod planning;
mod refusals;
mod serial;
mod state;
mod state_changes;
mod stream;
mod why;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A folder with a configuration.
struct Session {
    dir: TempDir,
}

/// How a command ended.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Session {
    fn new(main: &str) -> Self {
        let session = Session { dir: tempfile::tempdir().unwrap() };
        session.write("main.hcl", main);
        session
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cplan"));
        command.args(line.split_whitespace()).current_dir(self.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if ["TF_", "CPLAN_", "NO_COLOR"].iter().any(|p| name.to_string_lossy().starts_with(p)) {
                command.env_remove(&name);
            }
        }
        command
    }

    /// Runs a line of words without quotes.
    fn run(&self, line: &str) -> Said {
        said(&mut self.command(line))
    }

    /// Runs a line that must end well.
    fn ok(&self, line: &str) -> String {
        let said = self.run(line);
        assert_eq!(said.code, Some(0), "{line}: {said:?}");
        said.out
    }

    /// The document of a plan that is made with these flags; what is sensitive is masked.
    fn plan(&self, flags: &str) -> serde_json::Value {
        self.ok(&format!("plan -out=saved.plan {flags}"));
        self.json("show -json saved.plan")
    }

    fn json(&self, line: &str) -> serde_json::Value {
        serde_json::from_str(&self.ok(line)).unwrap()
    }
}

fn said(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    Said {
        code: output.status.code(),
        out: masked(&String::from_utf8(output.stdout).unwrap()),
        err: masked(&String::from_utf8(output.stderr).unwrap()),
    }
}

/// Identities differ from run to run: `UUID` stands in their place.
fn masked(text: &str) -> String {
    let lengths = [8, 4, 4, 4, 12];
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let head = rest.get(..36).unwrap_or("");
        let parts: Vec<&str> = head.split('-').collect();
        let hex = |p: &&str| p.bytes().all(|b| b.is_ascii_hexdigit());
        if parts.iter().map(|p| p.len()).eq(lengths) && parts.iter().all(hex) {
            out.push_str("UUID");
            rest = &rest[36..];
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}
