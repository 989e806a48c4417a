//! The machines of a state and how to reach them.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use cplan_model::{InstanceAddr, Value};
use cplan_sdk::{Access, quote};
use cplan_ssh::known_hosts_line;
use cplan_store::State;

use crate::failure::CommandError;

/// A machine that can be reached.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// Where it stands in the state.
    pub(crate) address: InstanceAddr,
    /// How to reach it.
    pub(crate) access: Access,
    /// Its name in libvirt; `None` where it is no domain.
    pub(crate) domain: Option<String>,
    /// The key of the provider's configuration that made it.
    pub(crate) provider: String,
}

/// Every object of the state that says how to reach itself, in order of address.
pub(crate) fn machines(state: &State) -> Vec<Machine> {
    let current = state.records.iter().filter(|(key, _)| key.deposed.is_none());
    current
        .filter_map(|(key, record)| {
            let access = Access::from_value(record.values.get("access")?)?;
            let domain = record.values.get("domain").and_then(Value::as_str).map(str::to_owned);
            Some(Machine { address: key.address.clone(), access, domain, provider: record.provider.clone() })
        })
        .collect()
}

/// The machine that is meant: by its name, its address, or the end of one.
pub(crate) fn find<'a>(machines: &'a [Machine], wanted: &str) -> Result<&'a Machine, CommandError> {
    let exact = machines.iter().filter(|m| m.access.name == wanted || m.address.to_string() == wanted);
    let ends = |m: &&Machine| {
        let address = m.address.to_string();
        let keyed = format!("[\"{wanted}\"]");
        address.ends_with(&keyed) || address.strip_suffix(wanted).is_some_and(|head| head.ends_with('.'))
    };
    let exact: Vec<&Machine> = exact.collect();
    let found = if exact.is_empty() { machines.iter().filter(ends).collect() } else { exact };
    let names = |all: &[&Machine]| {
        all.iter().map(|m| format!("`{}` ({})", m.access.name, m.address)).collect::<Vec<_>>().join(", ")
    };
    match found.as_slice() {
        [one] => Ok(one),
        [] => {
            let candidates = machines.iter().map(|m| m.access.name.as_str());
            let remedy = match (cplan_config::suggest(wanted, candidates), machines) {
                (Some(near), _) => format!("Did you mean `{near}`?"),
                (None, []) => "There is no machine yet: run `cplan apply` first.".to_owned(),
                (None, all) => format!("There are {}.", names(&all.iter().collect::<Vec<_>>())),
            };
            let what = format!("The state has no machine `{wanted}`.");
            Err(CommandError::told("unknown-machine", "No such machine", what, remedy))
        }
        several => Err(CommandError::told(
            "ambiguous-machine",
            "More than one machine",
            format!("`{wanted}` may be any of {}.", names(several)),
            "Write the whole address.",
        )),
    }
}

/// Writes `.cplan/known_hosts` with the keys that cplan made, by identity and by address; gives its path. Without
/// machines there is no such file.
pub(crate) fn write_known_hosts(data_dir: &Path, machines: &[Machine]) -> Result<PathBuf, CommandError> {
    let path = data_dir.join("known_hosts");
    let text: String = machines
        .iter()
        .map(|m| {
            let Access { address, port, host_key, .. } = &m.access;
            let host = if *port == 22 { address.clone() } else { format!("[{address}]:{port}") };
            format!("{}\n{host} {}\n", known_hosts_line(&m.access), host_key.trim())
        })
        .collect();
    if fs::read_to_string(&path).is_ok_and(|old| old == text) {
        return Ok(path);
    }
    let failed = |e| CommandError::file("write", &path, e);
    if machines.is_empty() {
        return match fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(failed(e)),
            _ => Ok(path),
        };
    }
    let mut file = tempfile::NamedTempFile::new_in(data_dir).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.persist(&path).map_err(|e| failed(e.error))?;
    Ok(path)
}

/// A line for a shell that opens one on the machine, and works anywhere on this host.
pub(crate) fn ssh_line(access: &Access, known_hosts: &Path) -> String {
    let word = |text: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-@:=%+".contains(c);
        if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { quote(text) }
    };
    let key = word(&access.key_file.to_string_lossy());
    // Within ssh's option a space ends a file name unless it is quoted there, too.
    let hosts = known_hosts.to_string_lossy();
    let hosts = if hosts.contains(' ') { format!("\"{hosts}\"") } else { hosts.into_owned() };
    let hosts = word(&format!("UserKnownHostsFile={hosts}"));
    let destination = word(&format!("{}@{}", access.user, access.address));
    format!(
        "ssh -F none -i {key} -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes -o {hosts} -p {} {destination}",
        access.port
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(address: &str, name: &str) -> Machine {
        let access = Access {
            id: format!("id-{name}"),
            name: name.into(),
            address: "10.70.0.11".into(),
            port: 22,
            user: "root".into(),
            host_key: "ssh-ed25519 AAAA\n".into(),
            key_file: "/labs/my lab/.cplan/keys/id_ed25519".into(),
            flavor: String::new(),
            arch: String::new(),
        };
        Machine { address: address.parse().unwrap(), access, domain: None, provider: "lab".into() }
    }

    fn all() -> Vec<Machine> {
        vec![
            machine("module.lab.lab_machine.this[\"edge0\"]", "lab-edge0"),
            machine("module.two.lab_machine.this[\"edge0\"]", "two-edge0"),
            machine("lab_machine.cloud", "cloud"),
        ]
    }

    #[test]
    fn machines_are_found_by_name_address_and_end() {
        let all = all();
        for (wanted, at) in [("cloud", 2), ("lab_machine.cloud", 2), ("two-edge0", 1)] {
            assert_eq!(find(&all, wanted).unwrap().address, all[at].address, "{wanted}");
        }
        assert_eq!(find(&all[1..], "edge0").unwrap().address, all[1].address);
    }

    #[test]
    fn an_unknown_or_ambiguous_machine_is_refused_with_help() {
        let told = |wanted: &str| match find(&all(), wanted) {
            Err(CommandError::Refused(d, _)) => {
                d.iter().map(|d| format!("{} {}", d.what, d.remedy)).collect::<String>()
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(told("clod"), "The state has no machine `clod`. Did you mean `cloud`?");
        assert!(told("edge0").contains("lab-edge0"), "{}", told("edge0"));
    }

    #[test]
    fn the_line_survives_a_space_in_a_path() {
        assert_eq!(
            ssh_line(&all()[2].access, Path::new("/labs/my lab/.cplan/known_hosts")),
            "ssh -F none -i '/labs/my lab/.cplan/keys/id_ed25519' -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes \
             -o 'UserKnownHostsFile=\"/labs/my lab/.cplan/known_hosts\"' -p 22 root@10.70.0.11"
        );
    }

    #[test]
    fn known_hosts_pins_each_key_by_identity_and_by_address() {
        let folder = tempfile::tempdir().unwrap();
        let path = write_known_hosts(folder.path(), &all()[2..]).unwrap();
        let text = fs::read_to_string(path).unwrap();
        assert_eq!(text, "id-cloud ssh-ed25519 AAAA\n10.70.0.11 ssh-ed25519 AAAA\n");
    }
}
