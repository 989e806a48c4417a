//! Time zones by name: a machine has that of its host unless it is told another.

use std::path::{Path, PathBuf};

/// Where the zones lie on the host and on every system with tzdata.
const ZONES: &str = "/usr/share/zoneinfo";

/// The name of this host's zone; `Etc/UTC` where it says nothing that is known.
pub(super) fn of_this_host() -> String {
    let linked = std::fs::read_link("/etc/localtime").ok();
    let linked = linked.and_then(|target| name_in(&target));
    let written = || std::fs::read_to_string("/etc/timezone").ok().map(|text| text.trim().to_owned());
    linked.or_else(written).filter(|name| is_name(name)).unwrap_or_else(|| "Etc/UTC".to_owned())
}

fn name_in(target: &Path) -> Option<String> {
    let text = target.to_string_lossy();
    Some(text.split_once("zoneinfo/")?.1.to_owned())
}

/// Whether this can be the name of a zone: it becomes part of a path.
pub(super) fn is_name(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-".contains(&b))
    };
    name.len() < 64 && name.split('/').all(part)
}

/// The rules of a zone (tzfile(5)); `None` where this host does not know it. UTC needs no file.
pub(super) fn rules(name: &str) -> Option<Vec<u8>> {
    if !is_name(name) {
        return None;
    }
    let bytes = std::fs::read(PathBuf::from(ZONES).join(name)).ok();
    let bytes = bytes.filter(|bytes| bytes.starts_with(b"TZif"));
    bytes.or_else(|| ["Etc/UTC", "UTC"].contains(&name).then(|| UTC.to_vec()))
}

/// What tzdata has for UTC, in its first version: one type of time, at no distance, called UTC (RFC 8536).
const UTC: &[u8] =
    b"TZif\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x04\0\0\0\0\0\0UTC\0";

/// A script that sets the zone of a running machine; its standard input is the rules.
pub(super) fn script(name: &str) -> String {
    let name = cplan_sdk::quote(name);
    format!(
        "set -e; rm -f /etc/localtime; if [ -e {ZONES}/{name} ]; then cat >/dev/null; ln -s {ZONES}/{name} /etc/localtime; \
         else cat >/etc/localtime; fi; echo {name} >/etc/timezone"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        for name in ["Europe/Amsterdam", "Etc/GMT+5", "America/Argentina/Buenos_Aires", "UTC"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "/etc/passwd", "../x", "Europe/../../x", "a b", "Europe/"] {
            assert!(!is_name(name) && rules(name).is_none(), "{name}");
        }
        assert_eq!(name_in(Path::new("../usr/share/zoneinfo/Europe/Amsterdam")), Some("Europe/Amsterdam".to_owned()));
    }

    #[test]
    fn utc_is_always_known() {
        assert_eq!(UTC.len(), 44 + 6 + 4);
        assert!(rules("Etc/UTC").is_some_and(|bytes| bytes.starts_with(b"TZif")));
    }
}
