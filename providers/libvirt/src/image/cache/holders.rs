//! Who needs an image: labs by their leases, and machines whose disks stand on its disk.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use cplan_model::Identity;
use serde::{Deserialize, Serialize};

use super::ImageCache;

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
        let machines = files(&self.root.join("machines")).into_iter().filter(|folder| {
            let below = backing(&folder.join("overlay.qcow2"));
            below.is_some_and(|disk| disk.starts_with(self.dir(digest)))
        });
        holders.extend(machines.map(|folder| {
            let name = format!("machine {}", folder.file_name().unwrap_or_default().to_string_lossy());
            Holder { name, lab: String::new(), folder: None, gone: false, file: None }
        }));
        holders
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

/// The file that a qcow2 disk stands on (docs/interop/qcow2.txt of QEMU: offset and length at 8 and 16).
fn backing(disk: &Path) -> Option<PathBuf> {
    let mut file = std::fs::File::open(disk).ok()?;
    let mut header = [0; 20];
    file.read_exact(&mut header).ok()?;
    let offset = u64::from_be_bytes(header[8..16].try_into().ok()?);
    let length = u32::from_be_bytes(header[16..20].try_into().ok()?);
    if &header[..4] != b"QFI\xfb" || offset == 0 || length > 1023 {
        return None;
    }
    let mut name = vec![0; length as usize];
    file.seek(SeekFrom::Start(offset)).ok()?;
    file.read_exact(&mut name).ok()?;
    Some(PathBuf::from(String::from_utf8(name).ok()?))
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
}
