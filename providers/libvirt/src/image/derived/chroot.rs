//! A derived image of one that was built here: its disk is changed in place.

use std::path::Path;
use std::process::Command;

use cplan_sdk::Context;

use super::super::boot::{DISK, INITRD, KERNEL, STATUS};
use super::super::{disk, process, system};
use super::{Derived, ImageError, Resolution, files};
use crate::image::PackageCache;

const SCRIPT: &str = include_str!("chroot.sh");

/// What such a build needs to know.
pub(crate) struct Chroot<'a> {
    pub(crate) derived: &'a Derived,
    /// The packages that come in addition.
    pub(crate) resolution: &'a Resolution,
    pub(crate) packages: &'a PackageCache,
    /// The folder of the image below.
    pub(crate) base: &'a Path,
    /// A folder for this build alone.
    pub(crate) scratch: &'a Path,
}

impl Chroot<'_> {
    /// Makes kernel, initramfs, disk and the list of packages in the scratch folder.
    pub(crate) fn build(&self, ctx: &Context, say: &dyn Fn(&str) -> Result<(), ImageError>) -> Result<(), ImageError> {
        let at = |name: &str| self.scratch.join(name);
        say("copying the disk of the image below")?;
        let (base, raw) = (self.base.join(DISK), at("disk.raw"));
        let mut convert = Command::new("qemu-img");
        convert.args(["convert", "-f", "qcow2", "-O", "raw"]).arg(&base).arg(&raw);
        process::run(&mut convert, "qemu-img convert -O raw disk.qcow2 disk.raw")?;
        self.lay_out()?;

        say("changing the system in a chroot")?;
        let mut command = Command::new("unshare");
        command.args(["--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "sh", "-c", SCRIPT, "chroot"]);
        process::stream(ctx, command.arg(self.scratch), "unshare … chroot")?;

        say("making the disk")?;
        disk::to_qcow2(&raw, &at(DISK))?;
        for name in [KERNEL, INITRD] {
            let (from, to) = (self.base.join(name), at(name));
            std::fs::copy(&from, &to).map_err(|e| ImageError::io("copy", &from, e))?;
        }
        std::fs::rename(at("dpkg.status"), at(STATUS)).map_err(|e| ImageError::io("keep", &at(STATUS), e))
    }

    /// What the script finds in its folder.
    fn lay_out(&self) -> Result<(), ImageError> {
        let write = |name: &str, data: &[u8]| {
            let path = self.scratch.join(name);
            std::fs::write(&path, data).map_err(|e| ImageError::io("write", &path, e))
        };
        let make = |name: &str| {
            let path = self.scratch.join(name);
            std::fs::create_dir_all(&path).map_err(|e| ImageError::io("make", &path, e))
        };
        write("files.tar", &files::archive(&self.derived.files)?)?;
        make("run")?;
        for (i, command) in self.derived.run.iter().enumerate() {
            write(&format!("run/{i:03}"), command.as_bytes())?;
        }
        if self.resolution.system.is_empty() {
            return Ok(());
        }
        system::write_repository(&self.scratch.join("packages"), self.packages, &self.resolution.system)?;
        let line =
            |(name, pinned): (&String, &super::super::resolution::Pinned)| format!("{name}={}\n", pinned.version);
        write("packages/install", self.resolution.system.iter().map(line).collect::<String>().as_bytes())?;
        let implied = self.resolution.system.keys().filter(|name| !self.derived.packages.contains(name));
        write("packages/auto", implied.map(|name| format!("{name}\n")).collect::<String>().as_bytes())
    }
}
