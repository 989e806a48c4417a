//! The seed: what a guest is told of itself, at every start.

mod nocloud;

use std::io;

use super::timezone;
use super::values::Machine;

/// What goes into a seed.
pub(super) struct Seed<'a> {
    /// The machine's [`cplan_model::Identity::id`].
    pub(super) id: &'a str,
    pub(super) machine: &'a Machine,
    /// The private host key in OpenSSH's form.
    pub(super) host_key: &'a [u8],
    /// Its public half.
    pub(super) host_public: &'a str,
    /// The key of who may log in.
    pub(super) client_public: &'a str,
}

impl Seed<'_> {
    /// The bytes of the seed's disk, in the form that the image reads.
    pub(super) fn bytes(&self) -> io::Result<Vec<u8>> {
        let archive = self.archive()?;
        if self.machine.image.is_nocloud() { nocloud::volume(self, &archive) } else { Ok(archive) }
    }

    /// A plain tar that the guest unpacks over its root: host name, host key, the client's public key, and the addresses
    /// of the interfaces by MAC.
    fn archive(&self) -> io::Result<Vec<u8>> {
        let mut builder = tar::Builder::new(Vec::new());
        append(&mut builder, "etc/hostname", 0o644, format!("{}\n", self.machine.name).as_bytes())?;
        append(&mut builder, "etc/ssh/ssh_host_ed25519_key", 0o600, self.host_key)?;
        append(&mut builder, "root/.ssh/authorized_keys", 0o600, self.client_public.as_bytes())?;
        append(&mut builder, "etc/cplan/interfaces", 0o644, interfaces(self.id, self.machine).as_bytes())?;
        if let Some((zone, rules)) = self.machine.timezone().and_then(|zone| Some((zone, timezone::rules(zone)?))) {
            append(&mut builder, "etc/timezone", 0o644, format!("{zone}\n").as_bytes())?;
            append(&mut builder, "etc/localtime", 0o644, &rules)?;
        }
        // The end of the archive makes its size a multiple of the disk's 512-byte sectors.
        builder.into_inner()
    }
}

fn append(builder: &mut tar::Builder<Vec<u8>>, path: &str, mode: u32, data: &[u8]) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(data.len() as u64);
    builder.append_data(&mut header, path, data)
}

/// Lines `MAC ADDRESS/PREFIX [GATEWAY]`.
fn interfaces(id: &str, machine: &Machine) -> String {
    machine.macs(id).iter().zip(machine.told()).map(|(mac, told)| format!("{mac} {told}\n")).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use cplan_sdk::from_json;

    use super::*;
    use crate::machine::schema::schema;
    use crate::naming::mac_address;

    #[test]
    fn holds_what_the_guest_needs() {
        let network = |name, cidr, gateway, mode| serde_json::json!({"id": "n", "name": name, "cidr": cidr, "gateway": gateway, "mode": mode});
        let json = serde_json::json!({
            "name": "edge", "cpus": 1, "timezone": "Etc/UTC", "memory": "256MiB",
            "image": {"digest": "d", "flavor": "micro", "kernel": "k", "initrd": "i", "disk": "b", "cmdline": "c"},
            "management": {"network": network("m", "10.70.0.0/24", "10.70.0.1", "nat"), "address": "10.70.0.11"},
            "interface": [{"network": network("l", "10.71.0.0/16", "10.71.0.1", "isolated"), "address": "10.71.0.11"}],
        });
        let machine = Machine::from_values(&from_json(&json, &schema().object_type()).unwrap()).unwrap();
        let client_public = "ssh-ed25519 AAAA\n";
        let bytes =
            Seed { id: "id", machine: &machine, host_key: b"KEY", host_public: "p", client_public }.bytes().unwrap();
        assert_eq!(bytes.len() % 512, 0);
        let mut archive = tar::Archive::new(&bytes[..]);
        let mut files = std::collections::BTreeMap::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            let path = entry.path().unwrap().to_string_lossy().into_owned();
            files.insert(path, (entry.header().mode().unwrap(), text));
        }
        assert_eq!(files["etc/hostname"], (0o644, "edge\n".to_owned()));
        assert_eq!(files["etc/ssh/ssh_host_ed25519_key"], (0o600, "KEY".to_owned()));
        assert_eq!(files["root/.ssh/authorized_keys"].0, 0o600);
        assert_eq!(files["etc/timezone"].1, "Etc/UTC\n");
        assert!(files["etc/localtime"].1.starts_with("TZif"));
        let (a, b) = (mac_address("id", 0), mac_address("id", 1));
        let lines = format!("{a} 10.70.0.11/24 10.70.0.1\n{b} 10.71.0.11/16\n");
        assert_eq!(files["etc/cplan/interfaces"], (0o644, lines));
    }
}
