//! Records as JSON.

use cplan_sdk::ProviderError;

use crate::record::RunRecord;

/// `run.json`: indented, its fields are those of [`RunRecord`], latencies in milliseconds, absent statistics null.
pub fn run(record: &RunRecord) -> Result<String, ProviderError> {
    let mut text = serde_json::to_string_pretty(record)
        .map_err(|e| ProviderError::failed("the record cannot be written as JSON").source(e))?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use crate::record::{RunRecord, tests::record};

    #[test]
    fn reads_back() {
        let (record, _) = record();
        let text = super::run(&record).unwrap();
        assert_eq!(serde_json::from_str::<RunRecord>(&text).unwrap(), record);
        assert!(text.contains("\"p95_ms\": 7.0") && text.contains("\"stdev_ms\": null"), "{text}");
    }
}
