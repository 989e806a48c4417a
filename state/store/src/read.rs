//! Reading beside others: without the lock where possible, and never an old state where a newer one is durable.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::sled_store::{self, Options, SledStore};
use crate::{Holder, State, Store, StoreError, snapshot, socket};

/// How long a holder that does not answer yet is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The state in a `.cplan` folder as it is committed now; `None` if there is none.
///
/// Asks the process that holds the lock; without one, reads the snapshot; where the snapshot is behind (the last
/// command was killed before its end), takes the lock for a moment, reads the database and renews the snapshot.
pub fn read(dir: &Path) -> Result<Option<State>, StoreError> {
    let start = Instant::now();
    loop {
        if let Some(frame) = socket::ask(dir)
            && let Ok(contents) = snapshot::unframe(&frame, &dir.join("read.sock"))
        {
            return Ok(Some(contents.state));
        }
        if !snapshot::is_behind(dir) {
            // No change was begun since the snapshot: it is the state, or there is no state.
            match snapshot::read(dir) {
                Ok(Some(contents)) => return Ok(Some(contents.state)),
                Ok(None) if !sled_store::exists(dir) => return Ok(None),
                Ok(None) | Err(StoreError::Damaged { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        let options = Options { patience: Duration::ZERO, serve: false, ..Options::new(reader()) };
        match SledStore::open_with(dir, options) {
            Ok(store) => {
                store.finish()?;
                return store.load().map(Some);
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
