//! Random identities: every run has its own, so they are named by whose they are.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// The names of the identities that one side has seen so far in a case.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    names: BTreeMap<String, String>,
    count: BTreeMap<String, usize>,
}

impl Identities {
    /// Learns the identities of the objects of a document: an object that was replaced has a second one.
    pub(crate) fn learn(&mut self, json: &Json) {
        match json {
            Json::Object(object) => {
                if let Some(address) = object.get("address").and_then(Json::as_str) {
                    let values = [&json["change"]["before"], &json["values"], &json["change"]["after"]];
                    for id in values.into_iter().filter_map(|v| v["id"].as_str()).filter(|id| is_uuid(id)) {
                        if !self.names.contains_key(id) {
                            let count = self.count.entry(address.to_owned()).or_default();
                            *count += 1;
                            self.names.insert(id.to_owned(), format!("<id {count} of {address}>"));
                        }
                    }
                }
                object.values().for_each(|v| self.learn(v));
            }
            Json::Array(items) => items.iter().for_each(|v| self.learn(v)),
            _ => {}
        }
    }

    /// A text with the names instead; an identity of nobody known is `<uuid>`.
    pub(crate) fn name(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.char_indices().find(|&(at, _)| rest.get(at..at + 36).is_some_and(is_uuid)) {
            let (before, from) = rest.split_at(at.0);
            let (id, after) = from.split_at(36);
            out.push_str(before);
            out.push_str(self.names.get(id).map_or("<uuid>", |name| name));
            rest = after;
        }
        out + rest
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit() && !b.is_ascii_uppercase(),
        })
}

#[test]
fn identities_are_named_by_their_objects() {
    let mut names = Identities::default();
    let id = |n: u8| format!("0000000{n}-0000-0000-0000-000000000000");
    names.learn(&serde_json::json!({"address": "a.b", "change": {"before": {"id": id(1)}, "after": {"id": id(2)}}}));
    let text = format!("x {} {}{}", id(1), id(2), id(3));
    assert_eq!(names.name(&text), "x <id 1 of a.b> <id 2 of a.b><uuid>");
}
