//! A seed as cloud-init's NoCloud data source reads it: a FAT volume with the label `CIDATA`.
//! <https://cloudinit.readthedocs.io/en/latest/reference/datasources/nocloud.html>

use std::io::{self, Cursor, Write};

use fatfs::{FileSystem, FormatVolumeOptions, FsOptions};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

/// The size of the volume: that of a floppy disk.
const BYTES: usize = 1440 * 1024;

/// What a guest is told.
pub(crate) struct NoCloud<'a> {
    /// The machine, whichever content its seed has.
    pub(crate) id: &'a str,
    /// The host name.
    pub(crate) name: &'a str,
    /// The private host key in OpenSSH's form.
    pub(crate) host_key: &'a [u8],
    /// Its public half.
    pub(crate) host_public: &'a str,
    /// The key of who may log in as root.
    pub(crate) client_public: &'a str,
    /// `Europe/Amsterdam`; the image's own otherwise.
    pub(crate) timezone: Option<&'a str>,
    /// The network configuration in version 2.
    pub(crate) network: Json,
    /// The same for guests without cloud-init.
    pub(crate) archive: &'a [u8],
}

impl NoCloud<'_> {
    /// The volume's bytes.
    pub(crate) fn volume(&self) -> io::Result<Vec<u8>> {
        let (user, network) = (self.user_data(), format!("{:#}\n", self.network));
        let mut disk = Cursor::new(vec![0; BYTES]);
        let options = FormatVolumeOptions::new().volume_label(*b"CIDATA     ").volume_id(0xC91A_0001);
        fatfs::format_volume(&mut disk, options)?;
        let volume = FileSystem::new(&mut disk, FsOptions::new())?;
        let root = volume.root_dir();
        for (name, data) in [
            ("meta-data", self.meta_data(&[&user, &network]).as_bytes()),
            ("user-data", user.as_bytes()),
            ("network-config", network.as_bytes()),
            ("cplan.tar", self.archive),
        ] {
            root.create_file(name)?.write_all(data)?;
        }
        drop(root);
        volume.unmount()?;
        Ok(disk.into_inner())
    }

    /// JSON is YAML, so that nothing of a name or a key can be read as something else.
    fn user_data(&self) -> String {
        let name = self.name;
        let client = self.client_public.trim();
        let zone = self.timezone.map(|zone| ("timezone".to_owned(), json!(zone)));
        let mut config = json!({
            "hostname": name,
            "fqdn": name,
            "manage_etc_hosts": true,
            "disable_root": false,
            "ssh_pwauth": false,
            "users": [{"name": "root", "lock_passwd": true, "ssh_authorized_keys": [client]}],
            "ssh_deletekeys": true,
            "ssh_genkeytypes": [],
            "ssh_keys": {
                "ed25519_private": String::from_utf8_lossy(self.host_key),
                "ed25519_public": self.host_public.trim(),
            },
            // The image's own sources and locale stay: other ones cost time, and a derived image may have changed them.
            "apt": {"preserve_sources_list": true},
            "locale": false,
            // What only shows on the console, and costs time.
            "no_ssh_fingerprints": true,
            "ssh": {"emit_keys_to_console": false},
        });
        if let Json::Object(config) = &mut config {
            config.extend(zone);
        }
        format!("#cloud-config\n{config:#}\n")
    }

    /// Another instance for another content: cloud-init takes over a seed once per instance.
    fn meta_data(&self, contents: &[&str]) -> String {
        let mut hash = Sha256::new();
        contents.iter().for_each(|content| hash.update(content));
        let digest: String = hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        format!("{:#}\n", json!({"instance-id": format!("{}-{digest}", self.id), "local-hostname": self.name}))
    }
}
