//! What `tc` prints, understood. iproute2 6.1 prints qdiscs as JSON, classes and filters as text only.

use std::net::Ipv4Addr;

use serde_json::Value as Json;

use super::state::{Filter, HANDLE, Netem, Root, Shaping};

/// Line before the classes.
pub(super) const CLASSES: &str = "--classes";
/// Line before the filters.
pub(super) const FILTERS: &str = "--filters";

/// Roots that nobody chose.
const KERNELS_OWN: [&str; 6] = ["noqueue", "pfifo_fast", "fq_codel", "mq", "pfifo", "noop"];

/// Reads `tc -j qdisc show`, then [`CLASSES`] and `tc class show`, then [`FILTERS`] and `tc filter show`.
pub(super) fn parse(text: &str) -> Result<Shaping, String> {
    let (qdiscs, rest) = text.split_once(CLASSES).ok_or("the classes are missing")?;
    let (classes, filters) = rest.split_once(FILTERS).ok_or("the filters are missing")?;
    let mut shaping = Shaping::default();
    let json: Json = serde_json::from_str(qdiscs.trim()).map_err(|e| format!("the qdiscs are not JSON: {e}"))?;
    for qdisc in json.as_array().into_iter().flatten() {
        parse_qdisc(qdisc, &mut shaping);
    }
    if shaping.root != Root::Ours {
        return Ok(Shaping { root: shaping.root, ..Shaping::default() });
    }
    for line in classes.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let (["class", "htb", id, ..], Some(rate)) = (&words[..], after(&words, "rate").and_then(parse_rate))
            && let Some(class) = class_of(id)
        {
            shaping.classes.insert(class, rate);
        }
    }
    parse_filters(filters, &mut shaping);
    Ok(shaping)
}

fn parse_qdisc(qdisc: &Json, shaping: &mut Shaping) {
    let text = |name: &str| qdisc.get(name).and_then(Json::as_str).unwrap_or_default();
    let (kind, handle, options) = (text("kind"), text("handle"), &qdisc["options"]);
    if qdisc.get("root").and_then(Json::as_bool) == Some(true) {
        shaping.root = if kind == "htb" && handle == format!("{HANDLE:x}:") {
            Root::Ours
        } else if KERNELS_OWN.contains(&kind) && handle == "0:" {
            Root::Default
        } else {
            Root::Foreign(format!("{kind} {handle}"))
        };
    } else if let Some(class) = class_of(text("parent")) {
        let number = |group: &str, name: &str| options[group][name].as_f64().unwrap_or(0.0);
        let nanos = |name: &str| (number("delay", name) * 1e9).round() as u64;
        let netem = Netem {
            delay: nanos("delay"),
            jitter: nanos("jitter"),
            loss: (number("loss-random", "loss") * 1e9).round() as u64,
            rate: (number("rate", "rate") * 8.0).round() as u64,
            limit: options["limit"].as_u64().unwrap_or(0),
        };
        shaping.leaves.insert(class, (kind == "netem").then_some(netem));
    }
}

fn parse_filters(text: &str, shaping: &mut Shaping) {
    let mut place: Option<(u16, u8, u16, u16)> = None;
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.first() == Some(&"filter") {
            let prio = after(&words, "pref").and_then(|p| p.parse().ok()).unwrap_or(0);
            let handle = after(&words, "fh").unwrap_or_default();
            let flow = words.iter().position(|w| w.trim_start_matches('*') == "flowid");
            let class = flow.and_then(|at| class_of(words.get(at + 1)?));
            shaping.table |= prio == 10 && words.contains(&"link");
            let parts: Vec<&str> = handle.split(':').collect();
            place = match (class, &parts[..]) {
                (Some(class), [_, bucket, item]) => {
                    let bucket = u8::try_from(hex(bucket).unwrap_or(0)).unwrap_or(0);
                    Some((prio, bucket, hex(item).unwrap_or(0), class))
                }
                _ => None,
            };
        } else if let (["match", key, "at", "16"], Some((10, bucket, item, class))) = (&words[..], place) {
            if let Some(Ok(address)) = key.strip_suffix("/ffffffff").map(|k| u32::from_str_radix(k, 16)) {
                shaping.filters.insert(Ipv4Addr::from(address), Filter { bucket, item, class });
            }
        } else if let (["match", _, "at", "0"], Some((1, ..))) = (&words[..], place) {
            shaping.probes = true;
        }
    }
}

fn after<'a>(words: &[&'a str], name: &str) -> Option<&'a str> {
    words.iter().position(|w| *w == name).and_then(|at| words.get(at + 1)).copied()
}

/// The minor number of a class id of ours.
fn class_of(id: &str) -> Option<u16> {
    hex(id.strip_prefix(&format!("{HANDLE:x}:"))?)
}

fn hex(text: &str) -> Option<u16> {
    u16::from_str_radix(text, 16).ok()
}

/// `7210Kbit`, as tc prints rates.
fn parse_rate(text: &str) -> Option<u64> {
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let factor = match &text[at..] {
        "bit" => 1,
        "Kbit" => 1_000,
        "Mbit" => 1_000_000,
        "Gbit" => 1_000_000_000,
        "Tbit" => 1_000_000_000_000,
        _ => return None,
    };
    text[..at].parse::<u64>().ok()?.checked_mul(factor)
}
