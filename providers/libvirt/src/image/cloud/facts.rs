//! The digests of files of this host, remembered while nothing shows that they changed.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::cache::digest_of;
use super::super::resolution::Recipe;
use super::{ImageCache, ImageError};

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Facts {
    bytes: u64,
    inode: u64,
    /// Seconds and nanoseconds.
    changed: (i64, i64),
    sha256: String,
}

/// The digest of a file. Reading a large one takes seconds, so it is read again only when its length, its inode or the
/// time of its last change is another.
pub(super) fn digest(cache: &ImageCache, file: &Path) -> Result<String, ImageError> {
    let failed = |e| ImageError::io("read", file, e);
    let absolute = std::path::absolute(file).map_err(failed)?;
    let mut name = Recipe::new("path");
    name.add(absolute.to_string_lossy().as_bytes());
    let memory = cache.root().join("sources").join(format!("{}.json", name.digest()));
    let seen = std::fs::metadata(file).map_err(failed)?;
    let (bytes, inode, changed) = (seen.len(), seen.ino(), (seen.ctime(), seen.ctime_nsec()));
    let known = std::fs::read(&memory).ok().and_then(|json| serde_json::from_slice::<Facts>(&json).ok());
    if let Some(known) = known.filter(|k| (k.bytes, k.inode, k.changed) == (bytes, inode, changed)) {
        return Ok(known.sha256);
    }
    let (_, sha256) = digest_of(file).map_err(failed)?;
    let facts = Facts { bytes, inode, changed, sha256 };
    // Only a matter of speed: without it the file is read again.
    let folder = memory.parent().unwrap_or(&memory);
    let _ = std::fs::create_dir_all(folder)
        .and_then(|()| Ok(serde_json::to_vec(&facts)?))
        .and_then(|json| std::fs::write(&memory, json));
    Ok(facts.sha256)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_has_another_digest_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let cache = ImageCache::new(folder.path().join("cache"));
        let file = folder.path().join("disk");
        std::fs::write(&file, "one").unwrap();
        let first = digest(&cache, &file).unwrap();
        assert_eq!(first, digest(&cache, &file).unwrap());
        std::fs::write(&file, "two").unwrap();
        assert_ne!(digest(&cache, &file).unwrap(), first);
        assert!(digest(&cache, &folder.path().join("none")).is_err());
    }
}
