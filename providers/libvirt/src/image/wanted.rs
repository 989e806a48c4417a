//! What a configuration asks for.

use cplan_model::Value;

use super::Flavor;
use crate::lock_file::LockFile;

/// The architectures that images have, and cplan's own.
pub(crate) const ARCHITECTURES: [&str; 2] = ["amd64", "arm64"];

/// The architecture of this host, in Debian's words.
pub(crate) fn host_architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }
}

/// What to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Of the programs of packages.
    Micro { packages: Vec<String> },
    /// Of installed packages.
    Systemd { suite: Option<String>, arch: String, packages: Vec<String> },
}

impl Wanted {
    /// `None` while any part is unknown.
    pub(super) fn of(values: &Value) -> Option<Self> {
        let text = |name: &str| match values.get(name).filter(|v| !v.is_null()) {
            Some(value) => value.as_str().map(|text| Some(text.to_owned())),
            None => Some(None),
        };
        let packages = match values.get("packages").filter(|v| !v.is_null()) {
            Some(list) => list.as_slice()?.iter().map(|p| p.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()?,
            None => Vec::new(),
        };
        let flavor = text("flavor")?;
        let (suite, arch) = (text("suite")?, text("arch")?.unwrap_or_else(|| host_architecture().to_owned()));
        Some(match flavor.as_deref() {
            Some("systemd") => Wanted::Systemd { suite, arch, packages },
            _ => Wanted::Micro { packages },
        })
    }

    pub(super) fn flavor(&self) -> Flavor {
        match self {
            Wanted::Micro { .. } => Flavor::Micro,
            Wanted::Systemd { .. } => Flavor::Systemd,
        }
    }

    /// Under which its packages are in the lock file.
    pub(super) fn key(&self) -> String {
        match self {
            Wanted::Micro { packages } => LockFile::key(Flavor::Micro.name(), packages),
            Wanted::Systemd { suite, arch, packages } => {
                let suite = suite.as_deref().unwrap_or("host");
                LockFile::key(&format!("{} {suite} {arch}", Flavor::Systemd.name()), packages)
            }
        }
    }
}
