//! Who needs an image: labs by their leases, and machines whose disks stand on its disk.

use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use cplan_model::Identity;
use serde::{Deserialize, Serialize};

use super::ImageCache;
use crate::machine::BASE;

/// Who holds an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The object's name in its lab; `machine ID` of a machine.
    pub name: String,
    /// The lab's id; empty of a machine.
    pub lab: String,
    /// The topology's folder, where it is known.
    pub folder: Option<PathBuf>,
    /// The topology's folder is no longer there, and with it the state that would give the lease back.
    pub gone: bool,
    pub(super) file: Option<PathBuf>,
}

/// What a lease says; its file has the object's id as its name.
#[derive(Serialize, Deserialize)]
struct Note {
    lab: String,
    name: String,
    folder: PathBuf,
}

/// The content of a lease.
pub(super) fn note(identity: &Identity, data_dir: &Path) -> String {
    let folder = data_dir.parent().unwrap_or(data_dir).to_owned();
    let note = Note { lab: identity.lab.clone(), name: identity.name.clone(), folder };
    serde_json::to_string(&note).unwrap_or_default() + "\n"
}

impl ImageCache {
    /// Everybody who holds an image.
    pub(super) fn holders(&self, digest: &str) -> Vec<Holder> {
        let mut holders: Vec<_> = files(&self.leases(digest)).into_iter().map(|file| of_lease(&file)).collect();
        holders.sort_by(|a, b| (&a.folder, &a.name).cmp(&(&b.folder, &b.name)));
        let machines = files(&self.root.join("machines")).into_iter().filter(|folder| stands_on(folder, digest));
        holders.extend(machines.map(|folder| {
            let name = format!("machine {}", folder.file_name().unwrap_or_default().to_string_lossy());
            Holder { name, lab: String::new(), folder: None, gone: false, file: None }
        }));
        holders
    }
}

/// Whether the disk of the machine with this folder stands on an image's. The folder of an image has its digest as its name,
/// wherever the cache is said to be.
fn stands_on(folder: &Path, digest: &str) -> bool {
    let of_image = |disk: PathBuf| disk.parent().and_then(Path::file_name).is_some_and(|name| name == digest);
    match backing(&folder.join("overlay.qcow2")) {
        Ok(below) => below.is_some_and(of_image),
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        // That of a running machine belongs to QEMU's user. What cannot be told counts: nobody's disk may go.
        Err(_) => std::fs::read_to_string(folder.join(BASE)).map_or(true, |base| of_image(base.trim_end().into())),
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    files.sort();
    files
}

fn of_lease(file: &Path) -> Holder {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    match serde_json::from_str::<Note>(&text) {
        Ok(Note { lab, name, folder }) => {
            let gone = !folder.join(".cplan").exists();
            Holder { name, lab, gone, folder: Some(folder), file: Some(file.to_owned()) }
        }
        // `LAB/NAME (ID)`, as it was written first.
        Err(_) => {
            let (lab, rest) = text.split_once('/').unwrap_or(("", text.trim()));
            let name = rest.split(' ').next().unwrap_or_default().to_owned();
            Holder { name, lab: lab.to_owned(), folder: None, gone: false, file: Some(file.to_owned()) }
        }
    }
}

/// The file that a qcow2 disk stands on (docs/interop/qcow2.txt of QEMU: offset and length at 8 and 16), if it does.
fn backing(disk: &Path) -> std::io::Result<Option<PathBuf>> {
    let mut file = std::fs::File::open(disk)?;
    let mut header = Vec::new();
    file.by_ref().take(20).read_to_end(&mut header)?;
    let (Some(offset), Some(length)) = (header.get(8..16), header.get(16..20)) else { return Ok(None) };
    let offset = offset.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    let length = length.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    if !header.starts_with(b"QFI\xfb") || offset == 0 || length > 1023 {
        return Ok(None);
    }
    let mut name = Vec::new();
    file.seek(SeekFrom::Start(offset))?;
    file.take(length).read_to_end(&mut name)?;
    Ok(String::from_utf8(name).ok().map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labs_and_machines_hold() {
        let folder = tempfile::tempdir().unwrap();
        let cache = ImageCache::new(folder.path().to_owned());
        let identity = |id: &str| Identity { id: id.into(), lab: "1234abcd".into(), name: "base".into() };
        let here = folder.path().join("lab/.cplan");
        std::fs::create_dir_all(&here).unwrap();
        cache.lease("d1", &identity("a"), &here).unwrap();
        cache.lease("d1", &identity("b"), Path::new("/no/such/lab/.cplan")).unwrap();
        std::fs::write(cache.leases("d1").join("c"), "00ff/old (c)\n").unwrap();
        let machine = folder.path().join("machines/m1");
        std::fs::create_dir_all(&machine).unwrap();
        let below = cache.dir("d1").join("disk.qcow2").display().to_string();
        let mut disk = b"QFI\xfb\0\0\0\x03".to_vec();
        disk.extend(32u64.to_be_bytes());
        disk.extend(u32::try_from(below.len()).unwrap().to_be_bytes());
        disk.resize(32, 0);
        disk.extend(below.bytes());
        std::fs::write(machine.join("overlay.qcow2"), disk).unwrap();
        let found: Vec<_> = cache.holders("d1").into_iter().map(|h| (h.name, h.lab, h.gone)).collect();
        let expected = [
            ("old", "00ff", false),
            ("base", "1234abcd", false),
            ("base", "1234abcd", true),
            ("machine m1", "", false),
        ];
        let mut expected: Vec<_> = expected.map(|(n, l, g)| (n.to_owned(), l.to_owned(), g)).into();
        // Folders in the order of their names: a temporary one may come before or after.
        if found[1].2 {
            expected.swap(1, 2);
        }
        assert_eq!(found, expected);
        assert_eq!(cache.holders("d2"), []);
    }

    #[test]
    fn a_disk_that_only_qemu_may_read_holds_what_it_stands_on() {
        let folder = tempfile::tempdir().unwrap();
        let cache = ImageCache::new(folder.path().join("a/../a"));
        let machine = folder.path().join("a/machines/m1");
        // Nobody can read a folder as a file, root included.
        std::fs::create_dir_all(machine.join("overlay.qcow2")).unwrap();
        let held = |digest: &str| cache.holders(digest).len() == 1;
        assert!(held("d1") && held("d2"), "what cannot be told counts");
        std::fs::write(machine.join(BASE), "/elsewhere/images/d1/disk.qcow2\n").unwrap();
        assert!(held("d1") && !held("d2"));
    }
}
