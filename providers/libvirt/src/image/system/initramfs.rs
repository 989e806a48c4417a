//! The way from the kernel to the disk: smaller, and so faster under emulation, than what a distribution would make.

use super::super::{kernel, package};
use super::{ImageError, System};
use crate::guest_system::{self, BOOT_MODULES};
use crate::initramfs::{Content, Tree, add_modules, compress, is_module, pack};

/// The kernel and the packed initial RAM file system.
pub(super) fn build(system: &System<'_>, release: &str) -> Result<(Vec<u8>, Vec<u8>), ImageError> {
    let incomplete = |package: &str, what: &str| ImageError::Incomplete { package: package.into(), what: what.into() };
    let deb = system.kernel_file().ok_or_else(|| incomplete("kernel", "entry in cplan.lock"))?;
    let files = package::read_package(&deb, |path| path.starts_with("boot/vmlinuz") || is_module(path))?;
    let packed = files.data(&format!("boot/vmlinuz-{release}"));
    let packed = packed.ok_or_else(|| incomplete("kernel", "boot/vmlinuz"))?;

    let mut tree = Tree::merged_usr();
    guest_system::install_initramfs(&mut tree);
    add_modules(&mut tree, &files, release, &BOOT_MODULES, &[]);
    let busybox = system.resolution.programs.get("busybox-static");
    let busybox = busybox.ok_or_else(|| incomplete("busybox-static", "entry in cplan.lock"))?;
    let programs = package::read_package(&system.packages.path(&busybox.sha256), |path| path == "usr/bin/busybox")?;
    match programs.get("usr/bin/busybox") {
        Some(node) if matches!(node.content, Content::File(_)) => tree.insert("usr/bin/busybox", node.clone()),
        _ => return Err(incomplete("busybox-static", "usr/bin/busybox")),
    }
    Ok((kernel::plain_kernel(packed).unwrap_or_else(|| packed.to_vec()), compress(&pack(&tree))))
}
