//! The guest binary: what it is, and how it gets onto a machine.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use cplan_sdk::{Access, Context, ProviderError, Shell, quote};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// The static `cplan-guest`, shared by everything that pushes it; read once, when first needed.
#[derive(Debug)]
pub struct GuestBinary {
    path: PathBuf,
    folder: String,
    content: OnceLock<Content>,
}

#[derive(Debug)]
struct Content {
    digest: String,
    zipped: Vec<u8>,
}

impl GuestBinary {
    /// The binary at a path on this host; on machines it stands in `/var/lib/cplan`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        GuestBinary { path: path.into(), folder: "/var/lib/cplan".into(), content: OnceLock::new() }
    }

    /// The same, in another folder of the machines.
    #[must_use]
    pub fn in_folder(mut self, folder: impl Into<String>) -> Self {
        self.folder = folder.into();
        self
    }

    /// Where it is on this host.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The architecture it is for, by Debian's name; that of this host where it cannot be told, since it is built here.
    pub fn arch(&self) -> &'static str {
        let mut head = [0; 20];
        let read = std::fs::File::open(&self.path).and_then(|mut file| file.read_exact(&mut head));
        // The ELF header's `e_machine`.
        match (read, u16::from_le_bytes([head[18], head[19]])) {
            (Ok(()), 183) => "arm64",
            (Ok(()), 62) => "amd64",
            _ if cfg!(target_arch = "aarch64") => "arm64",
            _ => "amd64",
        }
    }

    /// Its sha256 in hex.
    pub fn digest(&self) -> Result<&str, ProviderError> {
        Ok(&self.content()?.digest)
    }

    /// Where it is on a machine: named by its digest, so that a newer one stands beside an older.
    pub fn remote_path(&self) -> Result<String, ProviderError> {
        Ok(format!("{}/guest-{}", self.folder, self.digest()?))
    }

    /// Makes sure that a machine has it: one round trip where it is there, a second one that streams it otherwise. It
    /// appears whole or not at all.
    pub async fn push(&self, ctx: &Context, shell: &Arc<dyn Shell>, access: &Access) -> Result<(), ProviderError> {
        let path = quote(&self.remote_path()?);
        let there = shell.run(ctx, access, &format!("test -x {path}"), &[]).await?;
        if there.status == 0 {
            return Ok(());
        }
        let content = self.content()?;
        ctx.progress.status(&format!("pushing the load generator to `{}`", access.name));
        let script = format!(
            "set -e; umask 022; mkdir -p {folder}; t={path}.$$; trap 'rm -f \"$t\"' EXIT\n\
             gunzip -c >\"$t\"\n\
             if [ \"$(sha256sum <\"$t\")\" != '{digest}  -' ]; then echo 'it arrived damaged' >&2; exit 1; fi\n\
             chmod 0755 \"$t\"; mv -f \"$t\" {path}\n",
            folder = quote(&self.folder),
            digest = content.digest,
        );
        let pushed = shell.run(ctx, access, &script, &content.zipped).await?;
        if pushed.status == 0 {
            return Ok(());
        }
        Err(ProviderError::failed(format!("the load generator cannot be put onto machine `{}`", access.name))
            .remedy(format!("See that {} of the machine is writable and has a few MiB free.", self.folder))
            .details(String::from_utf8_lossy(&pushed.stderr).into_owned()))
    }

    fn content(&self) -> Result<&Content, ProviderError> {
        if let Some(content) = self.content.get() {
            return Ok(content);
        }
        let failed = |e: std::io::Error| {
            ProviderError::failed(format!("the load generator {} cannot be read", self.path.display()))
                .remedy("Build the static `cplan-guest`, or name another with CPLAN_GUEST.")
                .source(e)
        };
        let bytes = std::fs::read(&self.path).map_err(failed)?;
        let digest = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&bytes).map_err(failed)?;
        let zipped = encoder.finish().map_err(failed)?;
        Ok(self.content.get_or_init(|| Content { digest, zipped }))
    }
}
