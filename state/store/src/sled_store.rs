//! The store on sled: what it acknowledges survives a kill and a power cut.

mod batches;
mod database;
mod entries;
mod opening;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::contents::{Contents, Delta};
use crate::lock::{Holder, Lock};
use crate::snapshot;
use crate::socket::Server;
use crate::{Intent, State, Store, StoreError, Transaction};

use database::Database;
pub(crate) use opening::exists;

/// A state in a `.cplan` folder, held by this process alone. Readers are served meanwhile: see [`crate::read`].
pub struct SledStore {
    // Dropped in this order: readers are sent away, the database is closed, the lock is given back.
    server: Option<Server>,
    database: Mutex<Database>,
    contents: Arc<Mutex<Contents>>,
    dir: PathBuf,
    faults: Option<Faults>,
    _lock: Lock,
}

/// A moment between a durable step and the next, where a test may end the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Boundary {
    /// Intents are about to be made durable.
    BeforeBegin,
    /// Intents are durable; the world has not been changed yet.
    AfterBegin,
    /// The world has been changed; the result is about to be made durable.
    BeforeCommit,
    /// The result is durable.
    AfterCommit,
    /// The snapshot is about to be written.
    BeforeFinish,
    /// The snapshot is written.
    AfterFinish,
}

/// Called at every boundary, on the thread that passes it.
pub type Faults = Arc<dyn Fn(Boundary) + Send + Sync>;

/// How a state is opened.
#[derive(Clone)]
pub struct Options {
    /// Who opens it, for those who are kept out.
    pub holder: Holder,
    /// How long a taken lock is waited for.
    pub patience: Duration,
    /// How long opening may take before the database counts as damaged: one flipped byte can make sled hang.
    pub limit: Duration,
    /// Whether readers are served while it is held.
    pub serve: bool,
    /// For tests.
    pub faults: Option<Faults>,
}

impl Options {
    /// Two seconds for the lock, twenty for the database, readers served, no faults.
    pub fn new(holder: Holder) -> Self {
        let (patience, limit) = (Duration::from_secs(2), Duration::from_secs(20));
        Options { holder, patience, limit, serve: true, faults: None }
    }
}

impl SledStore {
    /// Opens the state in a `.cplan` folder, or makes an empty one with a fresh lineage.
    pub fn open(dir: &Path, holder: Holder) -> Result<SledStore, StoreError> {
        Self::open_with(dir, Options::new(holder))
    }

    /// Gives a folder that has no state this one, such as [`State::fresh`]: a snapshot alone, without a database, which
    /// whoever opens it first makes. A state that is there stays.
    pub fn establish(dir: &Path, options: &Options, state: &State) -> Result<(), StoreError> {
        let _lock = opening::lock(dir, options)?;
        opening::establish(dir, state)
    }

    /// The same with options.
    pub fn open_with(dir: &Path, options: Options) -> Result<SledStore, StoreError> {
        let lock = opening::lock(dir, &options)?;
        let (database, contents) = opening::open(dir, options.limit)?;
        Self::hold(dir, options, lock, database, contents)
    }

    /// Moves a damaged database aside (`state.damaged-<seconds since 1970>`) and goes back to the snapshot. What was
    /// done after the snapshot was written is forgotten.
    pub fn restore(dir: &Path, holder: Holder) -> Result<SledStore, StoreError> {
        let options = Options::new(holder);
        let lock = opening::lock(dir, &options)?;
        opening::restore(dir)?;
        let (database, contents) = opening::open(dir, options.limit)?;
        Self::hold(dir, options, lock, database, contents)
    }

    /// Puts another state in the place of this one, lineage and serial included, as one durable step. Open intents stay.
    pub fn replace(&self, state: &State) -> Result<(), StoreError> {
        let mut database = self.database();
        let (delta, revision, other) = {
            let contents = self.contents();
            let other = contents.state.lineage != state.lineage;
            (contents.replacement(state)?, contents.revision + 1, other)
        };
        if !snapshot::is_behind(&self.dir) {
            snapshot::mark_behind(&self.dir, revision - 1)?;
        }
        if other {
            // Beside a database of another lineage it would count as damage.
            snapshot::remove(&self.dir)?;
        }
        database.lineage.clone_from(&state.lineage);
        database.write(&delta, state.serial, revision)?;
        snapshot::note(&self.dir, revision)?;
        let mut contents = self.contents();
        contents.apply(delta);
        (contents.state.lineage, contents.state.serial) = (state.lineage.clone(), state.serial);
        Ok(())
    }

    fn hold(
        dir: &Path,
        options: Options,
        lock: Lock,
        database: Database,
        contents: Contents,
    ) -> Result<SledStore, StoreError> {
        let contents = Arc::new(Mutex::new(contents));
        let server = if options.serve {
            let seen = Arc::clone(&contents);
            let view = move || {
                let now = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
                snapshot::frame(&now)
            };
            Some(Server::start(dir, Arc::new(view))?)
        } else {
            None
        };
        let (database, dir, faults) = (Mutex::new(database), dir.to_owned(), options.faults);
        Ok(SledStore { server, database, contents, dir, faults, _lock: lock })
    }

    fn pass(&self, boundary: Boundary) {
        if let Some(faults) = &self.faults {
            faults(boundary);
        }
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn database(&self) -> MutexGuard<'_, Database> {
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One durable change at a time; readers see it when it is durable, and not before.
    fn change(&self, plan: impl FnOnce(&Contents) -> Result<Delta, StoreError>) -> Result<(), StoreError> {
        let mut database = self.database();
        let (delta, (serial, revision)) = {
            let contents = self.contents();
            let delta = plan(&contents)?;
            let after = contents.after(&delta);
            (delta, after)
        };
        if delta.is_empty() {
            return Ok(());
        }
        if !snapshot::is_behind(&self.dir) {
            snapshot::mark_behind(&self.dir, revision - 1)?;
        }
        database.write(&delta, serial, revision)?;
        snapshot::note(&self.dir, revision)?;
        self.contents().apply(delta);
        Ok(())
    }
}

impl Store for SledStore {
    fn load(&self) -> Result<State, StoreError> {
        Ok(self.contents().state.clone())
    }

    fn intents(&self) -> Result<Vec<Intent>, StoreError> {
        Ok(self.contents().intents.values().cloned().collect())
    }

    fn begin(&self, intents: &[Intent]) -> Result<(), StoreError> {
        if intents.is_empty() {
            return Ok(());
        }
        self.pass(Boundary::BeforeBegin);
        self.change(|contents| contents.begin(intents))?;
        self.pass(Boundary::AfterBegin);
        Ok(())
    }

    fn commit(&self, transaction: &Transaction) -> Result<(), StoreError> {
        if transaction.is_empty() {
            return Ok(());
        }
        self.pass(Boundary::BeforeCommit);
        self.change(|contents| contents.delta(transaction))?;
        self.pass(Boundary::AfterCommit);
        Ok(())
    }

    fn finish(&self) -> Result<(), StoreError> {
        self.pass(Boundary::BeforeFinish);
        // Held, so that nothing is committed between the view and the mark that it is no longer behind.
        let database = self.database();
        let frame = {
            let contents = self.contents();
            let current = snapshot::header(&self.dir)?.is_some_and(|header| header.revision == contents.revision);
            if current && !snapshot::is_behind(&self.dir) { None } else { Some(snapshot::frame(&contents)) }
        };
        if let Some(frame) = frame {
            let frame = frame.map_err(|source| StoreError::Database { path: self.dir.clone(), source })?;
            snapshot::write(&self.dir, &frame)?;
        }
        drop(database);
        self.pass(Boundary::AfterFinish);
        Ok(())
    }
}

impl std::fmt::Debug for SledStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let serving = self.server.is_some();
        f.debug_struct("SledStore").field("dir", &self.dir).field("serving", &serving).finish_non_exhaustive()
    }
}
