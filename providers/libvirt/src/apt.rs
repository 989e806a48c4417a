//! Debian packages through apt, without touching the host's own package state.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use cplan_sdk::Progress;

use crate::arch::Arch;
use crate::image::ImageError;

/// One package as apt's lists describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PackageFacts {
    /// `mosquitto`
    pub(crate) name: String,
    /// `2.0.11-1.2+deb12u2`, with its epoch if it has one.
    pub(crate) version: String,
    /// The package file's digest in hex.
    pub(crate) sha256: String,
    /// `libs`, `net`, …
    pub(crate) section: String,
    /// `required`, `important`, `standard`, `optional`
    pub(crate) priority: String,
    /// What it depends on, as written.
    pub(crate) depends: String,
}

/// apt with a package state of its own (nothing is installed), so that closures are whole whatever the host has.
pub(crate) struct Apt {
    /// Where apt keeps what it writes.
    work: PathBuf,
    /// Lists of our own, fetched when the host's do not know a package.
    lists: PathBuf,
    own_lists: bool,
    /// The architecture of an archive of our own, whose sources are in the work folder.
    archive: Option<Arch>,
    progress: Arc<dyn Progress>,
}

/// Where the host's own sources are Debian's: `deb URI SUITE COMPONENTS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mirror {
    /// Without a slash at its end.
    pub(crate) uri: String,
    /// `bookworm-security`
    pub(crate) codename: String,
    /// `main`
    pub(crate) component: String,
}

impl Apt {
    /// `work` is a scratch folder, `lists` a lasting one for package lists.
    pub(crate) fn new(work: &Path, lists: &Path, progress: Arc<dyn Progress>) -> Result<Self, ImageError> {
        let make = |path: &Path| std::fs::create_dir_all(path).map_err(|e| ImageError::io("make", path, e));
        make(&work.join("cache/archives/partial"))?;
        let status = work.join("status");
        std::fs::write(&status, "").map_err(|e| ImageError::io("write", &status, e))?;
        Ok(Apt { work: work.to_owned(), lists: lists.to_owned(), own_lists: false, archive: None, progress })
    }

    /// Asks these sources alone, for another architecture or release than the host's; `lists` is for them alone.
    pub(crate) fn of_archive(mut self, sources: &[String], arch: Arch, lists: &Path) -> Result<Self, ImageError> {
        let path = self.sources();
        let text: String = sources.iter().map(|line| format!("{}\n", signed(line))).collect();
        std::fs::write(&path, text).map_err(|e| ImageError::io("write", &path, e))?;
        self.lists = lists.to_owned();
        self.own_lists = true;
        self.archive = Some(arch);
        Ok(self)
    }

    /// Begins with what is installed already, as dpkg's `status` file has it.
    pub(crate) fn with_installed(&mut self, status: &str) -> Result<(), ImageError> {
        let path = self.work.join("status");
        std::fs::write(&path, status).map_err(|e| ImageError::io("write", &path, e))
    }

    fn sources(&self) -> PathBuf {
        self.work.join("sources.list")
    }

    /// Debian's archives among the sources.
    pub(crate) fn mirrors(&self) -> Result<Vec<Mirror>, ImageError> {
        let format = "$(ORIGIN)|$(REPO_URI)|$(CODENAME)|$(COMPONENT)";
        let arguments = ["indextargets", "--format", format, "Created-By: Packages"].map(str::to_owned);
        Ok(parse_targets(&self.run("apt-get", &arguments, &self.work)?))
    }

    /// The package lists are fetched anew, into a folder of our own.
    pub(crate) fn update(&mut self) -> Result<(), ImageError> {
        let partial = self.lists.join("partial");
        std::fs::create_dir_all(&partial).map_err(|e| ImageError::io("make", &partial, e))?;
        self.own_lists = true;
        self.progress.status("fetching Debian's package lists");
        self.run("apt-get", &["update".to_owned()], &self.work).map(drop)
    }

    /// Everything that installing the packages on an empty system would install, as (name, version).
    pub(crate) fn closure(&self, packages: &[String]) -> Result<Vec<(String, String)>, ImageError> {
        let mut arguments: Vec<String> =
            ["-qq", "--yes", "--no-install-recommends", "--print-uris", "install"].map(str::to_owned).into();
        arguments.extend(packages.iter().cloned());
        Ok(parse_uris(&self.run("apt-get", &arguments, &self.work)?))
    }

    /// The facts of packages, each as `name` or `name=version`; only the candidate of a bare name.
    pub(crate) fn show(&self, packages: &[String]) -> Result<Vec<PackageFacts>, ImageError> {
        let mut arguments: Vec<String> = ["show", "--no-all-versions"].map(str::to_owned).into();
        arguments.extend(packages.iter().cloned());
        Ok(parse_show(&self.run("apt-cache", &arguments, &self.work)?))
    }

    /// Downloads package files, each `name=version`, into an empty folder.
    pub(crate) fn download(&self, packages: &[String], into: &Path) -> Result<(), ImageError> {
        let mut arguments: Vec<String> = ["-qq", "download"].map(str::to_owned).into();
        arguments.extend(packages.iter().cloned());
        self.run("apt-get", &arguments, into).map(drop)
    }

    fn run(&self, program: &str, arguments: &[String], directory: &Path) -> Result<String, ImageError> {
        let option = |name: &str, path: &Path| format!("{name}={}", path.display());
        let mut options = vec![
            option("Dir::State::status", &self.work.join("status")),
            option("Dir::Cache", &self.work.join("cache")),
            "Debug::NoLocking=1".to_owned(),
            "APT::Sandbox::User=root".to_owned(),
            "APT::Get::AllowUnauthenticated=false".to_owned(),
            "Acquire::Retries=3".to_owned(),
        ];
        if self.own_lists {
            options.push(option("Dir::State::Lists", &self.lists));
        }
        if let Some(arch) = &self.archive {
            options.push(option("Dir::Etc::SourceList", &self.sources()));
            options.push("Dir::Etc::SourceParts=/dev/null".to_owned());
            options.push(format!("APT::Architecture={}", arch.name()));
            options.push(format!("APT::Architectures={}", arch.name()));
        }
        let mut command = Command::new(program);
        command.current_dir(directory).env("LC_ALL", "C.UTF-8").env("DEBIAN_FRONTEND", "noninteractive");
        for option in options {
            command.args(["-o", &option]);
        }
        let shown = format!("{program} {}", arguments.join(" "));
        self.progress.log(&format!("$ {shown}\n"));
        crate::image::run(command.args(arguments), &shown)
    }
}

/// A source that is trusted for Debian's keys alone, wherever they are installed.
fn signed(line: &str) -> String {
    const KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
    match line.strip_prefix("deb ") {
        Some(rest) if Path::new(KEYS).exists() => format!("deb [signed-by={KEYS}] {rest}"),
        _ => line.to_owned(),
    }
}

/// The lines of `indextargets`, in the format of [`Apt::mirrors`].
fn parse_targets(text: &str) -> Vec<Mirror> {
    let mut mirrors = Vec::new();
    for line in text.lines() {
        if let [origin, uri, codename, component] = line.split('|').collect::<Vec<_>>()[..]
            && origin.trim() == "Debian"
        {
            let mirror = Mirror {
                uri: uri.trim_end_matches('/').to_owned(),
                codename: codename.to_owned(),
                component: component.to_owned(),
            };
            if !mirrors.contains(&mirror) {
                mirrors.push(mirror);
            }
        }
    }
    mirrors
}

/// The lines of `--print-uris`: `'URI' name_version_arch.deb size hash`.
fn parse_uris(text: &str) -> Vec<(String, String)> {
    text.lines()
        .filter(|line| line.starts_with('\''))
        .filter_map(|line| {
            let mut parts = line.split_whitespace().nth(1)?.split('_');
            let (name, version) = (parts.next()?, parts.next()?);
            Some((name.to_owned(), version.replace("%3a", ":").replace("%2b", "+").replace("%7e", "~")))
        })
        .collect()
}

/// The stanzas of `apt-cache show`; where one package stands twice (several archives), the first counts.
fn parse_show(text: &str) -> Vec<PackageFacts> {
    let mut packages: Vec<PackageFacts> = Vec::new();
    for stanza in text.split("\n\n") {
        let field = |name: &str| {
            let of = |line: &str| Some(line.strip_prefix(name)?.strip_prefix(": ")?.trim().to_owned());
            stanza.lines().find_map(of).unwrap_or_default()
        };
        let facts = PackageFacts {
            name: field("Package"),
            version: field("Version"),
            sha256: field("SHA256"),
            section: field("Section"),
            priority: field("Priority"),
            depends: field("Depends"),
        };
        let known = packages.iter().any(|p| p.name == facts.name && p.version == facts.version);
        if !known && !facts.name.is_empty() && !facts.sha256.is_empty() {
            packages.push(facts);
        }
    }
    packages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_apt_prints() {
        let uris = "NOTE: x\n'http://d/zlib1g_1%3a1.2.13_amd64.deb' zlib1g_1%3a1.2.13.dfsg-1_amd64.deb 86684 MD5Sum:ec\n\
            'http://s/m.deb' mosquitto_2.0.11-1.2+deb12u2_amd64.deb 409696 \n";
        let expected = [("zlib1g", "1:1.2.13.dfsg-1"), ("mosquitto", "2.0.11-1.2+deb12u2")];
        assert_eq!(parse_uris(uris), expected.map(|(a, b)| (a.to_owned(), b.to_owned())));

        let show = "Package: a\nVersion: 1\nPriority: optional\nSection: libs\nDepends: b (>= 2), c\nSHA256: 00ff\n\n\
            Package: a\nVersion: 1\nSection: libs\nSHA256: 00ff\n\nPackage: b\nVersion: 2\nSHA256: 11\n";
        let facts = parse_show(show);
        assert_eq!(facts.len(), 2);
        assert_eq!((facts[0].section.as_str(), facts[0].depends.as_str()), ("libs", "b (>= 2), c"));
    }
}
