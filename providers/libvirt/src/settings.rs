//! Where the host is and where its files live; set when the provider is configured.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// The `provider "lab"` block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostSettings {
    /// The libvirt connection: `qemu:///system`.
    pub uri: String,
    /// Images, overlays and seeds; the user that QEMU runs as must be able to search it.
    pub cache_dir: PathBuf,
}

impl Default for HostSettings {
    fn default() -> Self {
        HostSettings { uri: "qemu:///system".to_owned(), cache_dir: PathBuf::from("/var/lib/cplan") }
    }
}

impl HostSettings {
    /// The folder of one machine, by [`cplan_model::Identity::id`].
    pub fn machine_dir(&self, id: &str) -> PathBuf {
        self.cache_dir.join("machines").join(id)
    }

    /// The folder of one image, by its digest.
    pub fn image_dir(&self, digest: &str) -> PathBuf {
        self.cache_dir.join("images").join(digest)
    }

    /// Whether libvirt runs on this very host, so that its files, taps and bridges can be reached directly.
    pub fn is_local(&self) -> bool {
        self.uri.split_once("://").is_some_and(|(scheme, rest)| !scheme.contains('+') && rest.starts_with('/'))
    }

    /// The cache folder.
    pub fn cache_dir(&self) -> &Path {
        &self.cache_dir
    }
}

/// Settings shared by all resources of a provider; they may change until it is configured.
#[derive(Clone, Debug, Default)]
pub struct SharedSettings(Arc<RwLock<HostSettings>>);

impl SharedSettings {
    /// Settings to begin with.
    pub fn new(settings: HostSettings) -> Self {
        SharedSettings(Arc::new(RwLock::new(settings)))
    }

    /// What they are now.
    pub fn get(&self) -> HostSettings {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces them.
    pub fn set(&self, settings: HostSettings) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = settings;
    }
}

#[cfg(test)]
mod tests {
    use super::HostSettings;

    #[test]
    fn tells_local_from_remote() {
        for (uri, local) in [("qemu:///system", true), ("qemu+ssh://root@h/system", false), ("qemu://h/system", false)]
        {
            assert_eq!(HostSettings { uri: uri.into(), ..HostSettings::default() }.is_local(), local, "{uri}");
        }
    }
}
