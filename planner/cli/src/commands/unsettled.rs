//! What a plan beside open intents has to say of itself.

use cplan_model::Diagnostic;
use cplan_store::Reading;

/// A warning where operations were begun and are not settled: what they left is looked up by the next apply only.
pub(super) fn warning(reading: &Reading) -> Option<Diagnostic> {
    let operations = match reading.intents.len() {
        0 => return None,
        1 => "1 operation".to_owned(),
        n => format!("{n} operations"),
    };
    Some(if reading.held {
        let what = format!("A running command has {operations} under way, and what comes of them is not seen here.");
        Diagnostic::warning("operations-under-way", "Another command is at work", what)
            .remedy("Run this again when it has ended.")
    } else {
        let what = format!(
            "An interrupted run left {operations} unsettled; the next apply looks there first, so it may find something else to do."
        );
        Diagnostic::warning("unsettled-operations", "An interrupted run is not settled", what)
            .remedy("Run `cplan apply`; `cplan destroy` settles as well.")
    })
}
