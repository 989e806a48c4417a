//! Taking away what nobody needs.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::survey::{entries, size};
use super::{CachedImage, ImageCache, same_file};
use crate::image::ImageError;

/// What is to be taken away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PruneOptions {
    /// Only images that were made longer ago than this.
    pub older_than: Duration,
    /// Leases of topologies whose folder is gone count no longer.
    pub gone: bool,
    /// Only says what would go.
    pub dry_run: bool,
}

/// What went, or would go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Images that nobody held.
    pub images: Vec<CachedImage>,
    /// Package files that no remaining image is made of.
    pub packages: usize,
    /// Folders of broken-off builds and parts of broken-off downloads.
    pub leftovers: usize,
    /// What all of it took up.
    pub bytes: u64,
}

impl ImageCache {
    pub(super) fn prune(&self, options: PruneOptions) -> Result<Pruned, ImageError> {
        let mut pruned = Pruned::default();
        let mut staying = BTreeSet::new();
        for digest in self.digests() {
            match self.prune_image(&digest, options)? {
                Some(image) => {
                    pruned.bytes += image.bytes;
                    pruned.images.push(image);
                }
                None => staying.extend(self.packages_of(&digest)),
            }
        }
        let needed = |path: &PathBuf| path.file_stem().is_some_and(|name| staying.contains(&*name.to_string_lossy()));
        for path in entries(&self.root.join("packages")).into_iter().filter(|path| !needed(path) && is_old(path)) {
            pruned.packages += 1;
            pruned.bytes += remove(&path, options)?;
        }
        for path in self.leftovers().into_iter().filter(|path| is_old(path) && !self.is_at_work(path)) {
            pruned.leftovers += 1;
            pruned.bytes += remove(&path, options)?;
        }
        Ok(pruned)
    }

    /// Removes an image that nobody holds and nobody is making.
    fn prune_image(&self, digest: &str, options: PruneOptions) -> Result<Option<CachedImage>, ImageError> {
        let path = self.lock_path(digest);
        let file = File::create(&path).map_err(|e| ImageError::io("open", &path, e))?;
        if file.try_lock().is_err() || !same_file(&file, &path) {
            return Ok(None);
        }
        let mut image = self.look_at(digest);
        if options.gone {
            image.holders.retain(|holder| !holder.gone);
        }
        let age = SystemTime::now().duration_since(image.made).unwrap_or_default();
        if !image.holders.is_empty() || age < options.older_than {
            return Ok(None);
        }
        if !options.dry_run {
            // Out of sight with one step: whoever takes a lease now finds no image, and waits for the lock.
            let away = self.root.join("images").join(format!(".making-{digest}"));
            let _ = std::fs::remove_dir_all(&away);
            let dir = self.dir(digest);
            std::fs::rename(&dir, &away).map_err(|e| ImageError::io("remove", &dir, e))?;
            std::fs::remove_dir_all(&away).map_err(|e| ImageError::io("remove", &away, e))?;
            std::fs::remove_file(&path).map_err(|e| ImageError::io("remove", &path, e))?;
        }
        Ok(Some(image))
    }

    /// The digests of the packages that an image is made of: wherever its manifest says `VERSION sha256:DIGEST`.
    fn packages_of(&self, digest: &str) -> Vec<String> {
        fn collect(value: &serde_json::Value, found: &mut Vec<String>) {
            match value {
                serde_json::Value::String(text) => {
                    found.extend(text.split_once(" sha256:").map(|(_, digits)| digits.to_owned()));
                }
                serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
                serde_json::Value::Object(fields) => fields.values().for_each(|item| collect(item, found)),
                _ => {}
            }
        }
        let mut found = Vec::new();
        collect(&self.made_of(digest).unwrap_or_default(), &mut found);
        found
    }

    /// A build holds the lock of its image while it is at work; of what has no lock, age decides alone.
    fn is_at_work(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(digest) = name.strip_prefix(".making-") else { return false };
        File::open(self.lock_path(digest)).is_ok_and(|file| file.try_lock().is_err())
    }
}

/// Not from the last hour: nobody can be about to use it.
fn is_old(path: &Path) -> bool {
    let modified = path.symlink_metadata().and_then(|m| m.modified());
    modified.is_ok_and(|m| m.elapsed().unwrap_or_default() > Duration::from_secs(3600))
}

fn remove(path: &Path, options: PruneOptions) -> Result<u64, ImageError> {
    let bytes = size(path);
    if !options.dry_run {
        let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
        removed.map_err(|e| ImageError::io("remove", path, e))?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use cplan_model::Identity;
    use serde_json::json;

    use super::*;
    use crate::image::Flavor;

    fn cache_with(folder: &Path, digests: &[&str]) -> ImageCache {
        let cache = ImageCache::new(folder.to_owned());
        for digest in digests {
            let from = folder.join("from");
            std::fs::create_dir_all(&from).unwrap();
            std::fs::write(from.join("disk.qcow2"), vec![1; 8192]).unwrap();
            let pin = format!("1.0 sha256:{}", digest.repeat(32));
            cache.store(&from, (Flavor::Cloud, "amd64"), digest, json!({"system": {"dash": pin}})).unwrap();
        }
        cache
    }

    fn old(path: &Path) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let file = File::create(path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(7200)).unwrap();
    }

    #[test]
    fn what_is_held_stays_with_its_packages() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache_with(folder.path(), &["a1", "b2"]);
        let identity = Identity { id: "i".into(), lab: "l".into(), name: "n".into() };
        cache.lease("a1", &identity, Path::new("/no/such/folder/.cplan")).unwrap();
        for digest in ["a1", "b2"] {
            old(&folder.path().join(format!("packages/{}.deb", digest.repeat(32))));
        }
        old(&folder.path().join("downloads/ff.part"));
        std::fs::write(folder.path().join("downloads/new.part"), "").unwrap();
        let dry = cache.prune(PruneOptions { dry_run: true, ..PruneOptions::default() }).unwrap();
        let names = |pruned: &Pruned| pruned.images.iter().map(|i| i.digest.clone()).collect::<Vec<_>>();
        assert_eq!((names(&dry), dry.packages, dry.leftovers), (vec!["b2".to_owned()], 1, 1));
        assert!(cache.is_intact("b2") && dry.bytes >= 8192);

        let young = PruneOptions { older_than: Duration::from_secs(60), dry_run: true, gone: true };
        assert_eq!(names(&cache.prune(young).unwrap()), Vec::<String>::new());
        assert_eq!(cache.prune(PruneOptions::default()).unwrap(), dry);
        assert!(cache.is_intact("a1") && !cache.dir("b2").exists());
        assert_eq!(entries(&folder.path().join("packages")).len(), 1);
        assert!(folder.path().join("downloads/new.part").exists(), "somebody may be at it");

        // Its topology is gone, so nobody will ever give the lease back.
        assert!(cache.survey().images[0].holders[0].gone);
        let gone = cache.prune(PruneOptions { gone: true, ..PruneOptions::default() }).unwrap();
        assert_eq!(names(&gone), ["a1"]);
        assert_eq!(cache.survey().images, []);
    }

    #[test]
    fn what_is_being_made_stays() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache_with(folder.path(), &["a1"]);
        let lock = File::create(cache.lock_path("a1")).unwrap();
        lock.lock().unwrap();
        assert_eq!(cache.prune(PruneOptions::default()).unwrap(), Pruned::default());
        drop(lock);
        assert_eq!(cache.prune(PruneOptions::default()).unwrap().images.len(), 1);
    }
}
