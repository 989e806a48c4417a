//! The records of runs on disk.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use cplan_sdk::ProviderError;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::export;
use crate::samples::{Samples, Sums};
use crate::statistics::Summary;

/// `run.json`: everything of a run but its samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// The version of this format: 1.
    pub format: u32,
    /// The name of the folder.
    pub run_id: String,
    /// The identity of the resource, by which an interrupted apply finds it again.
    pub identity: String,
    /// The apply that ran it.
    pub apply: String,
    /// UTC, RFC 3339.
    pub started_at: String,
    /// [`crate::Inputs::digest`]
    pub digest: String,
    /// [`crate::Inputs::essence`]: what the digest is of.
    pub inputs: Json,
    /// The sha256 of the guest binary.
    pub guest: String,
    /// Over all endpoints.
    pub all: Summary,
    /// By endpoint.
    pub endpoints: BTreeMap<String, Summary>,
    /// What each publisher counted itself, warm-up included.
    pub publishers: BTreeMap<String, Sums>,
    /// What each worker said at its end: received, answered, service times. By worker and broker.
    pub workers: BTreeMap<String, Json>,
}

/// The folder of all runs.
pub(crate) fn runs_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("runs")
}

/// Writes the folder of a run: all of it appears, durably, or nothing.
pub(crate) fn write(
    data_dir: &Path,
    record: &RunRecord,
    samples: &BTreeMap<String, Samples>,
) -> Result<PathBuf, ProviderError> {
    let runs = runs_dir(data_dir);
    let folder = runs.join(&record.run_id);
    let begun = runs.join(format!(".{}.writing", record.run_id));
    let files = [
        ("run.json", export::json::run(record)?),
        ("summary.csv", export::csv::summary(record)),
        ("samples.csv", export::csv::samples(samples)),
    ];
    let attempt = || {
        fs::create_dir_all(&begun)?;
        for (name, text) in &files {
            let mut file = File::create(begun.join(name))?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
        }
        File::open(&begun)?.sync_all()?;
        fs::rename(&begun, &folder)?;
        File::open(&runs)?.sync_all()
    };
    attempt().map_err(|e: std::io::Error| {
        ProviderError::failed(format!("the records of run {} cannot be written to {}", record.run_id, runs.display()))
            .remedy("Make room there, or make the folder writable.")
            .source(e)
    })?;
    Ok(folder)
}

/// The record of the run that an identity made, if it was completed.
pub(crate) fn find(data_dir: &Path, identity: &str) -> Option<RunRecord> {
    let folders = fs::read_dir(runs_dir(data_dir)).ok()?;
    folders
        .flatten()
        .filter(|f| !f.file_name().to_string_lossy().starts_with('.'))
        .filter_map(|f| serde_json::from_slice::<RunRecord>(&fs::read(f.path().join("run.json")).ok()?).ok())
        .find(|record| record.identity == identity)
}

/// Removes what a run that was cut off while it wrote left behind; `short` ends its name.
pub(crate) fn remove_unfinished(data_dir: &Path, short: &str) {
    let end = format!("-{short}.writing");
    for folder in fs::read_dir(runs_dir(data_dir)).into_iter().flatten().flatten() {
        if folder.file_name().to_string_lossy().ends_with(&end) {
            let _ = fs::remove_dir_all(folder.path());
        }
    }
}

/// The files of a run that are missing.
pub(crate) fn missing(data_dir: &Path, run_id: &str) -> Vec<PathBuf> {
    let folder = runs_dir(data_dir).join(run_id);
    ["run.json", "summary.csv", "samples.csv"].map(|f| folder.join(f)).into_iter().filter(|f| !f.exists()).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A record and its samples.
    pub(crate) fn record() -> (RunRecord, BTreeMap<String, Samples>) {
        let output = b"{\"format\":1,\"sent\":2,\"received\":1,\"lost\":1,\"duplicates\":0,\"max_lateness_ns\":9,\
            \"started_unix_ns\":1}\nsequence,warmup,intended_ns,lateness_ns,latency_ns,service_ns\n\
            0,0,0,9,7000000,5\n1,0,500,3,,\n";
        let samples = Samples::parse(output).unwrap();
        let record = RunRecord {
            format: 1,
            run_id: "20261122-190700-mqtt-1a2b3c4d".into(),
            identity: "1a2b3c4d".into(),
            apply: "20261122-190659-ffff".into(),
            started_at: "2026-11-22T19:07:00Z".into(),
            digest: "d".into(),
            inputs: Json::Null,
            guest: "g".into(),
            all: samples.summary(),
            endpoints: [("e0".to_owned(), samples.summary())].into(),
            publishers: [("e0".to_owned(), samples.sums.clone())].into(),
            workers: BTreeMap::new(),
        };
        (record, [("e0".to_owned(), samples)].into())
    }

    #[test]
    fn what_is_written_is_found_by_identity() {
        let dir = tempfile::tempdir().unwrap();
        let (record, samples) = record();
        assert_eq!(find(dir.path(), "1a2b3c4d"), None);
        let folder = write(dir.path(), &record, &samples).unwrap();
        assert_eq!(find(dir.path(), "1a2b3c4d"), Some(record.clone()));
        assert_eq!(find(dir.path(), "other"), None);
        assert_eq!(missing(dir.path(), &record.run_id), Vec::<PathBuf>::new());
        fs::remove_file(folder.join("samples.csv")).unwrap();
        assert_eq!(missing(dir.path(), &record.run_id), [folder.join("samples.csv")]);
    }

    #[test]
    fn half_a_run_is_not_found() {
        let dir = tempfile::tempdir().unwrap();
        let (record, samples) = record();
        let folder = write(dir.path(), &record, &samples).unwrap();
        fs::rename(&folder, folder.with_file_name(format!(".{}.writing", record.run_id))).unwrap();
        assert_eq!(find(dir.path(), "1a2b3c4d"), None);
    }
}
