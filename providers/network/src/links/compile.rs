//! Machines and links to rules.

use std::collections::BTreeMap;

use cplan_model::{AttrPath, Diagnostic, Diagnostics, Format, Type, Value, spelling_for};

use super::key::{Key, Tiers};
use super::preset::{NAMES, preset};
use super::spec::{Spec, amount};
use super::{at, error, row_ty};
use crate::rule;

/// What comes out.
pub(super) struct Compiled {
    /// Machine to peer to rule.
    pub(super) rules: Value,
    /// Each pair once.
    pub(super) table: Value,
}

struct Link {
    name: String,
    key: Key,
    /// Unknown when `None`.
    spec: Option<Spec>,
    is_preset: bool,
}

/// Compiles; `None` when there were errors or too little is known yet.
pub(super) fn compile(config: &Value) -> (Option<Compiled>, Diagnostics) {
    let mut found = Diagnostics::new();
    let unmarked = config.unmarked_deep();
    let tiers = tiers(&unmarked);
    let links = links(&unmarked, tiers.as_ref(), &mut found);
    let (Some(tiers), Some(links)) = (tiers, links) else { return (None, found) };
    if found.has_errors() {
        return (None, found);
    }
    for link in links.iter().filter(|l| !l.is_preset) {
        let bears = tiers
            .keys()
            .any(|a| tiers.keys().any(|b| a != b && best(&links, a, b, &tiers).is_some_and(|l| l.name == link.name)));
        if !bears && link.key.from != link.key.to {
            let what = format!("The link `{}` bears on no pair of machines: narrower links cover them all.", link.name);
            found.push(
                Diagnostic::warning("link-without-effect", "Link without effect", what)
                    .remedy("Remove it, or the narrower ones.")
                    .attribute(at(&link.name)),
            );
        }
    }
    let address = |machine: &str| {
        let known = unmarked.get("machines").and_then(|m| m.get(machine)).and_then(|m| m.get("address"));
        known.cloned().unwrap_or_else(|| Value::null(Type::String))
    };
    let mut rules = BTreeMap::new();
    let mut table = Vec::new();
    for from in tiers.keys() {
        let mut peers = BTreeMap::new();
        for to in tiers.keys().filter(|to| *to != from) {
            let Some(link) = best(&links, from, to, &tiers) else { continue };
            peers.insert(to.as_str(), rule_of(link, address(to)));
            let back = best(&links, to, from, &tiers);
            if from < to || back.is_none() {
                table.push(row(from, to, link, back));
            }
        }
        rules.insert(from.as_str(), Value::map(rule::ty(), peers));
    }
    let compiled = Compiled { rules: Value::map(Type::map(rule::ty()), rules), table: Value::list(row_ty(), table) };
    (Some(compiled), found)
}

/// The tiers of all machines, if they are known.
fn tiers(config: &Value) -> Option<Tiers> {
    let machines = config.get("machines")?.as_map()?;
    machines
        .iter()
        .map(|(name, machine)| {
            let tier = machine.get("tier").filter(|t| !t.is_null());
            match tier {
                Some(tier) if !tier.is_known() => None,
                _ if !machine.is_known() => None,
                tier => Some((name.to_string(), tier.and_then(Value::as_str).map(str::to_owned))),
            }
        })
        .collect()
}

/// All links, the presets last; `None` when they, or whom they join, are unknown. Contents are checked in any case.
fn links(config: &Value, tiers: Option<&Tiers>, found: &mut Diagnostics) -> Option<Vec<Link>> {
    let mut all = Some(Vec::new());
    let mut add = |name: &str, spec, is_preset, found: &mut Diagnostics| {
        let Some(tiers) = tiers else { return };
        match Key::parse(name, tiers) {
            Ok(key) => {
                if let Some(all) = &mut all {
                    all.push(Link { name: name.to_owned(), key, spec, is_preset });
                }
            }
            // A preset is about tiers that a lab may not have.
            Err(problem) if !is_preset => found.push(*problem),
            Err(_) => {}
        }
    };
    let mut known = true;
    match config.get("links") {
        None => {}
        Some(links) if links.is_null() => {}
        Some(links) if !links.is_known() => known = false,
        Some(links) => match links.as_map() {
            Some(entries) => {
                for (name, link) in entries {
                    add(name, Spec::read(name, link, found), false, found);
                }
            }
            None => found.push(
                error(
                    "links-not-a-map",
                    "",
                    format!("`links` is a {}, not a map of links.", links.ty().friendly()),
                    "Write `links = { \"cloud-edge\" = { one_way_delay = \"7.5ms\" } }`.",
                )
                .attribute(AttrPath::attr("links")),
            ),
        },
    }
    match config.get("wireless") {
        None => {}
        Some(wireless) if wireless.is_null() => {}
        Some(wireless) if !wireless.is_known() => known = false,
        Some(wireless) => match wireless.as_str().and_then(preset) {
            Some(links) => {
                for (name, spec) in links {
                    add(name, Some(spec), true, found);
                }
            }
            None => found.push(
                Diagnostic::error(
                    "wireless-unknown",
                    "Unknown preset",
                    format!(
                        "There is no wireless preset {}.",
                        wireless.as_str().map_or_else(|| "of that type".into(), |w| format!("`{w}`"))
                    ),
                )
                .remedy(format!("The presets are {}.", NAMES.map(|n| format!("\"{n}\"")).join(" and ")))
                .attribute(AttrPath::attr("wireless")),
            ),
        },
    }
    if known && tiers.is_some() { all } else { None }
}

/// The narrowest link from one machine to another. Of two that are equally narrow, the user's goes before the preset's.
fn best<'a>(links: &'a [Link], from: &str, to: &str, tiers: &Tiers) -> Option<&'a Link> {
    let covering = links.iter().filter(|l| l.key.covers(from, to, tiers));
    covering.max_by_key(|l| (l.key.narrowness(), !l.is_preset, std::cmp::Reverse(&l.name)))
}

fn rule_of(link: &Link, address: Value) -> Value {
    let of =
        |get: fn(&Spec) -> &Value| link.spec.as_ref().map_or_else(|| Value::unknown(Type::String), |s| get(s).clone());
    Value::object([
        ("address", address),
        ("delay", of(|s| &s.delay)),
        ("jitter", of(|s| &s.jitter)),
        ("loss", of(|s| &s.loss)),
        ("rate", of(|s| &s.rate)),
        ("link", Value::string(link.name.as_str())),
    ])
}

fn row(from: &str, to: &str, link: &Link, back: Option<&Link>) -> Value {
    let rule = rule_of(link, Value::null(Type::String));
    let get = |name: &str| rule.get(name).cloned().unwrap_or_else(|| Value::null(Type::String));
    let one_way = |link: Option<&Link>| match link {
        None => Some(0),
        Some(Link { spec: None, .. }) => None,
        Some(Link { spec: Some(spec), .. }) if spec.delay.is_null() => Some(0),
        Some(Link { spec: Some(spec), .. }) => amount(&spec.delay, Format::Duration),
    };
    let rtt = match (one_way(Some(link)), one_way(back)) {
        (Some(forth), Some(back)) => Value::string(spelling_for(Format::Duration, forth + back)),
        _ => Value::unknown(Type::String),
    };
    Value::object([
        ("from", Value::string(from)),
        ("to", Value::string(to)),
        ("link", Value::string(link.name.as_str())),
        ("one_way_delay", get("delay")),
        ("rtt", rtt),
        ("jitter", get("jitter")),
        ("loss", get("loss")),
        ("rate", get("rate")),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::string(text)
    }

    fn lab(links: Value, wireless: Value) -> Value {
        let machines = [
            ("cloud0", "cloud", "10.0.0.1"),
            ("edge0", "edge", "10.0.0.2"),
            ("edge1", "edge", "10.0.0.3"),
            ("end0", "endpoint", "10.0.0.4"),
        ]
        .map(|(name, tier, address)| (name, Value::object([("tier", text(tier)), ("address", text(address))])));
        Value::object([("machines", Value::object(machines)), ("links", links), ("wireless", wireless)])
    }

    fn null() -> Value {
        Value::null(Type::String)
    }

    fn link<const N: usize>(attributes: [(&str, &str); N]) -> Value {
        Value::object(attributes.map(|(n, v)| (n, text(v))))
    }

    fn field(compiled: &Compiled, from: &str, to: &str, name: &str) -> Option<String> {
        compiled.rules.get(from)?.get(to)?.get(name)?.as_str().map(str::to_owned)
    }

    #[test]
    fn the_narrower_wins_and_is_named() {
        let links = Value::object([
            ("cloud-edge", link([("one_way_delay", "7.5ms"), ("rate", "100mbit")])),
            ("cloud0-edge1", link([("rtt", "30ms")])),
            ("edge1->cloud0", link([("one_way_delay", "40ms"), ("loss", "1%")])),
            ("edge", link([("one_way_delay", "1ms")])),
        ]);
        let (compiled, found) = compile(&lab(links, text("4g")));
        assert!(found.is_empty(), "{found:?}");
        let compiled = compiled.unwrap();
        let said = |from, to, name| field(&compiled, from, to, name).unwrap_or_default();
        assert_eq!(
            (said("cloud0", "edge0", "delay"), said("cloud0", "edge0", "link")),
            ("7.5ms".into(), "cloud-edge".into())
        );
        assert_eq!((said("cloud0", "edge1", "delay"), said("cloud0", "edge1", "rate")), ("15ms".into(), String::new()));
        assert_eq!(
            (said("edge1", "cloud0", "delay"), said("edge1", "cloud0", "link")),
            ("40ms".into(), "edge1->cloud0".into())
        );
        assert_eq!(said("edge0", "edge1", "link"), "edge");
        assert_eq!(
            (said("end0", "cloud0", "delay"), said("end0", "edge0", "rate")),
            ("45ms".into(), "7.21mbit".into())
        );
        assert_eq!(said("cloud0", "end0", "address"), "10.0.0.4");
        let rtts: Vec<_> = compiled
            .table
            .children()
            .map(|row| {
                ["from", "to", "rtt"]
                    .map(|n| row.get(n).and_then(Value::as_str).unwrap_or_default().to_owned())
                    .join(" ")
            })
            .collect();
        assert_eq!(
            rtts,
            [
                "cloud0 edge0 15ms",
                "cloud0 edge1 55ms",
                "cloud0 end0 90ms",
                "edge0 edge1 2ms",
                "edge0 end0 15ms",
                "edge1 end0 15ms"
            ]
        );
    }

    #[test]
    fn the_users_word_goes_before_the_presets() {
        let links = Value::object([("edge-endpoint", link([("one_way_delay", "1ms")]))]);
        let (compiled, _) = compile(&lab(links, text("5g")));
        let compiled = compiled.unwrap();
        assert_eq!(field(&compiled, "edge0", "end0", "delay").as_deref(), Some("1ms"));
        assert_eq!(field(&compiled, "cloud0", "end0", "rate").as_deref(), Some("29.66mbit"));
    }

    #[test]
    fn errors_name_the_attribute() {
        let links = Value::object([
            ("cloud-edg", link([("one_way_delay", "1ms")])),
            ("edge", link([("one_way_delay", "7.5"), ("latency", "1ms")])),
            ("cloud-edge", link([("one_way_delay", "1ms"), ("rtt", "2ms"), ("rate", "5MBps")])),
        ]);
        let (compiled, found) = compile(&lab(links, text("3g")));
        assert!(compiled.is_none());
        let said: Vec<_> = found.iter().map(|d| (d.id, d.attribute.as_ref().unwrap().to_string())).collect();
        assert_eq!(
            said,
            [
                ("link-end-unknown", "links[\"cloud-edg\"]".to_owned()),
                ("invalid-quantity", "links[\"cloud-edge\"].rate".to_owned()),
                ("link-delay-twice", "links[\"cloud-edge\"].rtt".to_owned()),
                ("link-attribute-unknown", "links[\"edge\"].latency".to_owned()),
                ("invalid-quantity", "links[\"edge\"].one_way_delay".to_owned()),
                ("wireless-unknown", "wireless".to_owned()),
            ]
        );
        assert!(found.iter().all(|d| !d.remedy.is_empty()));
        assert!(found.iter().any(|d| d.remedy.contains("`mbit`")));
    }

    #[test]
    fn what_is_unknown_stays_so_and_no_more() {
        let links = Value::object([
            ("cloud-edge", Value::object([("one_way_delay", Value::unknown(Type::String)), ("rate", text("1mbit"))])),
            ("edge", link([("one_way_delay", "1ms")])),
        ]);
        let config = lab(links, null());
        let edge0 = Value::object([("tier", text("edge")), ("address", Value::unknown(Type::String))]);
        let machines = config.get("machines").unwrap().with("edge0", edge0);
        let (compiled, _) = compile(&config.with("machines", machines));
        let compiled = compiled.unwrap();
        let rule = compiled.rules.get("cloud0").unwrap().get("edge0").unwrap();
        assert!(!rule.get("delay").unwrap().is_known() && !rule.get("address").unwrap().is_known());
        assert_eq!(rule.get("rate").unwrap().as_str(), Some("1mbit"));
        assert_eq!(field(&compiled, "edge0", "edge1", "delay").as_deref(), Some("1ms"));
        let unknown = config.with("machines", Value::unknown(Type::Dynamic));
        assert!(compile(&unknown).0.is_none() && compile(&unknown).1.is_empty());
    }

    #[test]
    fn lints_are_warnings() {
        let links = Value::object([
            ("cloud-edge", link([("one_way_delay", "1ms"), ("jitter", "5ms"), ("rate", "1mbit")])),
            ("edge", link([("one_way_delay", "5ms"), ("jitter", "1ms")])),
        ]);
        let (compiled, found) = compile(&lab(links, null()));
        assert!(compiled.is_some());
        assert_eq!(found.iter().map(|d| d.id).collect::<Vec<_>>(), ["link-jitter-clipped", "link-jitter-reorders"]);
    }
}
