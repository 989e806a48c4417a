//! What is in the cache.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Holder, ImageCache};

/// One image of the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedImage {
    /// Its content address.
    pub digest: String,
    /// `micro`, `systemd`, `cloud`; empty of one that was never finished.
    pub flavor: String,
    /// `amd64`, `arm64`; empty of one that does not say.
    pub arch: String,
    /// Whether all of it is there.
    pub whole: bool,
    /// What it takes up on the disk.
    pub bytes: u64,
    /// When it was made.
    pub made: SystemTime,
    /// Who needs it.
    pub holders: Vec<Holder>,
}

/// What is in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheSurvey {
    /// Its folder.
    pub folder: PathBuf,
    /// The newest first.
    pub images: Vec<CachedImage>,
    /// Package files and what they take up, in bytes.
    pub packages: (usize, u64),
    /// What broken-off downloads and builds have left, in bytes.
    pub leftovers: u64,
}

impl ImageCache {
    pub(super) fn survey(&self) -> CacheSurvey {
        let mut images: Vec<_> = self.digests().iter().map(|digest| self.look_at(digest)).collect();
        images.sort_by(|a, b| b.made.cmp(&a.made).then_with(|| a.digest.cmp(&b.digest)));
        let packages = entries(&self.root.join("packages"));
        CacheSurvey {
            folder: self.root.clone(),
            images,
            packages: (packages.len(), packages.iter().map(|p| size(p)).sum()),
            leftovers: self.leftovers().iter().map(|path| size(path)).sum(),
        }
    }

    /// The digests of the images that are there, also of unfinished ones.
    pub(super) fn digests(&self) -> Vec<String> {
        let name = |path: PathBuf| Some(path.file_name()?.to_str()?.to_owned());
        entries(&self.root.join("images")).into_iter().filter_map(name).filter(|n| !n.starts_with('.')).collect()
    }

    pub(super) fn look_at(&self, digest: &str) -> CachedImage {
        let dir = self.dir(digest);
        let manifest = dir.join(super::MANIFEST);
        let made =
            [&manifest, &dir].into_iter().find_map(|path| std::fs::metadata(path).and_then(|m| m.modified()).ok());
        let (flavor, arch) = self.manifest(digest).map(|m| (m.flavor, m.arch)).unwrap_or_default();
        CachedImage {
            digest: digest.to_owned(),
            flavor,
            arch,
            whole: self.is_intact(digest),
            bytes: size(&dir),
            made: made.unwrap_or(SystemTime::UNIX_EPOCH),
            holders: self.holders(digest),
        }
    }

    /// Folders of builds and parts of downloads; some may be at work now.
    pub(super) fn leftovers(&self) -> Vec<PathBuf> {
        let begun = |path: &PathBuf| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(".making-"));
        let builds =
            [self.root.clone(), self.root.join("images")].into_iter().flat_map(|folder| entries(&folder)).filter(begun);
        builds.chain(entries(&self.root.join("downloads"))).collect()
    }
}

pub(super) fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    found.sort();
    found
}

/// What a file, or all in a folder, takes up on the disk: disks have holes.
pub(super) fn size(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    match path.symlink_metadata() {
        Ok(facts) if facts.is_dir() => entries(path).iter().map(|inner| size(inner)).sum(),
        Ok(facts) => facts.blocks() * 512,
        Err(_) => 0,
    }
}
