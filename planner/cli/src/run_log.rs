//! The full output of every step: `.cplan/logs/<run>/<address>.log`, and `run.json` with how it was run and what it cost.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use cplan_model::InstanceAddr;
use serde_json::Value as Json;

use crate::clock::Moment;

/// The log of one run. Its folder comes to be with the first thing that is written.
#[derive(Debug)]
pub(crate) struct RunLog {
    run: String,
    dir: PathBuf,
    failed: Mutex<Option<io::Error>>,
}

impl RunLog {
    /// A log below a `.cplan` folder, for a run that begins now.
    pub(crate) fn new(data_dir: &Path) -> Self {
        let random = uuid::Uuid::new_v4().simple().to_string();
        let run = format!("{}-{}", Moment::now().compact(), &random[..4]);
        let dir = data_dir.join("logs").join(&run);
        RunLog { run, dir, failed: Mutex::new(None) }
    }

    /// `20261122-190700-1a2b`
    pub(crate) fn run(&self) -> &str {
        &self.run
    }

    /// Adds to the log of an object.
    pub(crate) fn append(&self, address: &InstanceAddr, text: &str) {
        self.write(&file_name(address), text, true);
    }

    /// Adds to the log of what belongs to no object.
    pub(crate) fn note(&self, text: &str) {
        self.write("cplan.log", text, true);
    }

    /// Writes how the run was started or how it ended.
    pub(crate) fn header(&self, header: &Json) {
        self.write("run.json", &format!("{header:#}"), false);
    }

    /// The first failure to write, if there was one: the run went on without its log.
    pub(crate) fn failure(&self) -> Option<io::Error> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn write(&self, name: &str, text: &str, append: bool) {
        let line = if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
        let written = fs::create_dir_all(&self.dir).and_then(|()| {
            let mut options = OpenOptions::new();
            options.create(true).write(true).append(append).truncate(!append);
            options.open(self.dir.join(name))?.write_all(line.as_bytes())
        });
        if let Err(error) = written {
            self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    }
}

/// The address without quotes, and with what a file name should not have in percent notation: `lab_machine.this[edge0].log`.
fn file_name(address: &InstanceAddr) -> String {
    let mut name = String::new();
    for byte in address.to_string().bytes().filter(|b| *b != b'"') {
        match byte {
            b if b.is_ascii_alphanumeric() || b"._-[]".contains(&b) => name.push(char::from(b)),
            b => name.push_str(&format!("%{b:02x}")),
        }
    }
    if name.len() > 200 {
        let id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, address.to_string().as_bytes());
        name.truncate(160);
        name.push_str(&format!("-{}", id.simple()));
    }
    name + ".log"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_become_file_names() {
        let name = |text: &str| file_name(&text.parse().unwrap());
        assert_eq!(name("module.lab.lab_machine.this[\"edge0\"]"), "module.lab.lab_machine.this[edge0].log");
        assert_eq!(name("a.b[\"../x\"]"), "a.b[..%2fx].log");
        assert!(name(&format!("a.b[\"{}\"]", "/".repeat(300))).len() < 255);
    }

    #[test]
    fn nothing_is_made_before_something_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let log = RunLog::new(folder.path());
        assert!(!folder.path().join("logs").exists());
        log.append(&"a.b".parse().unwrap(), "one");
        log.append(&"a.b".parse().unwrap(), "two\n");
        let written = fs::read_to_string(folder.path().join("logs").join(log.run()).join("a.b.log")).unwrap();
        assert_eq!(written, "one\ntwo\n");
        assert!(log.failure().is_none());
    }

    #[test]
    fn a_log_that_cannot_be_written_is_said_once() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("logs"), "in the way").unwrap();
        let log = RunLog::new(folder.path());
        log.note("x");
        assert!(log.failure().is_some());
        assert!(log.failure().is_none());
    }
}
