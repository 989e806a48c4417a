//! The table of changes: what a change of each attribute does to a running machine.

use cplan_model::{AttrChange, AttrPath, Format, Schema, Step, Value, changes, parse_quantity};

use super::values::{Machine, disk_bytes};

/// What a change does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It is made while the machine runs.
    Live,
    /// It takes one restart.
    Restart,
    /// It makes another machine.
    Replace,
}

impl Effect {
    /// `live`, `restart`, `replace`
    pub fn as_str(self) -> &'static str {
        match self {
            Effect::Live => "live",
            Effect::Restart => "restart",
            Effect::Replace => "replace",
        }
    }
}

/// One row.
#[derive(Clone, Copy)]
pub struct Rule {
    /// The attribute; `interface[*].up` is that of any interface.
    pub attribute: &'static str,
    /// Which changes of it, where not all are alike.
    pub when: &'static str,
    /// What they do.
    pub effect: Effect,
    applies: fn(&Turn<'_>) -> bool,
}

/// A change of a machine.
struct Turn<'a> {
    prior: &'a Value,
    planned: &'a Value,
    /// What runs it, if that is known.
    accelerator: &'a str,
}

const fn always(attribute: &'static str, effect: Effect) -> Rule {
    Rule { attribute, when: "", effect, applies: |_| true }
}

const fn where_it(attribute: &'static str, when: &'static str, effect: Effect, applies: fn(&Turn<'_>) -> bool) -> Rule {
    Rule { attribute, when, effect, applies }
}

/// The table. The first row that fits a change tells.
pub const TABLE: &[Rule] = &[
    always("name", Effect::Replace),
    always("image", Effect::Replace),
    always("has_disk", Effect::Replace),
    always("tier", Effect::Live),
    always("labels", Effect::Live),
    always("timezone", Effect::Live),
    always("boot_timeout", Effect::Live),
    always("cpus", Effect::Restart),
    always("cpu_quota", Effect::Live),
    always("cpu_pin", Effect::Live),
    where_it("memory", "within maximum_memory", Effect::Live, |turn| turn.memory_fits()),
    where_it("memory", "beyond maximum_memory", Effect::Restart, |_| true),
    always("maximum_memory", Effect::Restart),
    where_it("disk_size", "grows", Effect::Live, |turn| !turn.disk_shrinks()),
    where_it("disk_size", "shrinks", Effect::Replace, |_| true),
    always("disk_read_limit", Effect::Live),
    always("disk_write_limit", Effect::Live),
    where_it("accel", "to what runs it already", Effect::Live, |turn| turn.same_accelerator()),
    where_it("accel", "to another", Effect::Restart, |_| true),
    where_it("management.network", "made again under its name", Effect::Live, |turn| turn.same_wiring()),
    where_it("management.network", "another", Effect::Restart, |_| true),
    always("management.address", Effect::Restart),
    always("management.mac", Effect::Restart),
    always("interface[*].up", Effect::Live),
    where_it("interface[*].network", "made again under its name", Effect::Live, |turn| turn.same_wiring()),
    where_it("interface[*].network", "another, one more or one less", Effect::Restart, |_| true),
    always("interface[*].address", Effect::Restart),
    always("interface[*].mac", Effect::Restart),
    always("connected", Effect::Live),
    always("defined", Effect::Live),
    always("arch", Effect::Replace),
];

impl Turn<'_> {
    fn bytes(values: &Value, name: &str) -> Option<u64> {
        parse_quantity(Format::Bytes, values.get(name)?.as_str()?).ok()
    }

    fn memory_fits(&self) -> bool {
        let (had, wanted) = (Self::bytes(self.prior, "maximum_memory"), Self::bytes(self.planned, "memory"));
        had.zip(wanted).is_some_and(|(had, wanted)| wanted <= had)
    }

    fn disk_shrinks(&self) -> bool {
        let size = |values: &Value| disk_bytes(values.get("disk_size")?.as_str()?).ok();
        let (had, wanted) = (size(self.prior), size(self.planned));
        had.zip(wanted).is_some_and(|(had, wanted)| wanted < had)
    }

    fn same_accelerator(&self) -> bool {
        let wanted = self.planned.get("accel").and_then(Value::as_str);
        wanted.is_some_and(|wanted| wanted == "auto" || self.accelerator.is_empty() || wanted == self.accelerator)
    }

    /// A network that is made again under its name is another value, but the machine only has to be plugged in.
    fn same_wiring(&self) -> bool {
        match (Machine::from_values(self.prior), Machine::from_values(self.planned)) {
            (Ok(before), Ok(after)) => before.wiring() == after.wiring(),
            _ => false,
        }
    }
}

/// What each attribute that moves from `prior` to `planned` does; what only follows from others does nothing.
pub(super) fn effects(schema: &Schema, prior: &Value, planned: &Value, accelerator: &[u8]) -> Vec<(AttrPath, Effect)> {
    let accelerator = std::str::from_utf8(accelerator).unwrap_or_default();
    let turn = Turn { prior, planned, accelerator };
    let moved = changes(schema, prior, planned);
    moved.iter().filter_map(|change| Some((change.path.clone(), rule(change, &turn)?.effect))).collect()
}

fn rule(change: &AttrChange, turn: &Turn<'_>) -> Option<&'static Rule> {
    let name = pattern(&change.path);
    TABLE.iter().find(|rule| covers(rule.attribute, &name) && (rule.applies)(turn))
}

fn covers(attribute: &str, name: &str) -> bool {
    name.strip_prefix(attribute).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// A path without its numbers and keys: `interface[*].up`.
fn pattern(path: &AttrPath) -> String {
    let mut text = String::new();
    for step in &path.0 {
        match step {
            Step::Attr(name) if text.is_empty() => text.push_str(name),
            Step::Attr(name) => {
                text.push('.');
                text.push_str(name);
            }
            _ => text.push_str("[*]"),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use cplan_model::AttributeMode;
    use cplan_sdk::from_json;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::machine::schema::schema;

    #[test]
    fn every_attribute_that_can_be_set_has_a_row_and_every_row_an_attribute() {
        let schema = schema();
        let settable = |schema: &Schema, prefix: &str| -> Vec<String> {
            // A machine that was there before is no machine of ours: nothing of the table is its.
            let set =
                schema.attributes.iter().filter(|(n, a)| a.mode != AttributeMode::Computed && &***n != "existing");
            set.map(|(name, _)| format!("{prefix}{name}")).collect()
        };
        let mut names = settable(&schema, "");
        names.extend(settable(&schema.blocks["management"].block, "management."));
        names.extend(settable(&schema.blocks["interface"].block, "interface[*]."));
        let rows: BTreeSet<&str> = TABLE.iter().map(|rule| rule.attribute).collect();
        let missing: Vec<_> = names.iter().filter(|name| !rows.contains(name.as_str())).collect();
        assert!(missing.is_empty(), "{missing:?}");
        let computed = ["has_disk", "connected", "defined"];
        let strange: Vec<_> = rows.iter().filter(|r| !computed.contains(r) && !names.iter().any(|n| n == *r)).collect();
        assert!(strange.is_empty(), "{strange:?}");
        for rule in TABLE.iter().filter(|rule| rule.when.is_empty() && !computed.contains(&rule.attribute)) {
            let Some(attribute) = schema.attributes.get(rule.attribute) else { continue };
            assert_eq!(attribute.replace_on_change, rule.effect == Effect::Replace, "{}", rule.attribute);
        }
    }

    fn machine(change: impl FnOnce(&mut Json)) -> Value {
        let network =
            |name: &str| json!({"id": name, "name": name, "cidr": "10.0.0.0/24", "gateway": null, "mode": "nat"});
        let mut json = json!({
            "name": "a", "cpus": 1, "memory": "256MiB", "maximum_memory": "512MiB", "disk_size": "9GiB", "accel": "auto",
            "image": {"digest": "d", "kernel": "k", "initrd": "i", "disk": "b", "cmdline": "c"},
            "management": {"network": network("m"), "address": "10.0.0.2"},
            "interface": [{"network": network("l"), "address": "10.0.0.3"}],
        });
        change(&mut json);
        from_json(&json, &schema().object_type()).unwrap()
    }

    fn told(change: impl FnOnce(&mut Json)) -> Vec<(String, Effect)> {
        let found = effects(&schema(), &machine(|_| ()), &machine(change), b"tcg");
        found.into_iter().map(|(path, effect)| (path.to_string(), effect)).collect()
    }

    #[test]
    fn how_a_change_is_made_can_hang_on_the_values() {
        let one = |path: &str, effect| vec![(path.to_owned(), effect)];
        assert_eq!(told(|m| m["memory"] = json!("512MiB")), one("memory", Effect::Live));
        assert_eq!(told(|m| m["memory"] = json!("513MiB")), one("memory", Effect::Restart));
        assert_eq!(told(|m| m["disk_size"] = json!("10GiB")), one("disk_size", Effect::Live));
        assert_eq!(told(|m| m["disk_size"] = json!("8GiB")), one("disk_size", Effect::Replace));
        let same_sectors = told(|m| m["disk_size"] = json!(format!("{}B", (9u64 << 30) - 511)));
        assert_eq!(same_sectors, one("disk_size", Effect::Live));
        assert_eq!(told(|m| m["accel"] = json!("tcg")), one("accel", Effect::Live));
        assert_eq!(told(|m| m["accel"] = json!("kvm")), one("accel", Effect::Restart));
        assert_eq!(told(|m| m["cpu_pin"] = json!([1])), one("cpu_pin", Effect::Live));
        assert_eq!(told(|m| m["labels"] = json!({"a": "b"})), one("labels", Effect::Live));
        assert_eq!(told(|m| m["interface"][0]["up"] = json!(false)), one("interface[0].up", Effect::Live));
        let again = told(|m| m["interface"][0]["network"]["id"] = json!("n"));
        assert_eq!(again, one("interface[0].network.id", Effect::Live));
        let other = told(|m| m["management"]["network"]["name"] = json!("n"));
        assert_eq!(other, one("management.network.name", Effect::Restart));
        let without = told(|m| m["interface"] = json!([]));
        assert!(without.iter().any(|(_, effect)| *effect == Effect::Restart), "{without:?}");
    }
}
