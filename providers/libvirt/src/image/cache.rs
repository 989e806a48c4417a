//! The image store: images by digest, leases on them, and the making of what is missing.

mod holders;
mod prune;
mod survey;

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cplan_model::Identity;
use cplan_sdk::Context;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::resolution::hex;
use super::{Flavor, ImageError};

pub use holders::Holder;
pub use prune::{PruneOptions, Pruned};
pub use survey::{CacheSurvey, CachedImage};

const MANIFEST: &str = "manifest.json";

/// What an image is made of; written last, so an image without it is none.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    digest: String,
    flavor: String,
    /// Empty of one that was made before there were several.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    arch: String,
    /// Whatever went in.
    #[serde(alias = "packages")]
    made_of: serde_json::Value,
    files: BTreeMap<String, FileFacts>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FileFacts {
    bytes: u64,
    sha256: String,
}

/// What is in the cache of a host.
pub fn survey(folder: &Path) -> CacheSurvey {
    ImageCache::new(folder.to_owned()).survey()
}

/// Takes away what nobody needs; what a lab holds, what a machine's disk stands on and what is being made stays.
pub fn prune(folder: &Path, options: PruneOptions) -> Result<Pruned, ImageError> {
    ImageCache::new(folder.to_owned()).prune(options)
}

/// The cache folder of a host.
#[derive(Clone, Debug)]
pub(crate) struct ImageCache {
    root: PathBuf,
}

impl ImageCache {
    /// The cache at a folder, which may not exist yet.
    pub(crate) fn new(root: PathBuf) -> Self {
        ImageCache { root }
    }

    /// Its folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of an image.
    pub(crate) fn dir(&self, digest: &str) -> PathBuf {
        self.root.join("images").join(digest)
    }

    fn manifest(&self, digest: &str) -> Option<Manifest> {
        std::fs::read(self.dir(digest).join(MANIFEST)).ok().and_then(|json| serde_json::from_slice(&json).ok())
    }

    /// What went into an image that is there.
    pub(crate) fn made_of(&self, digest: &str) -> Option<serde_json::Value> {
        self.manifest(digest).map(|manifest| manifest.made_of)
    }

    /// Whether an image is there, whole: its manifest is, and every file has its length.
    pub(crate) fn is_intact(&self, digest: &str) -> bool {
        let dir = self.dir(digest);
        let manifest = self.manifest(digest);
        let whole = |(name, facts): (&String, &FileFacts)| {
            std::fs::metadata(dir.join(name)).is_ok_and(|m| m.is_file() && m.len() == facts.bytes)
        };
        manifest.is_some_and(|m| m.digest == digest && !m.files.is_empty() && m.files.iter().all(whole))
    }

    /// Takes a lease on an image and makes it unless it is there: `build` puts the files of its flavour into an empty
    /// folder and says what they are made of. One process at a time makes an image; the others wait for it.
    pub(crate) fn ensure(
        &self,
        ctx: &Context,
        identity: &Identity,
        (flavor, arch): (Flavor, &str),
        digest: &str,
        build: impl FnOnce(&Path) -> Result<serde_json::Value, ImageError>,
    ) -> Result<(), ImageError> {
        make_dir(&self.root)?;
        make_dir(&self.root.join("images"))?;
        let lease = || self.lease(digest, identity, ctx.data_dir());
        // First the lease, then the look: what is leased is not pruned in between.
        let held = self.is_leased(digest, identity);
        lease()?;
        if self.is_intact(digest) {
            return Ok(());
        }
        let made = self.lock(ctx, digest).and_then(|_guard| {
            lease()?;
            if self.is_intact(digest) {
                return Ok(());
            }
            let scratch = Scratch::new(&self.root.join("images"), digest)?;
            let made_of = build(&scratch.0)?;
            step(ctx, "storing the image")?;
            self.store(&scratch.0, (flavor, arch), digest, made_of)?;
            ctx.progress.log(&format!("image {digest} is in {}\n", self.dir(digest).display()));
            Ok(())
        });
        if made.is_err() && !held {
            self.release(digest, identity)?;
            // Of an image that never came to be, nothing stays; a folder that is not empty is not removed.
            let _ = std::fs::remove_dir(self.leases(digest));
            let _ = std::fs::remove_dir(self.dir(digest));
        }
        made
    }

    /// A folder for a while, in the cache.
    pub(crate) fn scratch(&self, purpose: &str) -> Result<Scratch, ImageError> {
        Scratch::new(&self.root, &format!("{purpose}-{}", uuid::Uuid::new_v4()))
    }

    /// Moves finished files to their place, the manifest last. What is leased there stays leased.
    fn store(
        &self,
        from: &Path,
        (flavor, arch): (Flavor, &str),
        digest: &str,
        made_of: serde_json::Value,
    ) -> Result<(), ImageError> {
        let dir = self.dir(digest);
        make_dir(&dir)?;
        let mut files = BTreeMap::new();
        let place = |name: &str| -> std::io::Result<FileFacts> {
            let path = from.join(name);
            let (bytes, sha256) = digest_of(&path)?;
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644))?;
            File::open(&path)?.sync_all()?;
            std::fs::rename(&path, dir.join(name))?;
            Ok(FileFacts { bytes, sha256 })
        };
        for name in flavor.files() {
            let facts = place(name).map_err(|e| ImageError::io("store", &dir.join(name), e))?;
            files.insert((*name).to_owned(), facts);
        }
        let (flavor, arch) = (flavor.name().to_owned(), arch.to_owned());
        let manifest = Manifest { digest: digest.to_owned(), flavor, arch, made_of, files };
        let write = || {
            let mut json = serde_json::to_vec_pretty(&manifest)?;
            json.push(b'\n');
            std::fs::write(from.join(MANIFEST), json)?;
            File::open(&dir)?.sync_all()?;
            place(MANIFEST)?;
            File::open(&dir)?.sync_all()
        };
        write().map_err(|e| ImageError::io("write", &dir.join(MANIFEST), e))
    }

    fn lock_path(&self, digest: &str) -> PathBuf {
        self.root.join("images").join(format!(".{digest}.lock"))
    }

    /// Held while an image is made or removed.
    fn lock(&self, ctx: &Context, digest: &str) -> Result<File, ImageError> {
        let path = &self.lock_path(digest);
        loop {
            let file = File::create(path).map_err(|e| ImageError::io("open", path, e))?;
            match file.try_lock() {
                // Who removed the image has removed the file, too: this lock excludes nobody any more.
                Ok(()) if !same_file(&file, path) => {}
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if ctx.cancel.is_cancelled() => {
                    return Err(ImageError::Cancelled { doing: "waiting for another process".to_owned() });
                }
                Err(TryLockError::WouldBlock) => {
                    ctx.progress.status("waiting for another process that makes the same image");
                    std::thread::sleep(Duration::from_millis(200));
                }
                Err(TryLockError::Error(e)) => return Err(ImageError::io("lock", path, e)),
            }
        }
    }

    fn leases(&self, digest: &str) -> PathBuf {
        self.dir(digest).join("leases")
    }

    fn lease_path(&self, digest: &str, identity: &Identity) -> PathBuf {
        self.leases(digest).join(&identity.id)
    }

    /// Whether an object holds a lease on an image.
    pub(crate) fn is_leased(&self, digest: &str, identity: &Identity) -> bool {
        self.lease_path(digest, identity).is_file()
    }

    /// Takes a lease for an object of the topology that has this `.cplan` folder: the image must not be pruned.
    pub(crate) fn lease(&self, digest: &str, identity: &Identity, data_dir: &Path) -> Result<(), ImageError> {
        let path = self.lease_path(digest, identity);
        make_dir(&self.dir(digest))?;
        make_dir(&self.leases(digest))?;
        let json = holders::note(identity, data_dir);
        std::fs::write(&path, json).map_err(|e| ImageError::io("write", &path, e))
    }

    /// Gives a lease back; the image stays.
    pub(crate) fn release(&self, digest: &str, identity: &Identity) -> Result<(), ImageError> {
        let path = self.lease_path(digest, identity);
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(ImageError::io("remove", &path, e)),
            _ => Ok(()),
        }
    }
}

fn same_file(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |m: std::fs::Metadata| (m.dev(), m.ino());
    file.metadata().ok().map(place) == std::fs::metadata(path).ok().map(place)
}

/// Says what comes now, unless the user has interrupted.
pub(crate) fn step(ctx: &Context, text: &str) -> Result<(), ImageError> {
    if ctx.cancel.is_cancelled() {
        return Err(ImageError::Cancelled { doing: text.to_owned() });
    }
    ctx.progress.status(text);
    ctx.progress.log(&format!("{text}\n"));
    Ok(())
}

/// The length of a file and its digest in hex.
pub(crate) fn digest_of(path: &Path) -> std::io::Result<(u64, String)> {
    let mut hash = Sha256::new();
    let bytes = std::io::copy(&mut File::open(path)?, &mut HashWriter(&mut hash))?;
    Ok((bytes, hex(&hash.finalize())))
}

struct HashWriter<'a>(&'a mut Sha256);

impl std::io::Write for HashWriter<'_> {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        self.0.update(data);
        Ok(data.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A folder that goes away with its owner; what an earlier process left under the same name goes first.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    fn new(parent: &Path, name: &str) -> Result<Self, ImageError> {
        let path = parent.join(format!(".making-{name}"));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).map_err(|e| ImageError::io("make", &path, e))?;
        Ok(Scratch(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Makes a folder that QEMU's user can search, whatever the umask.
pub(crate) fn make_dir(path: &Path) -> Result<(), ImageError> {
    if path.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(path)
        .and_then(|()| std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)))
        .map_err(|e| ImageError::io("make", path, e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::boot::{DISK, INITRD, KERNEL};

    fn identity() -> Identity {
        Identity { id: "6b0e".into(), lab: "1234abcd".into(), name: "base".into() }
    }

    #[test]
    fn only_whole_images_count() {
        let folder = tempfile::tempdir().unwrap();
        let cache = ImageCache::new(folder.path().join("cache"));
        let digest = "d1".to_owned();
        let from = folder.path().join("from");
        std::fs::create_dir(&from).unwrap();
        for name in [KERNEL, INITRD, DISK] {
            std::fs::write(from.join(name), name).unwrap();
        }
        make_dir(&cache.dir(&digest)).unwrap();
        assert!(!cache.is_intact(&digest), "an empty folder is no image");
        cache.store(&from, (Flavor::Micro, "amd64"), &digest, serde_json::json!({})).unwrap();
        assert!(cache.is_intact(&digest));
        let mode = std::fs::metadata(cache.dir(&digest).join(DISK)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
        std::fs::write(cache.dir(&digest).join(INITRD), "short").unwrap();
        assert!(!cache.is_intact(&digest), "a damaged file is seen");
    }

    #[test]
    fn a_lease_is_given_back_and_the_image_stays() {
        let folder = tempfile::tempdir().unwrap();
        let cache = ImageCache::new(folder.path().to_owned());
        cache.lease("d1", &identity(), Path::new("/t/.cplan")).unwrap();
        assert!(cache.is_leased("d1", &identity()));
        cache.release("d1", &identity()).unwrap();
        cache.release("d1", &identity()).unwrap();
        assert!(!cache.is_leased("d1", &identity()) && cache.dir("d1").is_dir());
    }
}
