//! Images of whole Debian systems: installed by mmdebstrap from package files that are in the cache already.

mod initramfs;
mod repository;

use std::path::{Path, PathBuf};
use std::process::Command;

use cplan_sdk::Context;

use super::boot::{DISK, INITRD, KERNEL, STATUS};
use super::{ImageError, PackageCache, Resolution, disk, process};
use crate::arch::Arch;
use crate::guest_system;

pub(super) use repository::write as write_repository;

/// What a build of a system needs to know.
pub(crate) struct System<'a> {
    /// Its packages.
    pub(crate) resolution: &'a Resolution,
    /// Where their files are.
    pub(crate) packages: &'a PackageCache,
    /// Which may be another one than the host's.
    pub(crate) arch: Arch,
    /// A folder for this build alone.
    pub(crate) scratch: &'a Path,
}

impl System<'_> {
    /// Makes kernel, initramfs and disk in the scratch folder.
    pub(crate) fn build(&self, ctx: &Context, say: &dyn Fn(&str) -> Result<(), ImageError>) -> Result<(), ImageError> {
        say("installing packages")?;
        let root = self.install(ctx)?;
        say("unpacking the kernel")?;
        let release = self.kernel_release()?;
        let (kernel, initrd) = initramfs::build(self, release)?;
        self.add_kernel(&root, release)?;
        guest_system::install(&root, &self.resolution.sources).map_err(|e| ImageError::io("write", &root, e))?;
        for (name, data) in [(KERNEL, kernel), (INITRD, initrd)] {
            let path = self.scratch.join(name);
            std::fs::write(&path, data).map_err(|e| ImageError::io("write", &path, e))?;
        }
        let (status, kept) = (root.join("var/lib/dpkg/status"), self.scratch.join(STATUS));
        std::fs::copy(&status, &kept).map_err(|e| ImageError::io("copy", &status, e))?;
        say("making the disk")?;
        disk::make_disk(&self.scratch.join(DISK), self.scratch, Some(&root))?;
        std::fs::remove_dir_all(&root).map_err(|e| ImageError::io("remove", &root, e))
    }

    /// The root with all packages installed and configured.
    fn install(&self, ctx: &Context) -> Result<PathBuf, ImageError> {
        let root = self.scratch.join("root");
        let repository = self.scratch.join("repository");
        repository::write(&repository, self.packages, &self.resolution.system)?;
        let names: Vec<_> = self.resolution.system.keys().map(String::as_str).collect();
        let mut command = Command::new("mmdebstrap");
        // The same packages make the same files whenever they are installed.
        command.env("SOURCE_DATE_EPOCH", "1700000000").env("LC_ALL", "C.UTF-8").current_dir(self.scratch);
        // Whether the host runs programs of the architecture was seen before; mmdebstrap would want a program for that.
        command.args(["--mode=root", "--variant=apt", "--format=directory", "--skip=check/empty,check/qemu"]);
        command.arg(format!("--architectures={}", self.arch.name())).arg(format!("--include={}", names.join(",")));
        command.arg("--aptopt=APT::Install-Recommends \"false\"");
        // A build that is cut off is thrown away as a whole.
        command.arg("--dpkgopt=force-unsafe-io");
        guest_system::dpkg_options().for_each(|option| _ = command.arg(format!("--dpkgopt={option}")));
        command.arg("").arg(&root).arg(format!("deb [trusted=yes] copy:{} ./", repository.display()));
        process::stream(ctx, &mut command, "mmdebstrap --variant=apt")?;
        std::fs::remove_dir_all(&repository).map_err(|e| ImageError::io("remove", &repository, e))?;
        Ok(root)
    }

    fn kernel_release(&self) -> Result<&str, ImageError> {
        let (name, _) = self.resolution.kernel.first_key_value().ok_or_else(|| ImageError::Incomplete {
            package: "kernel".to_owned(),
            what: "entry in cplan.lock".to_owned(),
        })?;
        Ok(name.strip_prefix("linux-image-").unwrap_or(name))
    }

    fn kernel_file(&self) -> Option<PathBuf> {
        self.resolution.kernel.values().next().map(|pinned| self.packages.path(&pinned.sha256))
    }

    /// The kernel comes from outside at every start: of its package, the system gets the modules and the configuration.
    fn add_kernel(&self, root: &Path, release: &str) -> Result<(), ImageError> {
        let Some(deb) = self.kernel_file() else { return Ok(()) };
        // Below `/usr` from Debian 13 on.
        let script = "dpkg-deb --fsys-tarfile \"$1\" | tar -x --keep-directory-symlink --no-same-owner -C \"$2\" \
            --wildcards '*lib/modules/*' './boot/config-*'";
        let mut unpack = Command::new("sh");
        unpack.args(["-euc", script, "sh"]).arg(&deb).arg(root);
        process::run(&mut unpack, "dpkg-deb --fsys-tarfile | tar -x lib/modules")?;
        let mut depmod = Command::new("chroot");
        depmod.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").arg(root).args(["depmod", "-a", release]);
        process::run(&mut depmod, "chroot root depmod -a").map(drop)
    }
}
