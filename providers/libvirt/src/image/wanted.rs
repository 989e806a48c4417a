//! What a configuration asks for.

use cplan_model::Value;

use super::Flavor;
use super::cloud::Cloud;
use super::derived::Derived;
use crate::arch::Arch;
use crate::lock_file::LockFile;

/// See [`firmware_of`].
pub(crate) const UEFI: &str = "uefi";
/// See [`firmware_of`].
pub(crate) const BIOS: &str = "bios";

/// What to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Of the programs of packages.
    Micro { arch: Arch, packages: Vec<String> },
    /// Of installed packages.
    Systemd { suite: Option<String>, arch: Arch, packages: Vec<String> },
    /// Somebody else's disk.
    Cloud(Cloud),
    /// Of another image.
    Derived(Derived),
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
        if values.get("from").is_some_and(|from| !from.is_null()) {
            return Derived::of(values, packages).map(Wanted::Derived);
        }
        if let Some(cloud) = Cloud::of(text("path")?, text("url")?, text("sha256")?) {
            return Some(Wanted::Cloud(cloud));
        }
        let flavor = text("flavor")?;
        let suite = text("suite")?;
        let arch = text("arch")?.map_or(Some(Arch::of_this_host()), |name| Arch::of(&name))?;
        Some(match flavor.as_deref() {
            Some("systemd") => Wanted::Systemd { suite, arch, packages },
            _ => Wanted::Micro { arch, packages },
        })
    }

    pub(super) fn flavor(&self) -> Flavor {
        match self {
            Wanted::Micro { .. } => Flavor::Micro,
            Wanted::Systemd { .. } => Flavor::Systemd,
            Wanted::Cloud(_) => Flavor::Cloud,
            Wanted::Derived(derived) => derived.flavor,
        }
    }

    /// The same for two that want the same.
    pub(super) fn name(&self) -> String {
        self.key().unwrap_or_else(|| format!("{self:?}"))
    }

    /// Under which its packages are in the lock file; `None` if it has none of its own, or their versions are not ours.
    pub(super) fn key(&self) -> Option<String> {
        match self {
            Wanted::Micro { arch: Arch::Amd64, packages } => Some(LockFile::key(Flavor::Micro.name(), packages)),
            Wanted::Micro { arch, packages } => {
                Some(LockFile::key(&format!("{}/{}", Flavor::Micro.name(), arch.name()), packages))
            }
            Wanted::Systemd { suite, arch, packages } => {
                let suite = suite.as_deref().unwrap_or("host");
                Some(LockFile::key(&format!("{} {suite} {}", Flavor::Systemd.name(), arch.name()), packages))
            }
            Wanted::Derived(derived) if derived.flavor == Flavor::Systemd && !derived.packages.is_empty() => {
                Some(LockFile::key(&format!("from {}", derived.base), &derived.packages))
            }
            Wanted::Derived(_) | Wanted::Cloud(_) => None,
        }
    }
}

/// How an image boots, as far as that is known: as the image below, as a disk of somebody else's, or as it says.
pub(super) fn flavor_of(values: &Value) -> Value {
    let given = |name: &str| values.get(name).filter(|v| !v.is_null());
    match (given("from"), given("path").or(given("url")), given("flavor")) {
        (Some(from), _, _) => from.get("flavor").cloned().unwrap_or_else(|| Value::unknown(cplan_model::Type::String)),
        (None, Some(_), _) => Value::string(Flavor::Cloud.name()),
        (None, None, Some(flavor)) => flavor.clone(),
        (None, None, None) => Value::string(Flavor::Micro.name()),
    }
}

/// The architecture, likewise.
pub(super) fn arch_of(values: &Value) -> Value {
    let given = |name: &str| values.get(name).filter(|v| !v.is_null());
    match (given("from"), given("arch")) {
        (Some(from), _) => from.get("arch").cloned().unwrap_or_else(|| Value::unknown(cplan_model::Type::String)),
        (None, Some(arch)) => arch.clone(),
        (None, None) => Value::string(Arch::of_this_host().name()),
    }
}

/// What a cloud image's disk is started by: the board's firmware of old, or UEFI, which ARM boards have alone. Null where
/// the kernel is entered directly.
pub(super) fn firmware_of(values: &Value) -> Value {
    let given = |name: &str| values.get(name).filter(|v| !v.is_null());
    let unknown = || Value::unknown(cplan_model::Type::String);
    match (given("from"), given("path").or(given("url")), given("firmware")) {
        (Some(from), _, _) => from.get("firmware").cloned().unwrap_or_else(unknown),
        (None, Some(_), Some(firmware)) => firmware.clone(),
        (None, Some(_), None) => match arch_of(values).as_str() {
            Some(arch) if arch == Arch::Arm64.name() => Value::string(UEFI),
            Some(_) => Value::string(BIOS),
            None => unknown(),
        },
        (None, None, _) => Value::null(cplan_model::Type::String),
    }
}
