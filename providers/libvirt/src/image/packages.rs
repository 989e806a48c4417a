//! Package files by digest, in the cache or from apt.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::resolution::hex;
use super::{ImageError, Resolution};
use crate::apt::Apt;

/// The package files of the cache.
pub(crate) struct PackageCache {
    dir: PathBuf,
}

impl PackageCache {
    /// In a cache folder.
    pub(crate) fn new(cache: &Path) -> Self {
        PackageCache { dir: cache.join("packages") }
    }

    /// Where a package file is, once fetched.
    pub(crate) fn path(&self, sha256: &str) -> PathBuf {
        self.dir.join(format!("{sha256}.deb"))
    }

    /// Fetches what is missing, in one call of apt, and keeps only files that have an expected digest. Without a missing
    /// package, apt is not called. `incoming` is a folder on the same file system, for this call alone.
    pub(crate) fn fetch(
        &self,
        resolution: &Resolution,
        incoming: &Path,
        apt: impl FnOnce() -> Result<Apt, ImageError>,
    ) -> Result<(), ImageError> {
        let missing = || -> Vec<String> {
            let absent = resolution.all().filter(|(_, pinned)| !self.path(&pinned.sha256).is_file());
            absent.map(|(name, pinned)| format!("{name}={}", pinned.version)).collect()
        };
        let wanted = missing();
        if wanted.is_empty() {
            return Ok(());
        }
        let mut apt = apt()?;
        std::fs::create_dir_all(&self.dir).map_err(|e| ImageError::io("make", &self.dir, e))?;
        self.download(&mut apt, &wanted, incoming, resolution)?;
        let still = missing();
        if still.is_empty() {
            return Ok(());
        }
        Err(ImageError::Gone {
            packages: still.join(", "),
            said: "apt delivered other files than those that were locked".to_owned(),
        })
    }

    fn download(
        &self,
        apt: &mut Apt,
        wanted: &[String],
        incoming: &Path,
        resolution: &Resolution,
    ) -> Result<(), ImageError> {
        let fresh = || {
            let _ = std::fs::remove_dir_all(incoming);
            std::fs::create_dir_all(incoming).map_err(|e| ImageError::io("make", incoming, e))
        };
        fresh()?;
        if apt.download(wanted, incoming).is_err() {
            // The host's package lists may be older or newer than the lock.
            fresh()?;
            apt.update().and_then(|()| apt.download(wanted, incoming)).map_err(|e| match e {
                ImageError::Command { said, .. } => ImageError::Gone { packages: wanted.join(", "), said },
                other => other,
            })?;
        }
        let entries = std::fs::read_dir(incoming).map_err(|e| ImageError::io("list", incoming, e))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            let keep = || -> std::io::Result<()> {
                let found = hex(&Sha256::digest(std::fs::read(&path)?));
                if resolution.all().any(|(_, pinned)| pinned.sha256 == found) {
                    std::fs::File::open(&path)?.sync_all()?;
                    std::fs::rename(&path, self.path(&found))?;
                }
                Ok(())
            };
            keep().map_err(|e| ImageError::io("keep", &path, e))?;
        }
        Ok(())
    }
}
