//! Plan files: written by `plan -out`, read by `apply` and `show`; and the key that seals them.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use cplan_engine::{PlanFile, PlanFileError, PlanKey, plan_hash};

use crate::data_folder;
use crate::failure::CommandError;
use crate::session::Session;

/// Writes a plan, and gives its hash.
pub(super) fn save(session: &Session, path: &Path, file: &PlanFile) -> Result<String, CommandError> {
    let place = session.settings.typed(path);
    let bytes = file.seal(&key_to_write(session)?).map_err(|e| unusable(path, &e))?;
    // All of it or nothing, and for nobody else to read.
    let mut new = place.clone().into_os_string();
    new.push(".new");
    let new = PathBuf::from(new);
    let written = write_private(&new, &bytes).and_then(|()| std::fs::rename(&new, &place));
    written.map_err(|e| {
        let _ = std::fs::remove_file(&new);
        let what = format!("`{}` cannot be written: {e}.", path.display());
        CommandError::told(
            "plan-file-unwritable",
            "Failed to write plan file",
            what,
            "Name a file in a folder that is there and can be written.",
        )
    })?;
    Ok(plan_hash(&bytes))
}

/// What is said of a plan that was saved.
pub(super) fn saved(path: &Path, hash: &str, how: bool) -> String {
    let shown = path.display();
    let mut text = format!("\nSaved the plan to: {shown}\nIts hash: {hash}\n");
    if how {
        text.push_str(&format!(
            "\nTo do exactly this, run:\n    cplan apply {shown:?}\nTo be sure that it is this plan:\n    cplan apply -plan-hash={hash} {shown:?}\n",
            shown = path.display().to_string(),
        ));
    }
    text
}

/// Reads a plan; `expected` is the hash that it must have.
pub(super) fn open(session: &Session, path: &Path, expected: Option<&str>) -> Result<PlanFile, CommandError> {
    let bytes = std::fs::read(session.settings.typed(path)).map_err(|e| unreadable(path, &e))?;
    open_bytes(session, path, &bytes, expected)
}

/// The same of the bytes of a file.
pub(super) fn open_bytes(
    session: &Session,
    path: &Path,
    bytes: &[u8],
    expected: Option<&str>,
) -> Result<PlanFile, CommandError> {
    let hash = plan_hash(bytes);
    if let Some(expected) = expected.map(|e| e.trim_start_matches("sha256:"))
        && !expected.eq_ignore_ascii_case(&hash)
    {
        let what = format!("`{}` has the hash {hash}, and not {expected}.", path.display());
        let remedy = "Look at it with `cplan show`, or apply the file that was looked at.";
        return Err(CommandError::told("plan-hash", "This is another plan", what, remedy));
    }
    let label = PlanFile::label(bytes).map_err(|e| unusable(path, &e))?;
    let Some(key) = read_key(session)? else { return Err(other_state(path)) };
    match PlanFile::open(bytes, &key, &session.settings.dir) {
        Ok(file) => Ok(file),
        Err(PlanFileError::Sealed) if session.read_state()?.lineage != label.lineage => Err(other_state(path)),
        Err(error) => Err(unusable(path, &error)),
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> CommandError {
    let summary = format!("Failed to load {:?} as a plan file", path.display().to_string());
    let what = format!("`{}` cannot be read: {error}.", path.display());
    CommandError::told("plan-file-unreadable", summary, what, "Name a file that `cplan plan -out=FILE` has written.")
}

/// A file that holds no plan that could be used.
pub(super) fn unusable(path: &Path, error: &PlanFileError) -> CommandError {
    let remedy = match error {
        PlanFileError::Foreign => "Name a file that `cplan plan -out=FILE` has written.",
        PlanFileError::Newer { .. } => "Use the cplan that wrote it, or a newer one.",
        PlanFileError::Unwritable { .. } => "Apply without saving the plan.",
        _ => "Plan again.",
    };
    let summary = format!("Failed to load {:?} as a plan file", path.display().to_string());
    CommandError::told("plan-file", summary, format!("`{}` cannot be used: {error}.", path.display()), remedy)
}

/// A plan that was made from something else than this state.
pub(super) fn other_state(path: &Path) -> CommandError {
    let what = format!("`{}` was made from another state than the one of this folder.", path.display());
    CommandError::told(
        "plan-of-another-state",
        "Plan of another state",
        what,
        "Apply it where it was made, or plan again here.",
    )
}

/// A plan whose state has moved on.
pub(super) fn stale() -> CommandError {
    CommandError::told(
        "stale-plan",
        "Saved plan is stale",
        "The given plan file can no longer be applied because the state was changed by another operation after the plan was created.",
        "Plan again.",
    )
}

fn key_file(session: &Session) -> PathBuf {
    session.settings.data_dir.join("plan.key")
}

fn read_key(session: &Session) -> Result<Option<PlanKey>, CommandError> {
    let path = key_file(session);
    match std::fs::read(&path) {
        Ok(bytes) => match <[u8; 32]>::try_from(bytes) {
            Ok(key) => Ok(Some(PlanKey(key))),
            Err(_) => Err(CommandError::told(
                "plan-key",
                "The key of plan files is damaged",
                format!("`{}` does not hold 32 bytes.", path.display()),
                "Remove it and plan again: plans that were saved before cannot be opened any more.",
            )),
        },
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(CommandError::file("read the key", &path, e)),
    }
}

/// Writes a file that only its owner may read, to the disk.
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The key, made where there is none yet.
fn key_to_write(session: &Session) -> Result<PlanKey, CommandError> {
    if let Some(key) = read_key(session)? {
        return Ok(key);
    }
    data_folder::make(&session.settings.data_dir)?;
    let mut key = [0; 32];
    let random = Path::new("/dev/urandom");
    File::open(random).and_then(|mut f| f.read_exact(&mut key)).map_err(|e| CommandError::file("read", random, e))?;
    let path = key_file(session);
    // Written beside and then given its name, which only one of two that do so at a time can: a key is whole or absent.
    let new = session.settings.data_dir.join(format!("plan.key.{}", std::process::id()));
    let written = write_private(&new, &key).and_then(|()| std::fs::hard_link(&new, &path));
    let _ = std::fs::remove_file(&new);
    match written {
        Ok(()) => Ok(PlanKey(key)),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {
            read_key(session)?.ok_or_else(|| CommandError::file("read the key", &path, e))
        }
        Err(e) => Err(CommandError::file("write the key", &path, e)),
    }
}
