//! The seed for guests with cloud-init, and for those that read the same volume without.

use std::io;

use serde_json::{Value as Json, json};

use super::Seed;
use crate::nocloud::NoCloud;

/// The bytes of the volume; `archive` is the seed for guests without cloud-init.
pub(super) fn volume(seed: &Seed<'_>, archive: &[u8]) -> io::Result<Vec<u8>> {
    let volume = NoCloud {
        id: seed.id,
        name: &seed.machine.name,
        host_key: seed.host_key,
        host_public: seed.host_public,
        client_public: seed.client_public,
        timezone: seed.machine.timezone(),
        network: network_config(seed),
        archive,
    };
    volume.volume()
}

/// Version 2 in what all of its readers know.
fn network_config(seed: &Seed<'_>) -> Json {
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
    json!({"version": 2, "ethernets": cards})
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::{Cursor, Read};

    use cplan_sdk::from_json;
    use fatfs::{FileSystem, FsOptions};

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
