//! Images made of other images: with more packages, files, and whatever commands do.

mod chroot;
mod files;
mod machine;

use cplan_model::Value;
use serde_json::json;

use super::resolution::Recipe;
use super::{Flavor, ImageError, Resolution};
use crate::arch::Arch;

pub(super) use chroot::Chroot;
pub(super) use files::FileSpec;
pub(super) use machine::Throwaway;

/// Raised when the same inputs make something else.
const BUILDER: u32 = 1;

/// What is to be made of which image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Derived {
    /// The digest of the image that it begins with.
    pub(super) base: String,
    /// How that boots, and so this.
    pub(super) flavor: Flavor,
    pub(super) arch: Arch,
    /// Whether its disk is started by UEFI.
    pub(super) uefi: bool,
    pub(super) packages: Vec<String>,
    pub(super) files: Vec<FileSpec>,
    pub(super) run: Vec<String>,
}

impl Derived {
    /// What the values say; `None` while any part is unknown.
    pub(super) fn of(values: &Value, packages: Vec<String>) -> Option<Self> {
        let base = values.get("from")?;
        let text = |name: &str| base.get(name).and_then(Value::as_str);
        let run = match values.get("run").filter(|v| !v.is_null()) {
            Some(list) => list.as_slice()?.iter().map(|s| s.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()?,
            None => Vec::new(),
        };
        Some(Derived {
            base: text("digest")?.to_owned(),
            flavor: text("flavor").and_then(Flavor::of)?,
            arch: text("arch").and_then(Arch::of)?,
            uefi: text("firmware") == Some(super::wanted::UEFI),
            packages,
            files: files::specs(values.get("files"))?,
            run,
        })
    }

    /// The content address: over the image below, every added package, every file's content and every command.
    pub(super) fn digest(&self, resolution: &Resolution) -> Result<String, ImageError> {
        let mut recipe = Recipe::new(&format!("cplan derived image {BUILDER} {}", self.flavor.name()));
        recipe.add(&self.base);
        for (name, pinned) in &resolution.system {
            recipe.add(format!("package {name}={}={}", pinned.version, pinned.sha256));
        }
        // Of a machine that installs by itself, only the names are known.
        if resolution.system.is_empty() {
            self.packages.iter().for_each(|name| recipe.add(format!("package {name}")));
        }
        for file in &self.files {
            file.add_to(&mut recipe)?;
        }
        for command in &self.run {
            recipe.add("run");
            recipe.add(command);
        }
        Ok(recipe.digest())
    }

    /// What it is made of, for its manifest.
    pub(super) fn made_of(&self, resolution: &Resolution) -> serde_json::Value {
        let files: Vec<_> = self.files.iter().map(|file| &file.path).collect();
        json!({"from": self.base, "packages": resolution, "files": files, "run": self.run.len()})
    }
}
