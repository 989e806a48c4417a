//! What a program answered to a command.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

/// The document of refused lines: the summaries of each.
pub(crate) const REFUSED: &str = "refused";

/// Normalised, so that equal answers are equal.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Answer {
    /// The command: `plan`; those that a step runs besides its own have names of their own.
    pub(crate) command: String,
    /// The exit status; -1 when a signal ended it.
    pub(crate) status: i32,
    /// The summaries of its errors.
    pub(crate) errors: BTreeSet<String>,
    /// The summaries of its warnings.
    pub(crate) warnings: BTreeSet<String>,
    /// Documents and texts that it gave, by name.
    pub(crate) documents: BTreeMap<String, Json>,
    /// All that it said, for the report.
    pub(crate) said: String,
}

impl Answer {
    pub(crate) fn to_json(&self) -> Json {
        json!({
            "command": self.command, "status": self.status, "errors": self.errors, "warnings": self.warnings,
            "documents": self.documents, "said": self.said,
        })
    }

    pub(crate) fn from_json(json: &Json) -> Option<Answer> {
        let texts = |key: &str| {
            let texts = json[key].as_array().into_iter().flatten();
            texts.filter_map(|v| v.as_str().map(str::to_owned)).collect()
        };
        Some(Answer {
            command: json["command"].as_str()?.to_owned(),
            status: i32::try_from(json["status"].as_i64()?).ok()?,
            errors: texts("errors"),
            warnings: texts("warnings"),
            documents: json["documents"].as_object()?.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
            said: json["said"].as_str()?.to_owned(),
        })
    }
}

#[test]
fn an_answer_survives_its_recording() {
    let mut answer = Answer { command: "plan".into(), status: 2, said: "x".into(), ..Answer::default() };
    answer.errors.insert("Cycle".into());
    answer.documents.insert("plan".into(), json!({"a": [1]}));
    assert_eq!(Answer::from_json(&answer.to_json()), Some(answer));
}
