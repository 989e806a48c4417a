//! Drift entries.

use cplan_engine::{DriftEntry, DriftKind};
use cplan_model::{Marks, Value};
use serde_json::{Value as Json, json};

use super::values::json as value_json;

/// One object: `{address, kind, attributes: [{path, state, world}]}`, or `reason` where it could not be read.
pub(crate) fn entry(entry: &DriftEntry) -> Json {
    let mut out = json!({"address": entry.address.to_string(), "counts": entry.counts()});
    match &entry.kind {
        DriftKind::Changed(changes) => {
            out["kind"] = json!("changed");
            out["attributes"] = changes
                .iter()
                .map(|c| {
                    let marks = if c.sensitive { Marks::SENSITIVE } else { Marks::NONE };
                    let side = |v: &Option<Value>| v.clone().map_or(Json::Null, |v| value_json(&v.mark(marks), false));
                    json!({"path": c.path.to_string(), "state": side(&c.before), "world": side(&c.after)})
                })
                .collect();
        }
        DriftKind::Missing => out["kind"] = json!("missing"),
        DriftKind::LostByRestart => out["kind"] = json!("lost-by-restart"),
        DriftKind::Unreachable(reason) => {
            out["kind"] = json!("unreachable");
            out["reason"] = json!(reason);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use cplan_model::{AttrChange, AttrPath};

    #[test]
    fn secrets_stay_secret() {
        let change = AttrChange {
            path: AttrPath::attr("token"),
            before: Some(Value::string("hunter2")),
            after: None,
            sensitive: true,
            forces_replace: false,
        };
        let drifted = DriftEntry { address: "a.b".parse().unwrap(), kind: DriftKind::Changed(vec![change]) };
        assert_eq!(
            entry(&drifted),
            json!({"address": "a.b", "counts": true, "kind": "changed",
                "attributes": [{"path": "token", "state": "(sensitive value)", "world": null}]})
        );
    }
}
