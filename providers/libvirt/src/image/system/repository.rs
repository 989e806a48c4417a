//! A package archive of files in the cache, so that what is installed is what was locked.

use std::path::Path;
use std::process::Command;

use super::super::resolution::Pins;
use super::{ImageError, PackageCache, process};

/// Writes `Packages` and links to the files of these packages into a folder, for a source `copy:FOLDER ./`.
pub(crate) fn write(folder: &Path, packages: &PackageCache, pins: &Pins) -> Result<(), ImageError> {
    std::fs::create_dir_all(folder).map_err(|e| ImageError::io("make", folder, e))?;
    let mut index = String::new();
    for pinned in pins.values() {
        let file = packages.path(&pinned.sha256);
        let name = format!("{}.deb", pinned.sha256);
        let shown = format!("dpkg-deb --field {}", file.display());
        let control = process::run(Command::new("dpkg-deb").arg("--field").arg(&file), &shown)?;
        let place = || -> std::io::Result<u64> {
            let link = folder.join(&name);
            let _ = std::fs::remove_file(&link);
            std::fs::hard_link(&file, &link).or_else(|_| std::os::unix::fs::symlink(&file, &link))?;
            Ok(std::fs::metadata(&file)?.len())
        };
        let bytes = place().map_err(|e| ImageError::io("link", &file, e))?;
        index.push_str(&entry(&control, &name, bytes, &pinned.sha256));
    }
    let path = folder.join("Packages");
    std::fs::write(&path, index).map_err(|e| ImageError::io("write", &path, e))
}

fn entry(control: &str, name: &str, bytes: u64, sha256: &str) -> String {
    format!("{}\nFilename: ./{name}\nSize: {bytes}\nSHA256: {sha256}\n\n", control.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_the_control_file_and_where_the_package_is() {
        let text = entry("Package: a\nDescription: b\n c\n", "ff.deb", 7, "ff");
        assert_eq!(text, "Package: a\nDescription: b\n c\nFilename: ./ff.deb\nSize: 7\nSHA256: ff\n\n");
    }
}
