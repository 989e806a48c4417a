//! The state as it was before it is changed by hand.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use cplan_store::{State, export};

use crate::clock::Moment;
use crate::failure::CommandError;
use crate::session::Session;

/// Writes the state as it is into `.cplan/backups`, from where `cplan state push -force` brings it back.
pub(super) fn save(session: &Session, state: &State) -> Result<PathBuf, CommandError> {
    let dir = session.settings.data_dir.join("backups");
    // A state holds secrets.
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&dir)
        .map_err(|e| CommandError::file("make the folder", &dir, e))?;
    let now: String = Moment::now().rfc3339().chars().filter(|c| c.is_ascii_alphanumeric()).take(15).collect();
    let free = |n: u32| {
        let path = dir.join(format!(
            "{now}-serial-{}{}.json",
            state.serial,
            if n == 0 { String::new() } else { format!("-{n}") }
        ));
        (!path.exists()).then_some(path)
    };
    let path = (0..).find_map(free).unwrap_or_else(|| dir.join("backup.json"));
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(|e| CommandError::file("write", &path, e))?;
    file.write_all(export(state).as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|e| CommandError::file("write", &path, e))?;
    Ok(path)
}
