//! Names that follow from an identity, so that they are known when planning.

use cplan_model::Identity;
use sha2::{Digest, Sha256};

/// The libvirt name of a domain or network: `cplan-1a2b3c4d-edge`.
pub(crate) fn libvirt_name(identity: &Identity) -> String {
    format!("cplan-{}-{}", identity.lab, identity.name)
}

/// The bridge of a network, within the kernel's 15 characters (`IFNAMSIZ` less the final zero).
pub(crate) fn bridge_name(id: &str) -> String {
    let hash = Sha256::digest(format!("bridge {id}"));
    format!("cpl{}", hex(&hash[..6]))
}

/// A MAC address of the n-th interface of a machine, or of a network's bridge: QEMU's locally administered prefix
/// `52:54` and 32 bits of a hash.
pub(crate) fn mac_address(id: &str, index: usize) -> String {
    let hash = Sha256::digest(format!("mac {index} {id}"));
    format!("52:54:{:02x}:{:02x}:{:02x}:{:02x}", hash[0], hash[1], hash[2], hash[3])
}

/// The bytes of a MAC address: six pairs of hex digits.
pub(crate) fn parse_mac(text: &str) -> Option<[u8; 6]> {
    let is_hex = |pair: &str| pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit());
    let pair = |pair: &str| is_hex(pair).then(|| u8::from_str_radix(pair, 16).ok())?;
    let bytes: Option<Vec<u8>> = text.split(':').map(pair).collect();
    bytes?.try_into().ok()
}

/// Why a text is no MAC address of one card.
pub(crate) fn wrong_mac(text: &str) -> Option<String> {
    match parse_mac(text) {
        None => Some(format!("\"{text}\" is not a MAC address.")),
        Some(mac) if mac[0] & 1 == 1 => Some(format!("\"{text}\" is the address of a group, not of one card.")),
        Some([0, 0, 0, 0, 0, 0]) => Some(format!("\"{text}\" stands for no card.")),
        Some(_) => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{bridge_name, mac_address};

    #[test]
    fn names_fit_and_differ() {
        let (a, b) = ("a", "b");
        assert!(bridge_name(a).len() <= 15 && bridge_name(a) != bridge_name(b));
        assert_eq!(bridge_name(a), bridge_name(a));
        assert!(mac_address(a, 0) != mac_address(a, 1) && mac_address(a, 0) != mac_address(b, 0));
        // Unicast and locally administered (IEEE 802: bit 0 clear, bit 1 set).
        let first = u8::from_str_radix(&mac_address(a, 0)[..2], 16).unwrap();
        assert_eq!(first & 3, 2);
    }
}
