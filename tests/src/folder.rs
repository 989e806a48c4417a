//! A folder with a configuration, and cplan run in it.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::binaries;

/// A temporary folder with a configuration and its state; what runs in it sees none of the caller's variables.
#[derive(Debug)]
pub struct Folder {
    dir: TempDir,
    env: Vec<(OsString, OsString)>,
    /// What runs everything here, such as `nsenter` with its arguments; nothing for most.
    runner: Vec<String>,
}

/// How a command ended.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The exit status; `None` when a signal ended it.
    pub status: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Finished {
    /// Both outputs, for messages and for what may stand in either.
    pub fn text(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Itself, when it ended with this status.
    ///
    /// # Panics
    /// Otherwise, with all that it said.
    pub fn expect(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{}", self.text());
        self
    }
}

impl Folder {
    /// An empty folder.
    ///
    /// # Panics
    /// When none can be made.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("cplan-tests-").tempdir().unwrap_or_else(|e| panic!("{e}"));
        Folder { dir, env: Vec::new(), runner: Vec::new() }
    }

    /// One with a `main.hcl`.
    pub fn with(text: &str) -> Self {
        let folder = Self::new();
        folder.write("main.hcl", text);
        folder
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Sets a variable for everything that runs here.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.env.push((name.into(), value.into()));
    }

    /// Lets everything be run by another program, which takes what it runs as its last arguments.
    pub fn run_by(&mut self, runner: Vec<String>) {
        self.runner = runner;
    }

    /// Writes a file, and the folders above it.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        let parent = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        parent.and_then(|()| std::fs::write(&path, text)).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }

    /// Copies a folder of the repository here, under the same name.
    ///
    /// # Panics
    /// When it cannot be copied.
    pub fn copy_in(&self, folder: &str) {
        let from = crate::repository::top().join(folder);
        copy(&from, &self.path().join(folder)).unwrap_or_else(|e| panic!("{}: {e}", from.display()));
    }

    /// The command `cplan …` here, for tests that add to it.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut line = self.runner.iter().map(OsString::from).chain([binaries::cplan().into()]);
        let mut command = Command::new(line.next().unwrap_or_default());
        command.args(line).args(arguments).current_dir(self.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("TF_") || (text.starts_with("CPLAN_") && text != "CPLAN_GUEST") {
                command.env_remove(&name);
            }
        }
        command.env("NO_COLOR", "1").envs(self.env.iter().cloned());
        command
    }

    /// Runs cplan here, to its end.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn cplan(&self, arguments: &[&str]) -> Finished {
        finish(self.command(arguments))
    }

    /// Starts cplan here; its output is dropped.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap_or_else(|e| panic!("cplan: {e}"))
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs a command to its end and keeps what it says.
///
/// # Panics
/// When it cannot be started.
pub fn finish(mut command: Command) -> Finished {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    Finished {
        status: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn copy(from: &PathBuf, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_name().to_string_lossy().starts_with(".cplan") {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
