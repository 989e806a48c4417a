//! What is wrong with what a machine is called and told: its zone, its notes, its MAC addresses.

use cplan_model::{AttrPath, Diagnostic, Step, Value};

use crate::machine::timezone;
use crate::naming::wrong_mac;

/// What one block says, as far as it is known.
pub(super) fn one(config: &Value) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if let Some(zone) = config.get("timezone").and_then(Value::as_str)
        && timezone::rules(zone).is_none()
    {
        let what = format!("\"{zone}\" is not a time zone that this host knows.");
        let remedy = "Write a name of the tz database, such as \"Europe/Amsterdam\" or \"Etc/UTC\"; this host needs the \
                      package tzdata.";
        let diagnostic = Diagnostic::error("machine-timezone", "Unknown time zone", what).remedy(remedy);
        found.push(diagnostic.attribute(AttrPath::attr("timezone")));
    }
    let tier = config.get("tier").map(|tier| (AttrPath::attr("tier"), "", tier));
    let labels = config.get("labels").and_then(Value::as_map).into_iter().flatten();
    let labels = labels.map(|(key, text)| (AttrPath::attr("labels").then(Step::Key(key.clone())), key.as_ref(), text));
    for (path, key, text) in tier.into_iter().chain(labels) {
        let text = text.as_str().unwrap_or_default();
        // libvirt keeps them as XML, which has no place for most of these, and takes line breaks for spaces.
        if key.chars().chain(text.chars()).any(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')) {
            let what = format!("{:?} holds a control character.", if text.is_empty() { key } else { text });
            let diagnostic = Diagnostic::error("machine-label", "Invalid label", what);
            found.push(diagnostic.remedy("Write one line of plain text.").attribute(path));
        }
    }
    found.extend(macs(config));
    found
}

fn macs(config: &Value) -> Vec<Diagnostic> {
    let management = config.get("management").map(|plug| (AttrPath::attr("management"), plug));
    let interfaces = config.get("interface").and_then(Value::as_slice).unwrap_or_default().iter().enumerate();
    let interfaces = interfaces.map(|(i, plug)| (AttrPath::attr("interface").then_index(i), plug));
    let mut seen: Vec<String> = Vec::new();
    let mut found = Vec::new();
    for (path, plug) in management.into_iter().chain(interfaces) {
        let Some(text) = plug.get("mac").and_then(Value::as_str) else { continue };
        let (what, remedy) = match wrong_mac(text) {
            Some(what) => (what, EXAMPLE),
            None if seen.contains(&text.to_ascii_lowercase()) => {
                (format!("The machine has two cards with the MAC address {text}."), "Give each one of its own.")
            }
            None => {
                seen.push(text.to_ascii_lowercase());
                continue;
            }
        };
        let diagnostic = Diagnostic::error("machine-mac", "Invalid MAC address", what).remedy(remedy);
        found.push(diagnostic.attribute(path.then_attr("mac")));
    }
    found
}

const EXAMPLE: &str = "Write six pairs of hex digits, such as \"52:54:00:12:34:56\".";
