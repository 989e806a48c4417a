//! What `tc -j` prints, understood. iproute2 6.1 prints qdiscs and filters as JSON, and classes as text all the same.

use std::net::Ipv4Addr;

use serde_json::Value as Json;

use super::state::{Filter, HANDLE, Netem, PROBE_CLASS, Root, Shaping};

/// Roots that nobody chose.
const KERNELS_OWN: [&str; 6] = ["noqueue", "pfifo_fast", "fq_codel", "mq", "pfifo", "noop"];

/// Reads what `tc -j -batch` prints for `qdisc show`, `class show` and `filter show`.
pub(super) fn parse(text: &str) -> Result<Shaping, String> {
    let mut shaping = Shaping::default();
    let mut seen = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            let json: Json = serde_json::from_str(line).map_err(|e| format!("`{line}` is not JSON: {e}"))?;
            for entry in json.as_array().into_iter().flatten() {
                if entry.get("pref").is_some() {
                    parse_filter(entry, &mut shaping);
                } else {
                    parse_qdisc(entry, &mut shaping);
                }
            }
            seen = true;
        } else if line.starts_with("class ") {
            parse_class(line, &mut shaping);
        }
    }
    match (seen, &shaping.root) {
        (false, _) => Err("it printed no queueing discipline".into()),
        (true, Root::Ours) => Ok(shaping),
        (true, _) => Ok(Shaping { root: shaping.root, ..Shaping::default() }),
    }
}

/// `class htb c1:1b root leaf 1b: prio 0 rate 10Gbit ceil 10Gbit …`
fn parse_class(line: &str, shaping: &mut Shaping) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let after = |name: &str| words.iter().position(|w| *w == name).and_then(|at| parse_rate(words.get(at + 1)?));
    // A class at the root has nobody to borrow from, so it gets no more than the smaller.
    let rate = after("rate").into_iter().chain(after("ceil")).min();
    if let (["class", "htb", id, ..], Some(rate)) = (&words[..], rate)
        && let Some(class) = class_of(id)
    {
        shaping.classes.insert(class, rate);
    }
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
        shaping.leaves.insert(class, (kind == "netem" && is_ours(options)).then_some(netem));
    }
}

/// Whether netem does only what we ask of it: no reordering, duplicates or corruption, no correlation, no slots.
fn is_ours(options: &Json) -> bool {
    const ASKED: [&str; 6] = ["limit", "delay", "loss-random", "rate", "ecn", "gap"];
    let correlated = |group: &str| options[group]["correlation"].as_f64().unwrap_or(0.0) != 0.0;
    let overhead = |name: &str| options["rate"][name].as_i64().unwrap_or(0) != 0;
    options.as_object().is_none_or(|o| o.keys().all(|name| ASKED.contains(&name.as_str())))
        && !correlated("delay")
        && !correlated("loss-random")
        && !["packetoverhead", "cellsize", "celloverhead"].into_iter().any(overhead)
}

fn parse_filter(filter: &Json, shaping: &mut Shaping) {
    let options = &filter["options"];
    let (prio, key) = (filter["pref"].as_u64(), &options["match"]);
    shaping.table |= prio == Some(10) && options.get("link").is_some();
    let Some(class) = options["flowid"].as_str().and_then(class_of) else { return };
    let text = |name: &str| key[name].as_str().unwrap_or_default();
    let handle: Vec<&str> = options["fh"].as_str().unwrap_or_default().split(':').collect();
    let value = u32::from_str_radix(text("value"), 16);
    match (prio, key["off"].as_u64(), text("mask"), &handle[..], value) {
        (Some(1), Some(0), "fc0000", _, Ok(_)) => shaping.probes = class == PROBE_CLASS,
        (Some(10), Some(16), "ffffffff", [_, bucket, item], Ok(value)) => {
            let bucket = u8::try_from(hex(bucket).unwrap_or(0)).unwrap_or(0);
            let filter = Filter { bucket, item: hex(item).unwrap_or(0), class };
            shaping.filters.insert(Ipv4Addr::from(value), filter);
        }
        _ => {}
    }
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
