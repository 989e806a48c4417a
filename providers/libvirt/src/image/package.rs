//! The content of a Debian package file.

use std::io::Read;
use std::path::Path;
use std::process::Command;

use tar::EntryType;

use super::{ImageError, process};
use crate::initramfs::{Content, Node, Tree};

/// The files of a package for which `keep` is true of the path (without a slash in front, `/usr` merged). Hard links
/// become files, owners root, devices are left out.
pub(crate) fn read_package(deb: &Path, keep: impl Fn(&str) -> bool) -> Result<Tree, ImageError> {
    let shown = format!("dpkg-deb --fsys-tarfile {}", deb.display());
    let bytes = process::run_bytes(Command::new("dpkg-deb").arg("--fsys-tarfile").arg(deb), &shown)?;
    read_tar(&bytes, keep).map_err(|e| ImageError::io("unpack", deb, e))
}

/// The script that runs when a package is installed; empty if it has none.
pub(crate) fn install_script(deb: &Path) -> Result<String, ImageError> {
    let shown = format!("dpkg-deb --ctrl-tarfile {}", deb.display());
    let bytes = process::run_bytes(Command::new("dpkg-deb").arg("--ctrl-tarfile").arg(deb), &shown)?;
    let tree = read_tar(&bytes, |path| path == "postinst").map_err(|e| ImageError::io("unpack", deb, e))?;
    Ok(tree.data("postinst").map(|data| String::from_utf8_lossy(data).into_owned()).unwrap_or_default())
}

fn read_tar(bytes: &[u8], keep: impl Fn(&str) -> bool) -> std::io::Result<Tree> {
    let mut tree = Tree::default();
    let mut archive = tar::Archive::new(bytes);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = Tree::normal(&entry.path()?.to_string_lossy());
        if path.is_empty() || path == "." || !keep(&path) {
            continue;
        }
        let target = entry.link_name()?.map(|t| t.to_string_lossy().into_owned()).unwrap_or_default();
        let content = match entry.header().entry_type() {
            EntryType::Directory => Content::Dir,
            EntryType::Symlink => Content::Link(target),
            EntryType::Link => match tree.data(&target) {
                Some(data) => Content::File(data.to_vec()),
                None => continue,
            },
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                let mut data = Vec::new();
                entry.read_to_end(&mut data)?;
                Content::File(data)
            }
            _ => continue,
        };
        // Set-user-id bits mean nothing where everybody is root.
        tree.insert(&path, Node { mode: entry.header().mode()? & 0o1777, owner: 0, content });
    }
    Ok(tree)
}
