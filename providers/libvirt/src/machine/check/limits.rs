//! What is wrong with the limits of a machine: quota, pins, disk.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cplan_model::{AttrPath, Diagnostic, Diagnostics, Format, InstanceAddr, Value, parse_quantity, spelling_for};
use cplan_sdk::from_value;

use crate::machine::files::disk_size;
use crate::xml::domain::DomainSpec;

/// The smallest quota that the kernel takes, as a share.
const LEAST_QUOTA: f64 = 0.01;

/// What one block says, as far as it is known.
pub(super) fn one(config: &Value) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if let Some(share) = config.get("cpu_quota").and_then(|v| from_value::<f64>(v).ok())
        && !(LEAST_QUOTA..=1.0).contains(&share)
    {
        let what = format!("{share} is not a share of a processor.");
        let remedy = format!("Write a number from {LEAST_QUOTA} to 1, such as 0.5 for half of each of its processors.");
        found.push(error("machine-cpu-quota", "Invalid processor quota", what, &remedy, "cpu_quota"));
    }
    found.extend(pins(config).and_then(|pins| wrong_pins(config, &pins)));
    let bytes = |name| config.get(name).and_then(Value::as_str).and_then(|t| parse_quantity(Format::Bytes, t).ok());
    if let (Some(memory), Some(maximum)) = (bytes("memory"), bytes("maximum_memory"))
        && maximum < memory
    {
        let (memory, maximum) = (spelling_for(Format::Bytes, memory), spelling_for(Format::Bytes, maximum));
        let what = format!("The machine has {memory} of memory, which is more than {maximum}.");
        let remedy = format!("Write at least \"{memory}\", or leave it out.");
        found.push(error("machine-maximum-memory", "Maximum below the memory", what, &remedy, "maximum_memory"));
    }
    let timeout = config.get("boot_timeout").and_then(Value::as_str).unwrap_or_default();
    if parse_quantity(Format::Duration, timeout).is_ok_and(|nanoseconds| nanoseconds < 1_000_000_000) {
        let what = format!("No machine starts within {timeout}.");
        found.push(error(
            "machine-boot-timeout",
            "Unusable time limit",
            what,
            "Write at least \"1s\", such as \"180s\".",
            "boot_timeout",
        ));
    }
    for name in ["disk_read_limit", "disk_write_limit"] {
        let limit = config.get(name).and_then(Value::as_str).and_then(|t| parse_quantity(Format::Throughput, t).ok());
        if limit.is_some_and(|limit| limit < LEAST_THROUGHPUT) {
            let what = "With so little throughput a machine does not get through its start.".to_owned();
            let least = spelling_for(Format::Throughput, LEAST_THROUGHPUT);
            let remedy = format!("Write at least \"{least}\", or leave it out: then there is no limit.");
            found.push(error("machine-disk-limit", "Disk limit too small", what, &remedy, name));
        }
    }
    found
}

/// A start reads and writes some megabytes.
const LEAST_THROUGHPUT: u64 = 64 * 1024;

fn error(id: &'static str, summary: &'static str, what: String, remedy: &str, attribute: &str) -> Diagnostic {
    Diagnostic::error(id, summary, what).remedy(remedy).attribute(AttrPath::attr(attribute))
}

fn pins(values: &Value) -> Option<Vec<Value>> {
    let list = values.get("cpu_pin").and_then(Value::as_slice)?;
    list.iter().all(|pin| pin.as_number().is_some()).then(|| list.to_vec())
}

fn wrong_pins(config: &Value, pins: &[Value]) -> Option<Diagnostic> {
    let example = |cpus: u64| format!("{:?}", (0..cpus).collect::<Vec<_>>());
    let cpus = config.get("cpus").and_then(Value::as_u64);
    let numbers: Option<Vec<u64>> = pins.iter().map(Value::as_u64).collect();
    let (what, remedy) = match (numbers, cpus) {
        (None, _) => {
            ("A processor of the host has a whole number from 0 on.".to_owned(), "Write such as [0, 1].".to_owned())
        }
        (Some(numbers), _) if numbers.iter().collect::<BTreeSet<_>>().len() < numbers.len() => {
            let what = "Two processors of the machine are pinned to the same one of the host.".to_owned();
            (what, "Give each one of its own.".to_owned())
        }
        (Some(numbers), Some(cpus)) if numbers.len() as u64 != cpus => {
            let what = format!("The machine has {cpus} processors, and {} are pinned.", numbers.len());
            (what, format!("Name one of the host's for each, such as {}.", example(cpus.min(8))))
        }
        _ => return None,
    };
    Some(error("machine-cpu-pin", "Invalid processor pinning", what, &remedy, "cpu_pin"))
}

/// Host processors that two machines of the plan want, or that a machine of somebody else has.
pub(super) fn shared_pins(planned: &[(InstanceAddr, Value)], others: &[DomainSpec], cpus: u64) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let mut taken: BTreeMap<u64, String> = BTreeMap::new();
    for other in others {
        let pins = other.pins.values().flatten();
        taken.extend(pins.map(|cpu| (*cpu, format!("the domain `{}`", other.name))));
    }
    for (address, values) in planned {
        for cpu in pins(values).into_iter().flatten().filter_map(|pin| pin.as_u64()) {
            let what = if cpu >= cpus {
                format!("The host has {cpus} processors, from 0 to {}; there is no {cpu}.", cpus.saturating_sub(1))
            } else if let Some(other) = taken.insert(cpu, format!("`{address}`")) {
                if other == format!("`{address}`") {
                    continue;
                }
                format!("{other} is pinned to the host's processor {cpu} already.")
            } else {
                continue;
            };
            let free: Vec<_> = (0..cpus).filter(|cpu| !taken.contains_key(cpu)).map(|cpu| cpu.to_string()).collect();
            let remedy = match free.as_slice() {
                [] => "All of the host's processors are taken: leave `cpu_pin` out, or use fewer machines.".to_owned(),
                free => format!("Free are: {}.", free.join(", ")),
            };
            let diagnostic = error("machine-cpu-pin", "Invalid processor pinning", capital(&what), &remedy, "cpu_pin");
            diagnostics.push(diagnostic.address(address.clone()));
        }
    }
    diagnostics
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A disk that is smaller than what it begins as.
pub(super) fn disk(address: &InstanceAddr, values: &Value) -> Option<Diagnostic> {
    let text = values.get("disk_size").and_then(Value::as_str)?;
    let wanted = parse_quantity(Format::Bytes, text).ok()?;
    let has = disk_size(Path::new(values.get("image")?.get("disk")?.as_str()?))?;
    if wanted >= has {
        return None;
    }
    let has = spelling_for(Format::Bytes, has);
    let what = format!("The disk of the image has {has}, and a machine's cannot be smaller than that.");
    let remedy = format!("Write at least \"{has}\", or leave it out.");
    Some(error("machine-disk", "Disk smaller than its image", what, &remedy, "disk_size").address(address.clone()))
}
