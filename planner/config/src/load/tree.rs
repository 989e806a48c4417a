//! Where configuration files are read from: folders, or the files that a plan was made from.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Folders and files, by absolute path.
pub(super) trait Tree {
    /// Everything that lies directly in a folder and is not a folder, in any order.
    fn files(&self, dir: &Path) -> io::Result<Vec<PathBuf>>;

    /// Whether there is such a folder.
    fn is_dir(&self, path: &Path) -> bool;

    /// What is in a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
}

/// The file system.
pub(super) struct Disk;

impl Tree for Disk {
    fn files(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(dir)?;
        Ok(entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| !path.is_dir()).collect())
    }

    fn is_dir(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }
}

/// The file system and one file more.
pub(super) struct Beside<'t> {
    pub(super) path: PathBuf,
    pub(super) text: &'t str,
}

impl Tree for Beside<'_> {
    fn files(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        let mut files = Disk.files(dir)?;
        if self.path.parent() == Some(dir) {
            files.push(self.path.clone());
        }
        Ok(files)
    }

    fn is_dir(&self, path: &Path) -> bool {
        Disk.is_dir(path)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if path == self.path { Ok(self.text.as_bytes().to_vec()) } else { Disk.read(path) }
    }
}

/// Files that were read before.
pub(super) struct Saved {
    pub(super) files: BTreeMap<PathBuf, Arc<str>>,
}

impl Tree for Saved {
    fn files(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        Ok(self.files.keys().filter(|path| path.parent() == Some(dir)).cloned().collect())
    }

    fn is_dir(&self, path: &Path) -> bool {
        self.files.keys().any(|file| file.parent() == Some(path))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let text = self.files.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(text.as_bytes().to_vec())
    }
}
