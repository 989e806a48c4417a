//! Identities: chosen before the object exists, the same for the same plan.

use cplan_model::{Identity, InstanceAddr, InstanceKey};
use uuid::Uuid;

/// The identity of the object that `address` will have when it is made from the state at (`lineage`, `serial`).
pub fn choose(lineage: &str, serial: u64, address: &InstanceAddr) -> Identity {
    let namespace = Uuid::parse_str(lineage).unwrap_or(Uuid::NAMESPACE_OID);
    let id = Uuid::new_v5(&namespace, format!("{serial}/{address}").as_bytes()).to_string();
    let lab = lineage.chars().filter(char::is_ascii_hexdigit).take(8).collect();
    Identity { id, lab, name: name(address) }
}

/// The same identity with a name that no object at the same address has.
pub(crate) fn beside(identity: Identity) -> Identity {
    let stem = identity.name.get(..identity.name.len().min(35)).unwrap_or_default().trim_end_matches('-');
    let name = format!("{stem}-{}", &identity.id[..4]);
    Identity { name, ..identity }
}

/// The deposed key of the object that this one takes the place of: eight hex digits.
pub(crate) fn deposed_key(successor: &Identity) -> String {
    successor.id.chars().filter(char::is_ascii_hexdigit).take(8).collect()
}

/// A readable name: the module calls, the resource's name and all keys, with a hash where that would not be unique.
fn name(address: &InstanceAddr) -> String {
    let mut clean = String::new();
    // Whether nobody else can have the same.
    let mut exact = true;
    let mut word = |text: &str| {
        if !clean.is_empty() {
            clean.push('-');
        }
        for c in text.chars() {
            exact &= c.is_ascii_lowercase() || c.is_ascii_digit();
            clean.extend(c.to_lowercase().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }));
        }
    };
    let calls = address.module.0.iter().map(|(call, key)| (call, key));
    for (name, key) in calls.chain([(&address.resource.name, &address.key)]) {
        word(name);
        match key {
            Some(InstanceKey::Int(n)) => word(&n.to_string()),
            Some(InstanceKey::Str(s)) => word(s),
            None => {}
        }
    }
    if exact && clean.len() <= 40 {
        return clean;
    }
    let hash = Uuid::new_v5(&Uuid::NAMESPACE_OID, address.to_string().as_bytes()).simple().to_string();
    let stem = clean.get(..clean.len().min(31)).unwrap_or_default().trim_matches('-');
    format!("{stem}-{}", &hash[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_readable_and_distinct() {
        let of = |text: &str| name(&text.parse().unwrap());
        assert_eq!(of("lab_machine.edge[0]"), "edge-0");
        assert_eq!(of("module.lab.lab_machine.node[\"cloud0\"]"), "lab-node-cloud0");
        assert_ne!(of("lab_machine.a[\"x.y\"]"), of("lab_machine.a[\"x-y\"]"));
        assert!(of(&format!("lab_machine.{}", "long".repeat(30))).len() <= 40);
    }

    #[test]
    fn another_serial_is_another_object() {
        let address = "t.x".parse().unwrap();
        let lineage = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
        assert_eq!(choose(lineage, 1, &address), choose(lineage, 1, &address));
        assert_ne!(choose(lineage, 1, &address).id, choose(lineage, 2, &address).id);
        assert_eq!(choose(lineage, 1, &address).lab, "6ba7b810");
    }
}
