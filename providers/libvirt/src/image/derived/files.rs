//! The files that a derived image gets.

use std::path::{Path, PathBuf};

use cplan_model::Value;

use super::super::cache::digest_of;
use super::super::resolution::Recipe;
use super::ImageError;

/// Where a file's content comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// From the configuration.
    Text(String),
    /// From a file of this host.
    Source(PathBuf),
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileSpec {
    /// Its absolute path in the image.
    pub(crate) path: String,
    pub(crate) content: Content,
    /// Permission bits.
    pub(crate) mode: Option<u32>,
    /// By name or number.
    pub(crate) owner: Option<String>,
    /// By name or number.
    pub(crate) group: Option<String>,
}

/// The files of the attribute, in the order of their paths; `None` while any part is unknown.
pub(super) fn specs(files: Option<&Value>) -> Option<Vec<FileSpec>> {
    let Some(files) = files.filter(|v| !v.is_null()) else { return Some(Vec::new()) };
    let spec = |path: &str, file: &Value| {
        // Null and absent are the same, unknown is not.
        let text = |name: &str| match file.get(name).filter(|v| !v.is_null()) {
            Some(value) => value.as_str().map(|text| Some(text.to_owned())),
            None => Some(None),
        };
        let content = match (text("content")?, text("source")?) {
            (_, Some(source)) => Content::Source(source.into()),
            (content, None) => Content::Text(content.unwrap_or_default()),
        };
        let mode = text("mode")?.and_then(|mode| u32::from_str_radix(&mode, 8).ok());
        Some(FileSpec { path: path.to_owned(), content, mode, owner: text("owner")?, group: text("group")? })
    };
    files.as_map()?.iter().map(|(path, file)| spec(path, file)).collect()
}

impl FileSpec {
    /// Everything of it, for the digest of the image.
    pub(super) fn add_to(&self, recipe: &mut Recipe) -> Result<(), ImageError> {
        recipe.add(format!("file {} {:o} {:?} {:?}", self.path, self.bits()?, self.owner, self.group));
        match &self.content {
            Content::Text(text) => recipe.add(text),
            Content::Source(source) => {
                recipe.add(digest_of(source).map_err(|e| ImageError::io("read", source, e))?.1);
            }
        }
        Ok(())
    }

    /// `0644`, unless it says otherwise or its source can be executed.
    fn bits(&self) -> Result<u32, ImageError> {
        use std::os::unix::fs::PermissionsExt;
        match (&self.mode, &self.content) {
            (Some(mode), _) => Ok(*mode),
            (None, Content::Text(_)) => Ok(0o644),
            (None, Content::Source(source)) => {
                let facts = std::fs::metadata(source).map_err(|e| ImageError::io("read", source, e))?;
                Ok(if facts.permissions().mode() & 0o111 == 0 { 0o644 } else { 0o755 })
            }
        }
    }
}

/// An archive of the files, to be unpacked over the root.
pub(super) fn archive(files: &[FileSpec]) -> Result<Vec<u8>, ImageError> {
    let mut builder = tar::Builder::new(Vec::new());
    for file in files {
        let failed = |e| ImageError::io("pack", Path::new(&file.path), e);
        let data = match &file.content {
            Content::Text(text) => text.clone().into_bytes(),
            Content::Source(source) => std::fs::read(source).map_err(|e| ImageError::io("read", source, e))?,
        };
        let mut header = tar::Header::new_gnu();
        header.set_mode(file.bits()?);
        header.set_mtime(1_700_000_000);
        header.set_size(data.len() as u64);
        let number = |name: &Option<String>| name.as_deref().and_then(|n| n.parse::<u64>().ok());
        header.set_uid(number(&file.owner).unwrap_or(0));
        header.set_gid(number(&file.group).unwrap_or(0));
        // A name wins over the number where the one who unpacks knows it.
        let name = |name: &Option<String>| name.clone().filter(|n| n.parse::<u64>().is_err());
        if let Some(owner) = name(&file.owner) {
            header.set_username(&owner).map_err(failed)?;
        }
        if let Some(group) = name(&file.group) {
            header.set_groupname(&group).map_err(failed)?;
        }
        builder.append_data(&mut header, file.path.trim_start_matches('/'), &data[..]).map_err(failed)?;
    }
    builder.into_inner().map_err(|e| ImageError::io("pack", Path::new("files"), e))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(file: &FileSpec) -> String {
        let mut recipe = Recipe::new("x");
        file.add_to(&mut recipe).unwrap();
        recipe.digest()
    }

    #[test]
    fn a_digest_follows_content_mode_and_owner() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("s");
        std::fs::write(&source, "one").unwrap();
        let content = Content::Source(source.clone());
        let file = FileSpec { path: "/etc/x".into(), content, mode: None, owner: None, group: None };
        let first = digest(&file);
        std::fs::write(&source, "two").unwrap();
        assert_ne!(digest(&file), first);
        std::fs::write(&source, "one").unwrap();
        assert_eq!(digest(&file), first);
        assert_ne!(digest(&FileSpec { mode: Some(0o600), ..file.clone() }), first);
        assert_ne!(digest(&FileSpec { owner: Some("daemon".into()), ..file.clone() }), first);
        std::fs::remove_file(&source).unwrap();
        assert!(file.add_to(&mut Recipe::new("x")).is_err());
    }

    #[test]
    fn an_archive_has_modes_and_owners() {
        let file = FileSpec {
            path: "/opt/a/run".into(),
            content: Content::Text("#!/bin/sh\n".into()),
            mode: Some(0o755),
            owner: Some("daemon".into()),
            group: Some("7".into()),
        };
        let bytes = archive(&[file]).unwrap();
        let mut archive = tar::Archive::new(&bytes[..]);
        let entry = archive.entries().unwrap().next().unwrap().unwrap();
        assert_eq!(entry.path().unwrap(), Path::new("opt/a/run"));
        let header = entry.header();
        assert_eq!((header.mode().unwrap(), header.gid().unwrap()), (0o755, 7));
        assert_eq!(header.username().unwrap(), Some("daemon"));
    }
}
