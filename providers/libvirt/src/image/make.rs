//! From what is wanted to an image in the cache. Everything here blocks.

use cplan_model::Identity;
use cplan_sdk::{Context, ErrorKind, ProviderError};

use super::boot::{DISK, INITRD, KERNEL};
use super::cache::step;
use super::system::System;
use super::wanted::{Wanted, host_architecture};
use super::{ImageCache, ImageError, PackageCache, Resolution, contents, disk, sources};
use crate::apt::Apt;
use crate::lock_file::LockFile;

/// Resolves, makes what is not there, and takes the lease; the digest.
pub(super) fn make(
    ctx: &Context,
    cache: &ImageCache,
    identity: &Identity,
    wanted: &Wanted,
    expected: Option<String>,
) -> Result<String, ProviderError> {
    let lock = LockFile::beside(ctx.data_dir());
    let key = wanted.key();
    let resolution = match lock.get(&key)? {
        Some(resolution) => resolution,
        None => lock.record(&key, resolve(ctx, cache, wanted)?)?,
    };
    let digest = resolution.digest(wanted.flavor());
    if expected.is_some_and(|expected| expected != digest) {
        return Err(ProviderError::new(ErrorKind::Conflict, "cplan.lock changed after the image was planned")
            .remedy("Plan again."));
    }
    cache.ensure(ctx, wanted.flavor(), &digest, |scratch| {
        let packages = PackageCache::new(cache.root());
        step(ctx, "fetching packages")?;
        packages.fetch(&resolution, &scratch.join("incoming"), || apt(ctx, cache, &scratch.join("apt"), wanted))?;
        let say = |text: &str| step(ctx, text);
        match wanted {
            Wanted::Micro { .. } => {
                let made = contents::assemble(&resolution, &packages, scratch, &say)?;
                for (name, data) in [(KERNEL, &made.kernel), (INITRD, &made.initrd)] {
                    let path = scratch.join(name);
                    std::fs::write(&path, data).map_err(|e| ImageError::io("write", &path, e))?;
                }
                say("making the disk")?;
                disk::make_disk(&scratch.join(DISK), scratch, None)?;
            }
            Wanted::Systemd { arch, .. } => {
                System { resolution: &resolution, packages: &packages, arch, scratch }.build(ctx, &say)?;
            }
        }
        Ok(serde_json::json!(resolution))
    })?;
    cache.lease(&digest, identity)?;
    Ok(digest)
}

/// Resolves packages with apt; nothing of the host changes but this cache.
fn resolve(ctx: &Context, cache: &ImageCache, wanted: &Wanted) -> Result<Resolution, ImageError> {
    step(ctx, "resolving packages")?;
    let scratch = cache.scratch("resolution")?;
    let mut apt = apt(ctx, cache, &scratch.0, wanted)?;
    match wanted {
        Wanted::Micro { packages } => Resolution::micro(&mut apt, packages),
        Wanted::Systemd { suite, arch, packages } => {
            let sources = sources::of(&apt.mirrors()?, suite.as_deref());
            Resolution::system(&mut apt, arch, packages, &sources)
        }
    }
}

/// The host's apt, or one that knows another release or architecture.
fn apt(ctx: &Context, cache: &ImageCache, work: &std::path::Path, wanted: &Wanted) -> Result<Apt, ImageError> {
    let apt = Apt::new(work, &cache.root().join("apt-lists"), ctx.progress.clone())?;
    let Wanted::Systemd { suite, arch, .. } = wanted else { return Ok(apt) };
    let mirrors = apt.mirrors()?;
    let foreign = suite.as_deref().is_some_and(|suite| Some(suite) != sources::release(&mirrors));
    if !foreign && arch == host_architecture() {
        return Ok(apt);
    }
    let suite = suite.as_deref();
    let name = suite.or_else(|| sources::release(&mirrors)).unwrap_or(sources::DEFAULT_RELEASE);
    let lists = cache.root().join(format!("apt-lists-{name}-{arch}"));
    apt.of_archive(&sources::of(&mirrors, suite), arch, &lists)
}
