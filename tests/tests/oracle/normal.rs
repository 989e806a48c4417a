//! Documents without what may differ from run to run: identities, folders, versions, the clock, and orders that carry no
//! meaning.

use serde_json::{Map, Value as Json};

use super::identity::Identities;

/// Members that say who wrote the document and when.
const OF_THE_WRITER: [&str; 2] = ["terraform_version", "timestamp"];
/// Keys of random names.
const RANDOM: [&str; 2] = ["deposed", "deposed_key"];
/// Lists in no particular order.
const UNORDERED: [&str; 9] = [
    "resource_changes",
    "resource_drift",
    "resources",
    "child_modules",
    "checks",
    "instances",
    "relevant_attributes",
    "replace_paths",
    "deferred_changes",
];

/// A document as it is compared. Lists of things with addresses become objects by address, so that a difference names it.
pub(crate) fn normal(json: &Json, ids: &mut Identities, dir: &str) -> Json {
    let sorted = sorted(json);
    ids.learn(&sorted);
    named(&sorted, ids, dir)
}

fn sorted(json: &Json) -> Json {
    match json {
        Json::Object(object) => {
            let mut out = Map::new();
            for (key, value) in object.iter().filter(|(k, _)| !OF_THE_WRITER.contains(&&***k)) {
                let value = match value {
                    Json::String(_) if RANDOM.contains(&&**key) => "<random>".into(),
                    Json::Array(items) if UNORDERED.contains(&&**key) => in_order(items),
                    other => sorted(other),
                };
                out.insert(key.clone(), value);
            }
            out.into()
        }
        Json::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

fn in_order(items: &[Json]) -> Json {
    let mut items: Vec<(String, Json)> = items.iter().map(|item| (address(item), sorted(item))).collect();
    items.sort_by_cached_key(|(address, item)| (address.clone(), item.to_string()));
    let addresses = items.iter().filter(|(address, _)| !address.is_empty()).count();
    let mut distinct: Vec<&String> = items.iter().map(|(address, _)| address).collect();
    distinct.dedup();
    if addresses == items.len() && distinct.len() == items.len() && !items.is_empty() {
        return Json::Object(items.into_iter().collect());
    }
    items.into_iter().map(|(_, item)| item).collect()
}

fn address(item: &Json) -> String {
    let display = item["address"]["to_display"].as_str();
    let address = item["address"].as_str().or(display).unwrap_or_default();
    let deposed = item.get("deposed").or_else(|| item.get("deposed_key"));
    format!("{address}{}", if deposed.is_some() { " (deposed)" } else { "" })
}

fn named(json: &Json, ids: &Identities, dir: &str) -> Json {
    match json {
        Json::String(text) => ids.name(&text.replace(dir, "<dir>")).into(),
        Json::Array(items) => items.iter().map(|v| named(v, ids, dir)).collect(),
        Json::Object(object) => object.iter().map(|(k, v)| (ids.name(k), named(v, ids, dir))).collect(),
        other => other.clone(),
    }
}

#[test]
fn only_what_differs_by_chance_is_made_the_same() {
    let document = |id: &str, order: [&str; 2], x: &str| {
        let one = |address: &str| serde_json::json!({"address": address, "values": {"id": id, "x": x}});
        serde_json::json!({"timestamp": id, "resources": order.map(one)})
    };
    let [a, b] = ["00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"];
    let normal = |json: &Json| normal(json, &mut Identities::default(), "/x");
    let one = normal(&document(a, ["r.a", "r.b"], "1"));
    assert_eq!(one, normal(&document(b, ["r.b", "r.a"], "1")));
    assert_ne!(one, normal(&document(b, ["r.b", "r.a"], "2")));
}
