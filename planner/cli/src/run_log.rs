//! The full output of every step: `.cplan/logs/<run>/<address>.out` and, where something was said on standard error or
//! failed, `.err`; and `run.json` with how it was run and what it cost. Of steps that say nothing, all but the first
//! hundred share `steps.log`, a line each: ten thousand of them must not be as many files.

use std::collections::HashMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cplan_model::InstanceAddr;
use serde_json::Value as Json;

use crate::clock::Moment;

/// How many silent steps of a run have a file of their own.
const FILES: usize = 100;
/// The ends of the names of a step's files.
pub(crate) const OUT: &str = ".out";
/// See [`OUT`].
pub(crate) const ERR: &str = ".err";
/// The steps without a file.
pub(crate) const SHARED: &str = "steps.log";
/// How it was run.
pub(crate) const HEADER: &str = "run.json";
/// The folder of all runs below `.cplan`.
pub(crate) const FOLDER: &str = "logs";

/// The log of one run. Its folder comes to be with the first thing that is written.
#[derive(Debug)]
pub(crate) struct RunLog {
    run: String,
    dir: PathBuf,
    silent: Mutex<Silent>,
    failed: Mutex<Option<io::Error>>,
}

/// The steps that have said nothing yet.
#[derive(Debug, Default)]
struct Silent {
    /// How they began.
    begun: HashMap<InstanceAddr, String>,
    /// How many have a file of their own.
    files: usize,
    /// `steps.log`.
    file: Option<BufWriter<File>>,
}

impl RunLog {
    /// A log below a `.cplan` folder, for a run that begins now.
    pub(crate) fn new(data_dir: &Path) -> Self {
        let random = uuid::Uuid::new_v4().simple().to_string();
        let run = format!("{}-{}", Moment::now().compact(), &random[..4]);
        let dir = data_dir.join(FOLDER).join(&run);
        RunLog { run, dir, silent: Mutex::default(), failed: Mutex::new(None) }
    }

    /// `20261122-190700-1a2b`
    pub(crate) fn run(&self) -> &str {
        &self.run
    }

    /// Notes that a step has begun; written with the first that it says.
    pub(crate) fn begin(&self, address: &InstanceAddr, text: String) {
        self.silent().begun.insert(address.clone(), text);
    }

    /// Adds to the log of an object.
    pub(crate) fn append(&self, address: &InstanceAddr, text: &str) {
        let begun = self.silent().begun.remove(address);
        let text = begun.map_or_else(|| text.to_owned(), |begun| format!("{begun}\n{text}"));
        self.write(&(file_name(address) + OUT), &text, true);
    }

    /// Adds to what an object has said on standard error.
    pub(crate) fn append_errors(&self, address: &InstanceAddr, text: &str) {
        // How it began is told in the other file.
        self.append(address, "");
        if !text.is_empty() {
            self.write(&(file_name(address) + ERR), text, true);
        }
    }

    /// Adds the end of a step to the log of its object; of a step that said nothing, to that of all such.
    pub(crate) fn end(&self, address: &InstanceAddr, text: &str) {
        let mut silent = self.silent();
        let Some(begun) = silent.begun.remove(address) else {
            drop(silent);
            return self.append(address, text);
        };
        if silent.files < FILES {
            silent.files += 1;
            drop(silent);
            return self.write(&(file_name(address) + OUT), &format!("{begun}\n{text}"), true);
        }
        if let Err(error) = silent.line(&self.dir, format_args!("{address}: {begun} {text}")) {
            self.fail(error);
        }
    }

    /// Writes what is still in memory.
    pub(crate) fn flush(&self) {
        if let Some(Err(error)) = self.silent().file.as_mut().map(BufWriter::flush) {
            self.fail(error);
        }
    }

    /// Adds to the log of what belongs to no object.
    pub(crate) fn note(&self, text: &str) {
        self.write("cplan.log", text, true);
    }

    /// Writes how the run was started or how it ended.
    pub(crate) fn header(&self, header: &Json) {
        self.write(HEADER, &format!("{header:#}"), false);
    }

    /// The first failure to write, if there was one: the run went on without its log.
    pub(crate) fn failure(&self) -> Option<io::Error> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn write(&self, name: &str, text: &str, append: bool) {
        if text.is_empty() {
            return;
        }
        let line = if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
        let written = fs::create_dir_all(&self.dir).and_then(|()| {
            let mut options = OpenOptions::new();
            options.create(true).write(true).append(append).truncate(!append);
            options.open(self.dir.join(name))?.write_all(line.as_bytes())
        });
        if let Err(error) = written {
            self.fail(error);
        }
    }

    fn silent(&self) -> MutexGuard<'_, Silent> {
        self.silent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, error: io::Error) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }
}

impl Silent {
    fn line(&mut self, dir: &Path, line: fmt::Arguments<'_>) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                fs::create_dir_all(dir)?;
                let file = OpenOptions::new().create(true).append(true).open(dir.join(SHARED))?;
                self.file.insert(BufWriter::new(file))
            }
        };
        writeln!(file, "{line}")
    }
}

/// The address without quotes, and with what a file name should not have in percent notation: `lab_machine.this[edge0]`.
pub(crate) fn file_name(address: &InstanceAddr) -> String {
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
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_become_file_names() {
        let name = |text: &str| file_name(&text.parse().unwrap());
        assert_eq!(name("module.lab.lab_machine.this[\"edge0\"]"), "module.lab.lab_machine.this[edge0]");
        assert_eq!(name("a.b[\"../x\"]"), "a.b[..%2fx]");
        assert!(name(&format!("a.b[\"{}\"]", "/".repeat(300))).len() < 255);
    }

    #[test]
    fn nothing_is_made_before_something_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let log = RunLog::new(folder.path());
        assert!(!folder.path().join("logs").exists());
        log.append(&"a.b".parse().unwrap(), "one");
        log.append(&"a.b".parse().unwrap(), "two\n");
        let written = fs::read_to_string(folder.path().join("logs").join(log.run()).join("a.b.out")).unwrap();
        assert_eq!(written, "one\ntwo\n");
        assert!(log.failure().is_none());
    }

    #[test]
    fn steps_that_say_nothing_share_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let log = RunLog::new(folder.path());
        let address = |n: usize| format!("a.b[{n}]").parse().unwrap();
        for n in 0..300 {
            log.begin(&address(n), "== begun".into());
        }
        log.append(&address(7), "something");
        log.append_errors(&address(8), "bad");
        for n in 0..300 {
            log.end(&address(n), "== done");
        }
        log.flush();
        let dir = folder.path().join("logs").join(log.run());
        assert_eq!(fs::read_dir(&dir).unwrap().count(), FILES + 2 + 1 + 1);
        let read = |name: &str| fs::read_to_string(dir.join(name)).unwrap();
        assert_eq!(read("a.b[7].out"), "== begun\nsomething\n== done\n");
        assert_eq!((read("a.b[8].out"), read("a.b[8].err")), ("== begun\n== done\n".into(), "bad\n".into()));
        let all = fs::read_to_string(dir.join("steps.log")).unwrap();
        assert_eq!((all.lines().count(), all.lines().next()), (300 - FILES - 2, Some("a.b[102]: == begun == done")));
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
