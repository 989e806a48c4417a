//! Skipping a test aloud, and failing where the capability is demanded.

/// Says that a test is skipped; panics where `CPLAN_REQUIRE` names the capability.
pub(crate) fn skip(capability: &str, why: &str) {
    let required = std::env::var("CPLAN_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|r| r.trim() == capability), "{capability} is required, but {why}");
    println!("skipped: {capability}: {why}");
}
