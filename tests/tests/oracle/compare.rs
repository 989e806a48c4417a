//! Two programs' answers side by side.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value as Json;

use super::answer::{Answer, REFUSED};

/// One difference: where, and what both say.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    /// `FILE/CASE 3 plan: resource_changes[terraform_data.a].change.actions[0]`
    pub(crate) place: String,
    pub(crate) theirs: String,
    pub(crate) ours: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n    terraform: {}\n    cplan:     {}", self.place, self.theirs, self.ours)
    }
}

/// The differences between two sequences of answers to the same case.
pub(crate) fn compare(case: &str, theirs: &[Answer], ours: &[Answer]) -> Vec<Difference> {
    let mut found = Vec::new();
    for (i, (theirs, ours)) in theirs.iter().zip(ours).enumerate() {
        let place = format!("{case} {} {}", i + 1, theirs.command);
        let before = found.len();
        compare_answers(&place, theirs, ours, &mut found);
        // What follows a failure of one side only says nothing new.
        if found.len() > before && (theirs.status == 1) != (ours.status == 1) {
            return found;
        }
    }
    if theirs.len() != ours.len() {
        let (theirs, ours) = (theirs.len().to_string(), ours.len().to_string());
        found.push(Difference { place: format!("{case}: answers"), theirs, ours });
    }
    found
}

fn compare_answers(place: &str, theirs: &Answer, ours: &Answer, found: &mut Vec<Difference>) {
    if theirs.status != ours.status {
        found.push(Difference {
            place: format!("{place}: status"),
            theirs: format!("{} {:?}", theirs.status, theirs.errors),
            ours: format!("{} {:?} {}", ours.status, ours.errors, short(&ours.said)),
        });
        return;
    }
    // One error may hide another, and which is told first is chance: one in common is enough.
    if theirs.errors.is_disjoint(&ours.errors) && !(theirs.errors.is_empty() && ours.errors.is_empty()) {
        let (theirs, ours) = (format!("{:?}", theirs.errors), format!("{:?}", ours.errors));
        found.push(Difference { place: format!("{place}: errors"), theirs, ours });
    }
    if theirs.warnings != ours.warnings {
        let (theirs, ours) = (format!("{:?}", theirs.warnings), format!("{:?}", ours.warnings));
        found.push(Difference { place: format!("{place}: warnings"), theirs, ours });
    }
    let names: BTreeSet<&String> = theirs.documents.keys().chain(ours.documents.keys()).collect();
    for name in names {
        let place = format!("{place}: {name}");
        match (theirs.documents.get(name), ours.documents.get(name)) {
            (Some(theirs), Some(ours)) if name == REFUSED => refusals(&place, theirs, ours, found),
            (Some(theirs), Some(ours)) => walk(&place, theirs, ours, found),
            (theirs, ours) => found.push(difference(&place, theirs, ours)),
        }
    }
}

/// Refused lines: one expression may be wrong in several ways, so one summary in common is enough.
fn refusals(place: &str, theirs: &Json, ours: &Json, found: &mut Vec<Difference>) {
    let none = serde_json::Map::new();
    let [a, b] = [theirs, ours].map(|v| v.as_object().unwrap_or(&none));
    let lines: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    for line in lines {
        let [a, b] = [a, b].map(|v| v.get(line));
        let all = |v: Option<&Json>| v.and_then(Json::as_array).cloned().unwrap_or_default();
        if !all(a).iter().any(|summary| all(b).contains(summary)) {
            found.push(difference(&format!("{place} {line}"), a, b));
        }
    }
}

fn walk(place: &str, theirs: &Json, ours: &Json, found: &mut Vec<Difference>) {
    match (theirs, ours) {
        (Json::Object(a), Json::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let plain = key.chars().all(|c| c.is_alphanumeric() || c == '_');
                let place = if plain { format!("{place}.{key}") } else { format!("{place}[{key}]") };
                match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => walk(&place, a, b, found),
                    (a, b) => found.push(difference(&place, a, b)),
                }
            }
        }
        (Json::Array(a), Json::Array(b)) if a.len() == b.len() => {
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                walk(&format!("{place}[{i}]"), a, b, found);
            }
        }
        (a, b) if a != b => found.push(difference(place, Some(a), Some(b))),
        _ => {}
    }
}

fn difference(place: &str, theirs: Option<&Json>, ours: Option<&Json>) -> Difference {
    let text = |v: Option<&Json>| v.map_or("(absent)".to_owned(), |v| short(&v.to_string()));
    Difference { place: place.to_owned(), theirs: text(theirs), ours: text(ours) }
}

fn short(text: &str) -> String {
    let mut short: String = text.chars().take(400).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(status: i32, error: Option<&str>, document: Json) -> Answer {
        Answer {
            command: "plan".into(),
            status,
            errors: error.map(str::to_owned).into_iter().collect(),
            documents: [("plan".to_owned(), document)].into(),
            ..Answer::default()
        }
    }

    #[test]
    fn a_difference_names_its_place() {
        let theirs = answer(2, None, json!({"a": {"r.x[0]": [1, 2]}, "same": 1}));
        let ours = answer(2, None, json!({"a": {"r.x[0]": [1, 3]}, "same": 1, "more": null}));
        let places: Vec<String> = compare("c", &[theirs], &[ours]).into_iter().map(|d| d.place).collect();
        assert_eq!(places, ["c 1 plan: plan.a[r.x[0]][1]", "c 1 plan: plan.more"]);
    }

    #[test]
    fn another_status_another_error_and_a_missing_step_are_differences() {
        let one = [answer(1, Some("Cycle"), json!(null))];
        assert!(compare("c", &one, &one).is_empty());
        assert_eq!(compare("c", &one, &[answer(0, None, json!(null))]).len(), 1);
        assert_eq!(compare("c", &one, &[answer(1, Some("Other"), json!(null))]).len(), 1);
        assert_eq!(compare("c", &one, &[answer(1, None, json!(null))]).len(), 1);
        assert_eq!(compare("c", &[one.clone(), one.clone()].concat(), &one).len(), 1);
    }
}
