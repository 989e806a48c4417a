//! The reservations of the networks of a plan, for the machines in them: a network is planned before what is plugged into it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use cplan_model::Value;

use crate::naming::parse_mac;

/// Reservations by the id of their network. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reserved(Arc<Mutex<HashMap<String, Vec<Reservation>>>>);

#[derive(Clone, Debug)]
struct Reservation {
    name: String,
    mac: String,
    address: String,
}

impl Reserved {
    /// Takes down those of a network, as far as they are known.
    pub(super) fn note(&self, id: &str, values: &Value) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let entries = values.get("reservations").and_then(Value::as_map).into_iter().flatten();
        let known = entries.filter_map(|(name, entry)| {
            let (mac, address) = (text(entry, "mac")?, text(entry, "address")?);
            Some(Reservation { name: name.to_string(), mac, address })
        });
        let known: Vec<_> = known.collect();
        if known.is_empty() {
            all.remove(id)
        } else {
            all.insert(id.to_owned(), known)
        };
    }

    /// Whether there are none at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Whom an address of a network is reserved for, unless it is the card with this MAC address: a name and its own.
    pub(crate) fn other(&self, network: &str, address: &str, mac: &str) -> Option<(String, String)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let one = all.get(network)?.iter().find(|one| one.address == address)?;
        (parse_mac(&one.mac) != parse_mac(mac)).then(|| (one.name.clone(), one.mac.clone()))
    }
}
