//! The seed as cloud-init's NoCloud data source reads it: a FAT volume with the label `CIDATA`.
//! <https://cloudinit.readthedocs.io/en/latest/reference/datasources/nocloud.html>

use std::io::{self, Cursor, Write};

use fatfs::{FileSystem, FormatVolumeOptions, FsOptions};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::Seed;

/// The size of the volume: that of a floppy disk.
const BYTES: usize = 1440 * 1024;

/// The volume's bytes. Beside cloud-init's files it has the archive, for guests without cloud-init.
pub(super) fn volume(seed: &Seed<'_>, archive: &[u8]) -> io::Result<Vec<u8>> {
    let (user, network) = (user_data(seed), network_config(seed));
    let mut disk = Cursor::new(vec![0; BYTES]);
    let options = FormatVolumeOptions::new().volume_label(*b"CIDATA     ").volume_id(0xC91A_0001);
    fatfs::format_volume(&mut disk, options)?;
    let volume = FileSystem::new(&mut disk, FsOptions::new())?;
    let root = volume.root_dir();
    for (name, data) in [
        ("meta-data", meta_data(seed, &[&user, &network]).as_bytes()),
        ("user-data", user.as_bytes()),
        ("network-config", network.as_bytes()),
        ("cplan.tar", archive),
    ] {
        root.create_file(name)?.write_all(data)?;
    }
    drop(root);
    volume.unmount()?;
    Ok(disk.into_inner())
}

/// JSON is YAML, so that nothing of a name or a key can be read as something else.
fn user_data(seed: &Seed<'_>) -> String {
    let name = &seed.machine.name;
    let client = seed.client_public.trim();
    let zone = seed.machine.timezone().map(|zone| ("timezone".to_owned(), json!(zone)));
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
            "ed25519_private": String::from_utf8_lossy(seed.host_key),
            "ed25519_public": seed.host_public.trim(),
        },
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
fn meta_data(seed: &Seed<'_>, contents: &[&str]) -> String {
    let mut hash = Sha256::new();
    contents.iter().for_each(|content| hash.update(content));
    let digest: String = hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("{:#}\n", json!({"instance-id": format!("{}-{digest}", seed.id), "local-hostname": seed.machine.name}))
}

/// Version 2 in what all of its readers know.
fn network_config(seed: &Seed<'_>) -> String {
    let told = seed.machine.told().into_iter().zip(seed.machine.macs(seed.id)).enumerate();
    let cards = told.map(|(i, (told, mac))| {
        let mut words = told.split(' ');
        let mut card = json!({
            "match": {"macaddress": mac},
            "set-name": format!("eth{i}"),
            "dhcp4": false,
            "addresses": [words.next().unwrap_or_default()],
        });
        if let (Some(gateway), Json::Object(card)) = (words.next(), &mut card) {
            card.insert("routes".into(), json!([{"to": "0.0.0.0/0", "via": gateway}]));
            card.insert("nameservers".into(), json!({"addresses": [gateway]}));
        }
        (format!("eth{i}"), card)
    });
    let cards: serde_json::Map<String, Json> = cards.collect();
    format!("{:#}\n", json!({"version": 2, "ethernets": cards}))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Read;

    use cplan_sdk::from_json;

    use super::*;
    use crate::machine::schema::schema;
    use crate::machine::values::Machine;
    use crate::naming::mac_address;

    fn files(bytes: Vec<u8>) -> (String, BTreeMap<String, Vec<u8>>) {
        let volume = FileSystem::new(Cursor::new(bytes), FsOptions::new()).unwrap();
        let mut files = BTreeMap::new();
        for entry in volume.root_dir().iter().map(Result::unwrap) {
            let mut data = Vec::new();
            entry.to_file().read_to_end(&mut data).unwrap();
            files.insert(entry.file_name(), data);
        }
        (volume.volume_label(), files)
    }

    fn machine(address: &str) -> Machine {
        let network = json!({"id": "n", "name": "m", "cidr": "10.70.0.0/24", "gateway": "10.70.0.1", "mode": "nat"});
        let values = json!({
            "name": "edge", "cpus": 1, "memory": "512MiB", "image": {"digest": "d", "disk": "b", "seed": "nocloud"},
            "management": {"network": network, "address": address}, "interface": [],
        });
        Machine::from_values(&from_json(&values, &schema().object_type()).unwrap()).unwrap()
    }

    fn read(machine: &Machine) -> BTreeMap<String, Vec<u8>> {
        let seed = Seed {
            id: "id",
            machine,
            host_key: b"-----KEY\n",
            host_public: "ssh-ed25519 H\n",
            client_public: "ssh-ed25519 C\n",
        };
        let bytes = seed.bytes().unwrap();
        assert_eq!(bytes, seed.bytes().unwrap(), "the same every time");
        let (label, files) = files(bytes);
        assert_eq!(label, "CIDATA");
        files
    }

    #[test]
    fn cloud_init_finds_its_files_and_no_password() {
        let files = read(&machine("10.70.0.11"));
        assert_eq!(files.keys().collect::<Vec<_>>(), ["cplan.tar", "meta-data", "network-config", "user-data"]);
        let user = String::from_utf8(files["user-data"].clone()).unwrap();
        let user: Json = serde_json::from_str(user.strip_prefix("#cloud-config\n").unwrap()).unwrap();
        assert_eq!(user["users"][0]["lock_passwd"], true);
        assert_eq!(user["users"][0]["ssh_authorized_keys"], json!(["ssh-ed25519 C"]));
        assert_eq!(user["ssh_keys"]["ed25519_private"], "-----KEY\n");
        assert_eq!(
            (&user["ssh_pwauth"], &user["chpasswd"], &user["password"]),
            (&json!(false), &Json::Null, &Json::Null)
        );
        let network: Json = serde_json::from_slice(&files["network-config"]).unwrap();
        let card = &network["ethernets"]["eth0"];
        assert_eq!(card["match"]["macaddress"], mac_address("id", 0));
        assert_eq!((&card["addresses"], &card["routes"][0]["via"]), (&json!(["10.70.0.11/24"]), &json!("10.70.0.1")));
    }

    #[test]
    fn another_content_is_another_instance() {
        let id = |address| {
            serde_json::from_slice::<Json>(&read(&machine(address))["meta-data"]).unwrap()["instance-id"].clone()
        };
        assert_ne!(id("10.70.0.11"), id("10.70.0.12"));
        assert_eq!(id("10.70.0.11"), id("10.70.0.11"));
    }
}
