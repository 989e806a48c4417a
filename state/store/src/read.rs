//! Reading beside others: without the lock where possible, and never an old state where a newer one is durable.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::contents::Contents;
use crate::sled_store::{self, Options, SledStore};
use crate::{Holder, Intent, State, Store, StoreError, snapshot, socket};

/// How long a holder that does not answer yet is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The state in a `.cplan` folder as it is committed now; `None` if there is none.
///
/// Asks the process that holds the lock; without one, reads the snapshot; where the snapshot is behind (the last
/// command was killed before its end), takes the lock for a moment, reads the database and renews the snapshot.
pub fn read(dir: &Path) -> Result<Option<State>, StoreError> {
    Ok(read_unsettled(dir)?.map(|reading| reading.state))
}

/// A state, and how settled it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// What is committed.
    pub state: State,
    /// The intents that are open, oldest first: under way if it is held, else left by a killed command.
    pub intents: Vec<Intent>,
    /// Whether a process holds it and answered.
    pub held: bool,
}

/// The same as [`read`], with the intents that are open.
pub fn read_unsettled(dir: &Path) -> Result<Option<Reading>, StoreError> {
    let start = Instant::now();
    let reading = |contents: Contents, held| {
        let intents = contents.intents.into_values().collect();
        Reading { state: contents.state, intents, held }
    };
    loop {
        if let Some(frame) = socket::ask(dir)
            && let Ok(contents) = snapshot::unframe(&frame, &dir.join("read.sock"))
        {
            return Ok(Some(reading(contents, true)));
        }
        if !snapshot::is_behind(dir) {
            // No change was begun since the snapshot: it is the state, or there is no state.
            match snapshot::read(dir) {
                Ok(Some(contents)) => return Ok(Some(reading(contents, false))),
                Ok(None) if !sled_store::exists(dir) => return Ok(None),
                Ok(None) | Err(StoreError::Damaged { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        let options = Options { patience: Duration::ZERO, serve: false, ..Options::new(reader()) };
        match SledStore::open_with(dir, options) {
            Ok(store) => {
                store.finish()?;
                return Ok(Some(Reading { state: store.load()?, intents: store.intents()?, held: false }));
            }
            // The holder is on its way up or down; in either case there is an answer soon.
            Err(StoreError::Locked { .. }) if start.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(other) => return Err(other),
        }
    }
}

fn reader() -> Holder {
    Holder {
        user: "a reader".to_owned(),
        host: "this host".to_owned(),
        pid: std::process::id(),
        command: "read the state".to_owned(),
        since: "a moment ago".to_owned(),
    }
}
