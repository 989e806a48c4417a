//! Images that somebody else made, by path or from the web.

mod download;
mod facts;

use std::path::{Path, PathBuf};
use std::process::Command;

use cplan_sdk::Context;
use serde_json::json;

use super::boot::DISK;
use super::cache::digest_of;
use super::resolution::Recipe;
use super::{ImageCache, ImageError, process};

/// Raised when the same file makes something else.
const BUILDER: u32 = 1;

/// A disk image and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cloud {
    source: Source,
    /// In hex, lower case.
    sha256: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    Path(PathBuf),
    Url(String),
}

impl Cloud {
    /// `None` if the configuration names none.
    pub(super) fn of(path: Option<String>, url: Option<String>, sha256: Option<String>) -> Option<Self> {
        let source = path.map(|path| Source::Path(path.into())).or(url.map(Source::Url))?;
        Some(Cloud { source, sha256: sha256.map(|digits| digits.to_ascii_lowercase()) })
    }

    /// The file's digest: as it should be or, of a file of this host, as it is.
    fn content(&self, cache: &ImageCache) -> Result<String, ImageError> {
        match (&self.sha256, &self.source) {
            (Some(sha256), _) => Ok(sha256.clone()),
            (None, Source::Path(path)) => facts::digest(cache, path),
            (None, Source::Url(url)) => Err(ImageError::Incomplete { package: url.clone(), what: "sha256".into() }),
        }
    }

    /// The content address of the image.
    pub(super) fn digest(&self, cache: &ImageCache) -> Result<String, ImageError> {
        let mut recipe = Recipe::new(&format!("cplan cloud image {BUILDER}"));
        recipe.add(self.content(cache)?);
        Ok(recipe.digest())
    }

    /// Fetches the file, compares its digest, and makes the disk in the scratch folder; what it is made of.
    pub(super) fn build(
        &self,
        ctx: &Context,
        cache: &ImageCache,
        scratch: &Path,
        say: &dyn Fn(&str) -> Result<(), ImageError>,
    ) -> Result<serde_json::Value, ImageError> {
        let wanted = self.content(cache)?;
        let (file, named) = match &self.source {
            Source::Path(path) => {
                say(&format!("copying {}", path.display()))?;
                let copy = scratch.join("source");
                std::fs::copy(path, &copy).map_err(|e| ImageError::io("copy", path, e))?;
                let (_, found) = digest_of(&copy).map_err(|e| ImageError::io("read", &copy, e))?;
                if found != wanted {
                    return Err(ImageError::OtherContent { file: path.display().to_string(), wanted, found });
                }
                (copy, path.display().to_string())
            }
            Source::Url(url) => (download::fetch(ctx, cache, url, &wanted)?, url.clone()),
        };
        say("looking into the disk")?;
        let format = format_of(&file)?;
        refuse_references(&file, format)?;
        let disk = scratch.join(DISK);
        if format == "qcow2" {
            std::fs::rename(&file, &disk).map_err(|e| ImageError::io("move", &file, e))?;
        } else {
            say("making a qcow2 disk of it")?;
            let mut convert = Command::new("qemu-img");
            convert.args(["convert", "-f", format, "-O", "qcow2"]).arg(&file).arg(&disk);
            process::run(&mut convert, &format!("qemu-img convert -f {format} -O qcow2"))?;
            std::fs::remove_file(&file).map_err(|e| ImageError::io("remove", &file, e))?;
        }
        Ok(json!({"source": named, "sha256": wanted}))
    }
}

/// By the first bytes of a file: what QEMU would guess of a raw disk, its guest could have written there.
fn format_of(file: &Path) -> Result<&'static str, ImageError> {
    let mut magic = Vec::new();
    let read =
        std::fs::File::open(file).and_then(|f| std::io::Read::read_to_end(&mut std::io::Read::take(f, 8), &mut magic));
    read.map_err(|e| ImageError::io("read", file, e))?;
    let packed =
        |how: &str| Err(ImageError::NotADisk { file: file.to_owned(), what: format!("it is packed with {how}") });
    match &magic[..] {
        [b'Q', b'F', b'I', 0xfb, ..] => Ok("qcow2"),
        [b'K', b'D', b'M', b'V', ..] => Ok("vmdk"),
        [b'v', b'h', b'd', b'x', ..] => Ok("vhdx"),
        [0x1f, 0x8b, ..] => packed("gzip"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => packed("xz"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => packed("zstd"),
        [b'P', b'K', 3, 4, ..] => packed("zip"),
        [] => Err(ImageError::NotADisk { file: file.to_owned(), what: "it is empty".into() }),
        _ => Ok("raw"),
    }
}

/// A disk that stands on another file would show that file of the host to its guest.
fn refuse_references(file: &Path, format: &str) -> Result<(), ImageError> {
    if format == "raw" {
        return Ok(());
    }
    let mut info = Command::new("qemu-img");
    info.args(["info", "--output=json", "-f", format]).arg(file);
    let said = process::run(&mut info, &format!("qemu-img info -f {format}"))?;
    let facts: serde_json::Value = serde_json::from_str(&said).unwrap_or_default();
    let backing = facts.get("backing-filename").and_then(|v| v.as_str());
    let data = facts.pointer("/format-specific/data/data-file").and_then(|v| v.as_str());
    match backing.or(data) {
        Some(other) => {
            let what = format!("it stands on another file, `{other}`");
            Err(ImageError::NotADisk { file: file.to_owned(), what })
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_known_by_its_first_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f");
        for (bytes, format) in [(&b"QFI\xfb\0\0\0\x03"[..], "qcow2"), (b"KDMV", "vmdk"), (b"\xeb\x63\x90", "raw")] {
            std::fs::write(&file, bytes).unwrap();
            assert_eq!(format_of(&file).unwrap(), format);
        }
        for (bytes, what) in [(&b"\x1f\x8b\x08"[..], "gzip"), (b"", "empty"), (b"\xfd7zXZ\0", "xz")] {
            std::fs::write(&file, bytes).unwrap();
            assert!(format_of(&file).unwrap_err().to_string().contains(what));
        }
    }
}
