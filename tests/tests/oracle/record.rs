//! Terraform's answers kept from an earlier run, for those who work on cplan: `CPLAN_ORACLE_RECORDS` names a folder for
//! them. Without it terraform is asked anew every time.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;

use serde_json::Value as Json;

use super::answer::Answer;
use super::case::Case;

/// The answers of an earlier run of the same case.
pub(crate) fn read(case: &Case) -> Option<Vec<Answer>> {
    let json: Json = serde_json::from_str(&std::fs::read_to_string(file(case)?).ok()?).ok()?;
    json.as_array()?.iter().map(Answer::from_json).collect()
}

/// Keeps them.
pub(crate) fn write(case: &Case, answers: &[Answer]) {
    let Some(file) = file(case) else { return };
    let json: Json = answers.iter().map(Answer::to_json).collect();
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, json.to_string()).unwrap();
}

fn file(case: &Case) -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("CPLAN_ORACLE_RECORDS")?);
    // What is kept is normalised already.
    let mut hasher = DefaultHasher::new();
    (include_str!("normal.rs"), case.text()).hash(&mut hasher);
    Some(folder.join(format!("{:016x}.json", hasher.finish())))
}
