//! A topology of the fake world: cplan in a folder, and the world in a process of its own that outlives a killed cplan.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use cplan_sdk::fake::{Event, FakeWorld, LogEntry, Object};
use tempfile::TempDir;

use crate::binaries;
use crate::folder::{Finished, Folder};

/// Both.
#[derive(Debug)]
pub struct Session {
    /// Where cplan runs.
    pub folder: Folder,
    /// What it works on.
    pub world: FakeWorld,
    home: TempDir,
}

impl Session {
    /// A new world and a `main.hcl`.
    ///
    /// # Panics
    /// When the world does not start.
    pub fn new(text: &str) -> Self {
        Self::start(Folder::with(text), home())
    }

    /// A copy of this one as it is now, with a world of its own.
    ///
    /// # Panics
    /// When it cannot be copied.
    #[must_use]
    pub fn twin(&self) -> Self {
        let (folder, home) = (Folder::new(), home());
        copy(self.folder.path(), folder.path());
        copy(self.home.path(), home.path());
        Self::start(folder, home)
    }

    fn start(mut folder: Folder, home: TempDir) -> Self {
        let world = FakeWorld::spawn(&binaries::fake_world(), home.path()).unwrap_or_else(|e| panic!("world: {e}"));
        folder.set("CPLAN_FAKE_WORLD", world.socket());
        Session { folder, world, home }
    }

    /// Runs cplan to its end.
    pub fn cplan(&self, arguments: &[&str]) -> Finished {
        self.folder.cplan(arguments)
    }

    /// `apply -auto-approve` with more arguments.
    pub fn apply(&self, more: &[&str]) -> Finished {
        self.cplan(&[&["apply", "-auto-approve"], more].concat())
    }

    /// `destroy -auto-approve`.
    pub fn destroy(&self) -> Finished {
        self.cplan(&["destroy", "-auto-approve"])
    }

    /// All objects of the world, as `type/name`, with their identities.
    ///
    /// # Panics
    /// When two have the same type and name, which nothing here ever wants.
    pub fn objects(&self) -> BTreeMap<String, Object> {
        let mut objects = BTreeMap::new();
        for object in self.world.objects().unwrap_or_else(|e| panic!("world: {e}")) {
            let name = format!("{}/{}", object.ty, object.name);
            assert!(objects.insert(name.clone(), object).is_none(), "there are two of {name}");
        }
        objects
    }

    /// The object of a type with a name.
    ///
    /// # Panics
    /// When there is none.
    pub fn object(&self, ty: &str, name: &str) -> Object {
        self.objects().remove(&format!("{ty}/{name}")).unwrap_or_else(|| panic!("there is no {ty}/{name}"))
    }

    /// The world's log, without reads and without which operations came together.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn log(&self) -> Vec<LogEntry> {
        let log = self.world.log().unwrap_or_else(|e| panic!("world: {e}"));
        log.into_iter().filter(|entry| !matches!(entry.event, Event::Read | Event::Together)).collect()
    }

    /// How many operations each call for several brought, in their order.
    ///
    /// # Panics
    /// When the log cannot be read.
    pub fn together(&self) -> Vec<String> {
        let log = self.world.log().unwrap_or_else(|e| panic!("world: {e}"));
        log.into_iter().filter(|entry| entry.event == Event::Together).map(|entry| entry.name).collect()
    }

    /// The log's entries from a length on, as `op type/name`, of those that ended well.
    pub fn done_since(&self, length: usize) -> Vec<String> {
        let entries = self.log().into_iter().skip(length).filter(|e| e.event == Event::Done);
        entries.map(|e| format!("{} {}/{}", e.op, e.ty, e.name)).collect()
    }

    /// The addresses in the state.
    pub fn state(&self) -> Vec<String> {
        self.cplan(&["state", "list"]).expect(0).stdout.lines().map(str::to_owned).collect()
    }
}

fn home() -> TempDir {
    tempfile::Builder::new().prefix("cplan-world-").tempdir().unwrap_or_else(|e| panic!("{e}"))
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status();
    assert!(status.is_ok_and(|s| s.success()), "{} cannot be copied", from.display());
}
