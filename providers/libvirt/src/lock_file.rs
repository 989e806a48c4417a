//! `cplan.lock` beside the topology: what the names in it meant when they were first resolved.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::image::{ImageError, Resolution};

/// The version of the format that is written and the newest that is read.
const VERSION: u32 = 1;

/// The whole file: sorted, one package per line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    version: u32,
    images: BTreeMap<String, Resolution>,
}

/// A lock file at its place; it may not exist yet.
#[derive(Clone, Debug)]
pub(crate) struct LockFile {
    path: PathBuf,
}

impl LockFile {
    /// The lock file of the topology that has this `.cplan` folder.
    pub(crate) fn beside(data_dir: &Path) -> Self {
        LockFile { path: data_dir.parent().unwrap_or(data_dir).join("cplan.lock") }
    }

    /// The key of an image: its flavour and its packages, sorted.
    pub(crate) fn key(flavor: &str, packages: &[String]) -> String {
        let mut packages = packages.to_vec();
        packages.sort();
        packages.dedup();
        [vec![flavor.to_owned()], packages].concat().join(" ")
    }

    /// The resolution under a key.
    pub(crate) fn get(&self, key: &str) -> Result<Option<Resolution>, ImageError> {
        Ok(self.read()?.images.remove(key))
    }

    /// Writes a resolution under a key unless one is there, which then wins; gives the one that holds. Processes that
    /// write at once wait for each other.
    pub(crate) fn record(&self, key: &str, resolution: Resolution) -> Result<Resolution, ImageError> {
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        // The folder itself is locked: no lock file for the lock file is left behind.
        let guard = std::fs::File::open(folder).map_err(|e| ImageError::io("open", folder, e))?;
        guard.lock().map_err(|e| ImageError::io("lock", folder, e))?;
        let mut content = self.read()?;
        if let Some(held) = content.images.get(key) {
            return Ok(held.clone());
        }
        content.images.insert(key.to_owned(), resolution.clone());
        let mut json = serde_json::to_vec_pretty(&content)
            .map_err(|e| ImageError::LockFile { path: self.path.clone(), what: e.to_string() })?;
        json.push(b'\n');
        let temporary = folder.join(".cplan.lock.new");
        let write = || {
            let mut file = std::fs::File::create(&temporary)?;
            file.write_all(&json)?;
            file.sync_all()?;
            std::fs::rename(&temporary, &self.path)?;
            guard.sync_all()
        };
        write().map_err(|e| ImageError::io("write", &self.path, e))?;
        Ok(resolution)
    }

    fn read(&self) -> Result<Content, ImageError> {
        let wrong = |what: String| ImageError::LockFile { path: self.path.clone(), what };
        let bytes = match std::fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Content { version: VERSION, images: BTreeMap::new() });
            }
            Err(e) => return Err(ImageError::io("read", &self.path, e)),
        };
        let content: Content = serde_json::from_slice(&bytes).map_err(|e| wrong(e.to_string()))?;
        if content.version != VERSION {
            return Err(wrong(format!("it has version {}, and this cplan knows version {VERSION}", content.version)));
        }
        Ok(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::example_resolution;

    #[test]
    fn the_first_resolution_holds() {
        let folder = tempfile::tempdir().unwrap();
        let lock = LockFile::beside(&folder.path().join(".cplan"));
        let key = LockFile::key("micro", &["b".into(), "a".into(), "b".into()]);
        assert_eq!(key, "micro a b");
        assert_eq!(lock.get(&key).unwrap(), None);
        lock.record(&key, example_resolution("1:2.0")).unwrap();
        let held = lock.record(&key, example_resolution("9")).unwrap();
        assert_eq!(held, example_resolution("1:2.0"));
        lock.record("micro", example_resolution("3")).unwrap();
        assert_eq!(lock.get(&key).unwrap(), Some(example_resolution("1:2.0")));
        let text = std::fs::read_to_string(folder.path().join("cplan.lock")).unwrap();
        assert!(text.contains(&format!("\"mosquitto\": \"1:2.0 sha256:{}\"", "ab".repeat(32))), "{text}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn damage_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let lock = LockFile::beside(&folder.path().join(".cplan"));
        for (text, says) in [("{", "EOF"), (r#"{"version":7,"images":{}}"#, "version 7")] {
            std::fs::write(folder.path().join("cplan.lock"), text).unwrap();
            let error = lock.get("micro").unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
