//! Packages that tests make up.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::folder::finish;

/// A folder of packages, as `file:/repository` on every machine.
#[derive(Debug)]
pub struct Repository(TempDir);

impl Repository {
    /// Where it is on this host.
    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// An empty one.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn new() -> Self {
        let repository = Repository(tempfile::tempdir().unwrap_or_else(|e| panic!("{e}")));
        repository.index();
        repository
    }

    /// Adds a package: `control` are more lines such as `Depends: b`, `files` what is in it, by absolute path.
    ///
    /// # Panics
    /// When it cannot be built.
    pub fn add(&self, name: &str, version: &str, control: &str, files: &[(&str, &str)]) {
        let build = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        let write = |path: &str, text: &str| {
            let path = build.path().join(path.trim_start_matches('/'));
            let parent = path.parent().map_or(Ok(()), fs::create_dir_all);
            parent.and_then(|()| fs::write(&path, text)).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            if text.starts_with("#!") {
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap_or_else(|e| panic!("{e}"));
            }
        };
        let text = format!(
            "Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: Test <t@example.org>\n{control}Description: test\n"
        );
        write("DEBIAN/control", &text);
        files.iter().for_each(|(path, text)| write(path, text));
        let mut command = Command::new("dpkg-deb");
        command.args(["-Znone", "--root-owner-group", "--build"]).arg(build.path());
        command.arg(self.0.path().join(format!("{name}_{version}_all.deb")));
        finish(command).expect(0);
    }

    /// Takes a package out, and writes the index.
    ///
    /// # Panics
    /// When it is not there.
    pub fn remove(&self, name: &str, version: &str) {
        let file = self.0.path().join(format!("{name}_{version}_all.deb"));
        fs::remove_file(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        self.index();
    }

    /// Writes the index, after packages were added.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn index(&self) {
        let mut command = Command::new("dpkg-scanpackages");
        command.args(["-m", "."]).current_dir(self.0.path());
        let index = finish(command).expect(0).stdout;
        fs::write(self.0.path().join("Packages"), index).unwrap_or_else(|e| panic!("{e}"));
    }
}

impl Default for Repository {
    fn default() -> Self {
        Self::new()
    }
}
