//! Continuum's wireless presets (`infrastructure/network.py` there: latency, its variance and throughput of the links to
//! endpoints).

use super::spec::Spec;

/// The values of `wireless`.
pub(super) const NAMES: [&str; 2] = ["4g", "5g"];

/// The links of a preset: key and content; `None` for an unknown name.
pub(super) fn preset(name: &str) -> Option<[(&'static str, Spec); 2]> {
    let rate = match name {
        "4g" => "7.21mbit",
        "5g" => "29.66mbit",
        _ => return None,
    };
    Some([("cloud-endpoint", Spec::of("45ms", "5ms", rate)), ("edge-endpoint", Spec::of("7.5ms", "2.5ms", rate))])
}
