//! What an image is made of, to the byte: packages with versions and digests.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Flavor, ImageError};
use crate::apt::{Apt, PackageFacts};
use crate::arch::Arch;
use crate::initramfs::{BOOT_MODULES, LAZY_MODULES};
use crate::{guest_init, guest_system};

/// Raised when the builder makes other bytes of the same packages.
const BUILDER: u32 = 1;

/// The package that depends on the newest kernel for virtual machines, but for the architecture at its end.
const KERNEL: &str = "linux-image-cloud-";

/// In every micro image: the tools, the shell, the ssh server, `ip` and `tc`.
pub(crate) const BASE: [&str; 4] = ["busybox-static", "dash", "dropbear-bin", "iproute2"];

/// In every system, beside what is essential: apt, systemd, the ssh server, and what a lab looks with.
pub(crate) const SYSTEM: [&str; 15] = [
    "apt",
    "ca-certificates",
    "dbus",
    "e2fsprogs",
    "iproute2",
    "iputils-ping",
    "kmod",
    "login",
    "netbase",
    "openssh-server",
    "passwd",
    "procps",
    "systemd-sysv",
    "tzdata",
    "udev",
];

/// Satisfies a dependency of init-system-helpers that would otherwise draw in perl.
const USR_IS_MERGED: &str = "usr-is-merged";

/// Packages that only serve installation, or services of a full system.
const NOT_IN_AN_IMAGE: [&str; 8] =
    [USR_IS_MERGED, "adduser", "debconf", "init-system-helpers", "libcap2-bin", "lsb-base", "runit-helper", "ucf"];

/// A package at a version: in the lock file `"name": "version sha256:hex"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct Pinned {
    /// With its epoch.
    pub(crate) version: String,
    /// Of the package file, in hex.
    pub(crate) sha256: String,
}

impl From<Pinned> for String {
    fn from(pinned: Pinned) -> String {
        format!("{} sha256:{}", pinned.version, pinned.sha256)
    }
}

impl TryFrom<String> for Pinned {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let hex = |s: &str| s.len() == 64 && s.bytes().all(|b| b.is_ascii_hexdigit());
        match text.split_once(" sha256:") {
            Some((version, sha256)) if !version.is_empty() && hex(sha256) => {
                Ok(Pinned { version: version.to_owned(), sha256: sha256.to_owned() })
            }
            _ => Err(format!("\"{text}\" is not of the form \"VERSION sha256:DIGEST\"")),
        }
    }
}

/// Packages by name.
pub(crate) type Pins = BTreeMap<String, Pinned>;

/// The packages of one image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resolution {
    /// The kernel, one package.
    #[serde(default, skip_serializing_if = "Pins::is_empty")]
    pub(crate) kernel: Pins,
    /// Taken for their programs and configuration.
    #[serde(default, skip_serializing_if = "Pins::is_empty")]
    pub(crate) programs: Pins,
    /// Taken for the libraries that the programs need.
    #[serde(default, skip_serializing_if = "Pins::is_empty")]
    pub(crate) libraries: Pins,
    /// Installed by dpkg: all of a system.
    #[serde(default, skip_serializing_if = "Pins::is_empty")]
    pub(crate) system: Pins,
    /// Where the system will get more packages from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) sources: Vec<String>,
}

impl Resolution {
    /// Asks apt for the packages of a micro guest.
    pub(crate) fn micro(apt: &mut Apt, arch: Arch, requested: &[String]) -> Result<Self, ImageError> {
        Self::twice(apt, requested, |apt| Self::ask(apt, arch, requested))
    }

    /// Asks apt for the packages of a whole system that takes more from these sources.
    pub(crate) fn system(
        apt: &mut Apt,
        arch: Arch,
        requested: &[String],
        sources: &[String],
    ) -> Result<Self, ImageError> {
        Self::twice(apt, requested, |apt| {
            let wanted: Vec<String> = SYSTEM.into_iter().map(str::to_owned).chain(requested.iter().cloned()).collect();
            let essential = format!("?and(?essential,?architecture({}))", arch.name());
            let closure = apt.closure(&[wanted, vec![essential]].concat())?;
            let busybox = "busybox-static".to_owned();
            let programs = apt.show(std::slice::from_ref(&busybox))?.into_iter().take(1);
            Ok(Resolution {
                kernel: pins([newest_kernel(apt, arch)?]),
                programs: pins(programs),
                libraries: Pins::new(),
                system: exactly(apt, &closure)?,
                sources: sources.to_vec(),
            })
        })
    }

    /// Asks apt for what comes to a system that is there.
    pub(crate) fn addition(apt: &mut Apt, requested: &[String], sources: &[String]) -> Result<Self, ImageError> {
        Self::twice(apt, requested, |apt| {
            let closure = apt.closure(requested)?;
            let system = if closure.is_empty() { Pins::new() } else { exactly(apt, &closure)? };
            Ok(Resolution { system, sources: sources.to_vec(), ..Resolution::default() })
        })
    }

    fn twice(
        apt: &mut Apt,
        requested: &[String],
        ask: impl Fn(&Apt) -> Result<Self, ImageError>,
    ) -> Result<Self, ImageError> {
        match ask(apt) {
            // The host's lists may be missing or old: try with fresh ones of our own.
            Err(first) => apt.update().and_then(|()| ask(apt)).map_err(|second| {
                let said = [first, second].map(|e| match e {
                    ImageError::Command { said, .. } => said,
                    other => other.to_string(),
                });
                ImageError::Unresolvable { packages: requested.join(", "), said: said.join("\n") }
            }),
            resolved => resolved,
        }
    }

    fn ask(apt: &Apt, arch: Arch, requested: &[String]) -> Result<Self, ImageError> {
        let wanted: Vec<String> =
            BASE.into_iter().chain([USR_IS_MERGED]).map(str::to_owned).chain(requested.iter().cloned()).collect();
        let closure = apt.closure(&wanted)?;
        let kernel = newest_kernel(apt, arch)?;
        let exact: Vec<_> = closure.iter().map(|(name, version)| format!("{name}={version}")).collect();
        let facts = apt.show(&exact)?;
        let mut resolution = Resolution { kernel: pins([kernel]), ..Resolution::default() };
        for (name, version) in &closure {
            let found = facts.iter().find(|f| f.name == *name && f.version == *version);
            let found = found.ok_or_else(|| incomplete(name, NO_ENTRY))?.clone();
            let asked_for = BASE.contains(&name.as_str()) || requested.contains(name);
            let always_there = matches!(found.priority.as_str(), "required" | "important" | "standard");
            if found.section == "libs" && !asked_for {
                resolution.libraries.extend(pins([found]));
            } else if asked_for || !(always_there || NOT_IN_AN_IMAGE.contains(&name.as_str())) {
                resolution.programs.extend(pins([found]));
            }
        }
        Ok(resolution)
    }

    /// All packages.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&String, &Pinned)> {
        self.kernel.iter().chain(&self.programs).chain(&self.libraries).chain(&self.system)
    }

    /// The content address of the image: 64 hex digits over the builder's own recipe and every package's digest.
    pub(crate) fn digest(&self, flavor: Flavor, arch: Arch) -> String {
        let mut hash = Recipe::new(&format!("cplan image {BUILDER} {}", flavor.name()));
        match flavor {
            Flavor::Micro => {
                guest_init::recipe(arch).iter().for_each(|text| hash.add(text));
                BASE.into_iter().chain(BOOT_MODULES).chain(LAZY_MODULES).for_each(|text| hash.add(text));
            }
            Flavor::Systemd | Flavor::Cloud => guest_system::recipe(arch).iter().for_each(|text| hash.add(text)),
        }
        self.sources.iter().for_each(|line| hash.add(line));
        let roles = [
            ("kernel", &self.kernel),
            ("programs", &self.programs),
            ("libraries", &self.libraries),
            ("system", &self.system),
        ];
        for (role, pins) in roles.into_iter().filter(|(role, pins)| *role != "system" || !pins.is_empty()) {
            hash.add(role);
            for (name, pinned) in pins {
                hash.add(format!("{name}={}={}", pinned.version, pinned.sha256));
            }
        }
        hash.digest()
    }
}

/// What an image is made of, as a digest: texts in order, each with its length.
pub(crate) struct Recipe(Sha256);

impl Recipe {
    /// Begins with what is being made.
    pub(crate) fn new(title: &str) -> Self {
        let mut recipe = Recipe(Sha256::new());
        recipe.add(title);
        recipe
    }

    /// Adds a text or the bytes of a file.
    pub(crate) fn add(&mut self, part: impl AsRef<[u8]>) {
        self.0.update(part.as_ref().len().to_le_bytes());
        self.0.update(part);
    }

    /// 64 hex digits.
    pub(crate) fn digest(self) -> String {
        hex(&self.0.finalize())
    }
}

const NO_ENTRY: &str = "entry in the package lists";

fn incomplete(package: &str, what: &str) -> ImageError {
    ImageError::Incomplete { package: package.into(), what: what.into() }
}

/// The newest kernel for virtual machines.
fn newest_kernel(apt: &Apt, arch: Arch) -> Result<PackageFacts, ImageError> {
    let newest = apt.show(&[format!("{KERNEL}{}", arch.name())])?;
    let name = newest
        .first()
        .and_then(|facts| facts.depends.split(", ").find(|d| d.starts_with("linux-image-")))
        .and_then(|dependency| dependency.split([' ', ':']).next())
        .ok_or_else(|| incomplete(KERNEL, "dependency on a kernel"))?
        .to_owned();
    let kernel = apt.show(std::slice::from_ref(&name))?.into_iter().find(|facts| facts.name == name);
    kernel.ok_or_else(|| incomplete(&name, NO_ENTRY))
}

/// The digests of packages at their versions.
fn exactly(apt: &Apt, closure: &[(String, String)]) -> Result<Pins, ImageError> {
    let exact: Vec<_> = closure.iter().map(|(name, version)| format!("{name}={version}")).collect();
    let facts = apt.show(&exact)?;
    let found = closure.iter().map(|(name, version)| {
        let found = facts.iter().find(|f| f.name == *name && f.version == *version);
        found.cloned().ok_or_else(|| incomplete(name, NO_ENTRY))
    });
    Ok(pins(found.collect::<Result<Vec<_>, _>>()?))
}

fn pins(facts: impl IntoIterator<Item = PackageFacts>) -> Pins {
    facts.into_iter().map(|f| (f.name, Pinned { version: f.version, sha256: f.sha256 })).collect()
}

/// Bytes in hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A made-up resolution.
    pub(crate) fn example(version: &str) -> Resolution {
        let pin = |version: &str| Pinned { version: version.into(), sha256: "ab".repeat(32) };
        Resolution {
            kernel: [("linux-image-6.1.0-1-cloud-amd64".into(), pin("6.1.1-1"))].into(),
            programs: [("mosquitto".into(), pin(version)), ("dash".into(), pin("1"))].into(),
            libraries: [("libc6".into(), pin("2.36"))].into(),
            ..Resolution::default()
        }
    }

    #[test]
    fn the_digest_follows_content() {
        let of = |resolution: Resolution, flavor| resolution.digest(flavor, Arch::Amd64);
        let digest = of(example("1:2.0"), Flavor::Micro);
        assert_eq!(digest.len(), 64);
        assert_eq!(digest, of(example("1:2.0"), Flavor::Micro));
        assert_ne!(digest, of(example("1:2.1"), Flavor::Micro));
        assert_ne!(digest, of(example("1:2.0"), Flavor::Systemd));
        assert_ne!(digest, example("1:2.0").digest(Flavor::Micro, Arch::Arm64));
        let mut moved = example("1:2.0");
        let library = moved.libraries.pop_first().unwrap();
        moved.programs.insert(library.0, library.1);
        assert_ne!(digest, of(moved, Flavor::Micro), "the role of a package counts");
    }

    #[test]
    fn pins_read_back() {
        let pinned = example("1:2.0").programs["mosquitto"].clone();
        assert_eq!(Pinned::try_from(String::from(pinned.clone())), Ok(pinned));
        assert!(Pinned::try_from("1.0".to_owned()).is_err());
        assert!(Pinned::try_from("1.0 sha256:xyz".to_owned()).is_err());
    }
}
