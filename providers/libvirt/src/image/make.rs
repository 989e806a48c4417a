//! From what is wanted to an image in the cache. Everything here blocks.

use std::path::Path;

use cplan_model::Identity;
use cplan_sdk::{Context, ErrorKind, ProviderError};
use serde_json::{Value as Json, json};

use super::boot::{DISK, INITRD, KERNEL, STATUS};
use super::cache::step;
use super::derived::{Chroot, Derived, Throwaway};
use super::system::System;
use super::wanted::Wanted;
use super::{Flavor, ImageCache, ImageError, PackageCache, Resolution, contents, disk, sources};
use crate::apt::Apt;
use crate::arch::Arch;
use crate::lock_file::LockFile;

/// The content address of what is wanted, as far as it can be told before anything is resolved.
pub(super) fn digest(ctx: &Context, cache: &ImageCache, wanted: &Wanted) -> Result<Option<String>, ImageError> {
    let locked = match wanted.key() {
        Some(key) => match LockFile::beside(ctx.data_dir()).get(&key)? {
            Some(resolution) => resolution,
            None => return Ok(None),
        },
        None => Resolution::default(),
    };
    address(cache, wanted, &locked).map(Some)
}

fn address(cache: &ImageCache, wanted: &Wanted, resolution: &Resolution) -> Result<String, ImageError> {
    match wanted {
        Wanted::Micro { arch, .. } | Wanted::Systemd { arch, .. } => Ok(resolution.digest(wanted.flavor(), *arch)),
        Wanted::Cloud(cloud) => cloud.digest(cache),
        Wanted::Derived(derived) => derived.digest(resolution),
    }
}

/// Resolves, makes what is not there, and takes the lease; the digest.
pub(super) fn make(
    ctx: &Context,
    cache: &ImageCache,
    identity: &Identity,
    (wanted, arch): (&Wanted, &str),
    expected: Option<String>,
) -> Result<String, ProviderError> {
    let lock = LockFile::beside(ctx.data_dir());
    let resolution = match wanted.key() {
        Some(key) => match lock.get(&key)? {
            Some(resolution) => resolution,
            None => lock.record(&key, resolve(ctx, cache, wanted)?)?,
        },
        None => Resolution::default(),
    };
    let digest = address(cache, wanted, &resolution)?;
    if expected.is_some_and(|expected| expected != digest) {
        let what = if wanted.key().is_some() { "cplan.lock or a file" } else { "a file" };
        return Err(ProviderError::new(ErrorKind::Conflict, format!("{what} changed after the image was planned"))
            .remedy("Plan again."));
    }
    let build = |scratch: &Path| build(ctx, cache, wanted, &resolution, scratch);
    cache.ensure(ctx, identity, (wanted.flavor(), arch), &digest, build)?;
    Ok(digest)
}

/// Puts the files of the image into a folder; what they are made of.
fn build(
    ctx: &Context,
    cache: &ImageCache,
    wanted: &Wanted,
    resolution: &Resolution,
    scratch: &Path,
) -> Result<Json, ImageError> {
    let say = |text: &str| step(ctx, text);
    let packages = PackageCache::new(cache.root());
    if wanted.key().is_some() {
        say("fetching packages")?;
        packages.fetch(resolution, &scratch.join("incoming"), || apt(ctx, cache, &scratch.join("apt"), wanted))?;
    }
    match wanted {
        Wanted::Micro { arch, .. } => {
            let made = contents::assemble(resolution, &packages, *arch, &say)?;
            for (name, data) in [(KERNEL, &made.kernel), (INITRD, &made.initrd)] {
                let path = scratch.join(name);
                std::fs::write(&path, data).map_err(|e| ImageError::io("write", &path, e))?;
            }
            say("making the disk")?;
            disk::make_disk(&scratch.join(DISK), scratch, None)?;
        }
        Wanted::Systemd { arch, .. } => {
            System { resolution, packages: &packages, arch: *arch, scratch }.build(ctx, &say)?
        }
        Wanted::Cloud(cloud) => return cloud.build(ctx, cache, scratch, &say),
        Wanted::Derived(derived) => {
            let base = base(cache, derived)?;
            if derived.flavor == Flavor::Cloud {
                // No client of libvirt is here, but what it found out about KVM is.
                let native = derived.arch == Arch::of_this_host();
                let accelerator = if native && crate::kvm::known_to_work(cache.root()) { "kvm" } else { "tcg" };
                Throwaway { derived, base: &base, scratch, accelerator }.build(ctx, &say)?;
                return Ok(derived.made_of(resolution));
            }
            let chroot = Chroot { derived, resolution, packages: &packages, base: &base, scratch };
            chroot.build(ctx, &say)?;
            return Ok(derived.made_of(resolution));
        }
    }
    Ok(json!(resolution))
}

/// The folder of the image below, which is there.
fn base(cache: &ImageCache, derived: &Derived) -> Result<std::path::PathBuf, ImageError> {
    if cache.is_intact(&derived.base) {
        return Ok(cache.dir(&derived.base));
    }
    Err(ImageError::NoBase { digest: derived.base.clone() })
}

/// Resolves packages with apt; nothing of the host changes but this cache.
fn resolve(ctx: &Context, cache: &ImageCache, wanted: &Wanted) -> Result<Resolution, ImageError> {
    step(ctx, "resolving packages")?;
    let scratch = cache.scratch("resolution")?;
    let mut apt = apt(ctx, cache, &scratch.0, wanted)?;
    match wanted {
        Wanted::Micro { arch, packages } => Resolution::micro(&mut apt, *arch, packages),
        Wanted::Systemd { suite, arch, packages } => {
            let sources = sources::of(&apt.mirrors()?, suite.as_deref());
            Resolution::system(&mut apt, *arch, packages, &sources)
        }
        Wanted::Derived(derived) => {
            let status = base(cache, derived)?.join(STATUS);
            let installed = std::fs::read_to_string(&status).map_err(|e| ImageError::io("read", &status, e))?;
            apt.with_installed(&installed)?;
            Resolution::addition(&mut apt, &derived.packages, &sources_of(cache, derived))
        }
        Wanted::Cloud(_) => Ok(Resolution::default()),
    }
}

/// The sources of the image below, which its manifest has.
fn sources_of(cache: &ImageCache, derived: &Derived) -> Vec<String> {
    let made_of = cache.made_of(&derived.base).unwrap_or_default();
    let list = made_of.get("sources").or_else(|| made_of.pointer("/packages/sources")).and_then(Json::as_array);
    list.into_iter().flatten().filter_map(|line| line.as_str().map(str::to_owned)).collect()
}

/// The host's apt, or one that knows another release or architecture.
fn apt(ctx: &Context, cache: &ImageCache, work: &Path, wanted: &Wanted) -> Result<Apt, ImageError> {
    let apt = Apt::new(work, &cache.root().join("apt-lists"), ctx.progress.clone())?;
    let (lines, arch) = match wanted {
        Wanted::Micro { arch, .. } => (sources::of(&apt.mirrors()?, None), *arch),
        Wanted::Systemd { suite, arch, .. } => (sources::of(&apt.mirrors()?, suite.as_deref()), *arch),
        Wanted::Derived(derived) if derived.flavor == Flavor::Systemd => (sources_of(cache, derived), derived.arch),
        _ => return Ok(apt),
    };
    if arch == Arch::of_this_host() && lines == sources::of(&apt.mirrors()?, None) {
        return Ok(apt);
    }
    let name = sources::name(&lines);
    let lists = cache.root().join(format!("apt-lists-{name}-{}", arch.name()));
    apt.of_archive(&lines, arch, &lists)
}
