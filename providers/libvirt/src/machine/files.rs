//! The files of a machine. Each appears whole under its name or not at all, so that a repetition goes on.

use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use cplan_model::Identity;
use cplan_sdk::ProviderError;
use tokio::process::Command;
use tokio::sync::Mutex;

use super::seed::Seed;
use super::values::{Machine, key_file};
use crate::settings::HostSettings;

/// The host key in OpenSSH form (`ssh-ed25519 AAAA…`), after everything else was made that was not there yet.
pub(super) async fn prepare(
    settings: &HostSettings,
    data_dir: &Path,
    identity: &Identity,
    machine: &Machine,
) -> Result<String, ProviderError> {
    let folder = settings.machine_dir(&identity.id);
    let failed = |what: &str, path: &Path| {
        let message = format!("{what} `{}` cannot be written", path.display());
        move |e: io::Error| ProviderError::failed(message).source(e)
    };
    // QEMU runs as another user, which has to get through to the files in here, but not to list them.
    create_dir(&settings.cache_dir, 0o755).map_err(failed("the folder", &settings.cache_dir))?;
    create_dir(&folder, 0o711).map_err(failed("the folder", &folder))?;
    let host_key = folder.join(HOST_KEY);
    let client_key = key_file(data_dir);
    let overlay = folder.join("overlay.qcow2");
    let base = folder.join(BASE);
    if !base.exists() {
        let name = format!("{}\n", machine.image.disk.display());
        write(&base, name.as_bytes(), 0o644).map_err(failed("the file", &base))?;
    }
    let (host, client, disk) = tokio::join!(
        key_pair(&host_key, &machine.name),
        client_key_pair(&client_key),
        overlay_disk(&overlay, &machine.image.disk, machine.disk_size()?)
    );
    let (host_public, client_public, ()) = (host?, client?, disk?);
    let private = tokio::fs::read(&host_key).await.map_err(failed("the key", &host_key))?;
    let path = folder.join("seed.img");
    let seed = Seed {
        id: &identity.id,
        machine,
        host_key: &private,
        host_public: &host_public,
        client_public: &client_public,
    };
    let bytes = seed.bytes().map_err(failed("the seed", &path))?;
    write(&path, &bytes, 0o600).map_err(failed("the seed", &path))?;
    let words: Vec<_> = host_public.split_whitespace().take(2).collect();
    Ok(words.join(" "))
}

/// In the folder of a machine, its host key.
const HOST_KEY: &str = "ssh_host_ed25519_key";

/// In the folder of a machine, the path of the disk that its own stands on: only QEMU's user can read that there while the
/// machine runs, and images must be kept for it by others, too.
pub(crate) const BASE: &str = "base";

/// Whether a machine has left files, which hold its disk.
pub(super) fn exist(settings: &HostSettings, id: &str) -> bool {
    settings.machine_dir(id).join("overlay.qcow2").exists()
}

/// Fails where the host key that is pinned for a machine is no longer here: another one would be no key of its.
pub(super) fn has_host_key(settings: &HostSettings, id: &str, name: &str) -> Result<(), ProviderError> {
    let path = settings.machine_dir(id).join(HOST_KEY);
    if path.exists() {
        return Ok(());
    }
    let message = format!("the host key of `{name}` is gone: there is no `{}`", path.display());
    Err(ProviderError::failed(message).remedy(format!(
        "Put it and its .pub back, as the machine has them in /etc/ssh/{HOST_KEY}, or replace the machine (`cplan apply \
         -replace=ADDRESS`)."
    )))
}

/// Removes all files of a machine; what is gone is fine.
pub(super) async fn remove(settings: &HostSettings, id: &str) -> Result<(), ProviderError> {
    let folder = settings.machine_dir(id);
    match tokio::fs::remove_dir_all(&folder).await {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            Err(ProviderError::failed(format!("the folder `{}` cannot be removed", folder.display())).source(e))
        }
        _ => Ok(()),
    }
}

fn create_dir(path: &Path, mode: u32) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o755).create(path.parent().unwrap_or(path))?;
    match std::fs::DirBuilder::new().mode(mode).create(path) {
        // Whatever the umask says.
        Ok(()) => std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(e),
    }
}

/// An empty log for the console of a machine that is about to start. virtlogd would make one that only root can read; to
/// one that is there it adds.
pub(super) fn clear_console(settings: &HostSettings, id: &str) -> Result<(), ProviderError> {
    let path = settings.machine_dir(id).join("console.log");
    let make = || {
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o644).open(&path)
    };
    let failed = |e| ProviderError::failed(format!("the file `{}` cannot be written", path.display())).source(e);
    make().map(|_| ()).map_err(failed)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let new = beside(path);
    let _ = std::fs::remove_file(&new);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
    io::Write::write_all(&mut file, bytes)?;
    std::fs::rename(new, path)
}

/// The lab's client key, made by whichever machine comes first.
async fn client_key_pair(path: &Path) -> Result<String, ProviderError> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
    let _guard = ONE_AT_A_TIME.lock().await;
    let folder = path.parent().unwrap_or(path);
    let message = || format!("the folder `{}` cannot be made", folder.display());
    create_dir(folder, 0o700).map_err(|e| ProviderError::failed(message()).source(e))?;
    key_pair(path, "cplan").await
}

/// The public key of the pair at `path`, which is made if it is not there.
async fn key_pair(path: &Path, comment: &str) -> Result<String, ProviderError> {
    let public = |path: &Path| path.with_extension("pub");
    if !path.exists() {
        let new = beside(path);
        for old in [&new, &public(&new)] {
            let _ = std::fs::remove_file(old);
        }
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f"]).arg(&new);
        run(command, "apt-get install openssh-client").await?;
        // `key.new` has its public half in `key.new.pub`. The private key comes last: with it the pair is complete.
        let mut made = new.clone().into_os_string();
        made.push(".pub");
        let moved = std::fs::rename(made, public(path)).and_then(|()| std::fs::rename(&new, path));
        moved
            .map_err(|e| ProviderError::failed(format!("the key `{}` cannot be written", path.display())).source(e))?;
    }
    let text = tokio::fs::read_to_string(public(path)).await;
    text.map_err(|e| ProviderError::failed(format!("the key `{}` cannot be read", public(path).display())).source(e))
}

/// A disk that begins as the image's and keeps what the machine writes.
async fn overlay_disk(path: &Path, base: &Path, size: Option<u64>) -> Result<(), ProviderError> {
    if path.exists() {
        return Ok(());
    }
    let new = beside(path);
    let mut command = Command::new("qemu-img");
    command.args(["create", "-q", "-f", "qcow2", "-F", format_of(base)?, "-b"]).arg(base).arg(&new);
    command.args(size.map(|bytes| bytes.to_string()));
    run(command, "apt-get install qemu-utils").await?;
    let moved = std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o600))
        .and_then(|()| std::fs::rename(&new, path));
    moved.map_err(|e| ProviderError::failed(format!("the disk `{}` cannot be written", path.display())).source(e))
}

/// Makes the disk of a machine that does not run as large as it should be.
pub(super) async fn grow(settings: &HostSettings, id: &str, size: Option<u64>) -> Result<(), ProviderError> {
    let path = settings.machine_dir(id).join("overlay.qcow2");
    let has = disk_size(&path);
    let Some(size) = size.filter(|size| has.is_none_or(|has| has < *size)) else { return Ok(()) };
    let mut command = Command::new("qemu-img");
    command.args(["resize", "-q", "-f", "qcow2"]).arg(&path).arg(size.to_string());
    run(command, "apt-get install qemu-utils").await
}

/// How large a disk file looks to a guest, in bytes: the size of a raw one, and what stands in the header of a qcow2 one.
pub(super) fn disk_size(path: &Path) -> Option<u64> {
    let mut header = [0; 32];
    let mut file = std::fs::File::open(path).ok()?;
    match io::Read::read_exact(&mut file, &mut header) {
        Ok(()) if header.starts_with(b"QFI\xfb") => Some(u64::from_be_bytes(header[24..32].try_into().ok()?)),
        _ => Some(file.metadata().ok()?.len()),
    }
}

/// A qcow2 file begins with `QFI\xfb` (docs/interop/qcow2.txt of QEMU); anything else is raw.
fn format_of(disk: &Path) -> Result<&'static str, ProviderError> {
    let mut magic = [0; 4];
    let read = std::fs::File::open(disk).and_then(|mut f| io::Read::read(&mut f, &mut magic));
    read.map_err(|e| ProviderError::failed(format!("the image's disk `{}` cannot be read", disk.display())).source(e))?;
    Ok(if &magic == b"QFI\xfb" { "qcow2" } else { "raw" })
}

async fn run(mut command: Command, install: &str) -> Result<(), ProviderError> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let output = command.stdin(std::process::Stdio::null()).output().await;
    let output = output.map_err(|e| {
        ProviderError::failed(format!("`{program}` cannot be run")).remedy(format!("Install it: {install}.")).source(e)
    })?;
    if output.status.success() {
        return Ok(());
    }
    Err(ProviderError::failed(format!("`{program}` failed")).details(String::from_utf8_lossy(&output.stderr).trim()))
}
