//! The `.cplan` folder: whether it is there, and what else may stand in its place.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::failure::CommandError;

/// Makes the folder where there is none yet.
pub(crate) fn make(dir: &Path) -> Result<(), CommandError> {
    if exists(dir)? {
        return Ok(());
    }
    fs::create_dir_all(dir).map_err(|e| CommandError::file("make the folder", dir, e))
}

/// Whether the folder exists; anything else of its name is refused.
pub(crate) fn exists(dir: &Path) -> Result<bool, CommandError> {
    match fs::metadata(dir) {
        Ok(found) if found.is_dir() => Ok(true),
        // A link to nothing cannot be made a folder either.
        Err(e) if e.kind() == ErrorKind::NotFound && fs::symlink_metadata(dir).is_err() => Ok(false),
        Err(e) if e.kind() != ErrorKind::NotFound => Err(CommandError::file("look at the folder", dir, e)),
        Ok(_) | Err(_) => Err(CommandError::told(
            "state-folder-taken",
            "The state has no folder",
            format!("The state is kept in the folder `{}`, and what stands there is not a folder.", dir.display()),
            "Move it away, and run this again.",
        )),
    }
}
