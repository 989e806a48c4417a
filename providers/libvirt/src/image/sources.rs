//! Where a guest's apt gets packages from: the host's mirrors of Debian.

use super::resolution::Recipe;
use crate::apt::Mirror;

/// Of a host that is no Debian.
const DEFAULT_RELEASE: &str = "bookworm";

/// A name for these sources, for a folder of their package lists.
pub(super) fn name(lines: &[String]) -> String {
    let mut recipe = Recipe::new("sources");
    lines.iter().for_each(|line| recipe.add(line));
    let digest = recipe.digest();
    let suite = lines.first().and_then(|line| line.split(' ').nth(2)).unwrap_or(DEFAULT_RELEASE);
    format!("{suite}-{}", &digest[..8])
}

/// The release of the host's own sources.
fn release(mirrors: &[Mirror]) -> Option<&str> {
    mirrors.iter().map(|m| m.codename.as_str()).find(|codename| !codename.contains('-'))
}

/// The sources of a release (the host's own by default) as lines of a `sources.list`, from the mirrors that the host uses.
pub(super) fn of(mirrors: &[Mirror], suite: Option<&str>) -> Vec<String> {
    let default = |uri: &str, codename: String| Mirror { uri: uri.into(), codename, component: "main".into() };
    let own = release(mirrors).map(str::to_owned);
    let suite = suite.map(str::to_owned).or_else(|| own.clone()).unwrap_or_else(|| DEFAULT_RELEASE.to_owned());
    let fallback;
    let mirrors = if own.is_some() {
        mirrors
    } else {
        let debian = "http://deb.debian.org/debian";
        fallback = [
            default(debian, suite.clone()),
            default(debian, format!("{suite}-updates")),
            default("http://deb.debian.org/debian-security", format!("{suite}-security")),
        ];
        &fallback[..]
    };
    // Unstable has neither updates nor security archives of its own.
    let rolling = ["sid", "unstable", "experimental"].contains(&suite.as_str());
    let mut lines: Vec<(String, Vec<&str>)> = Vec::new();
    for mirror in mirrors {
        let (_, part) = mirror.codename.split_once('-').unwrap_or((&mirror.codename, ""));
        if rolling && !part.is_empty() || !["", "updates", "security"].contains(&part) {
            continue;
        }
        let archive = if part.is_empty() { suite.clone() } else { format!("{suite}-{part}") };
        let start = format!("deb {} {archive}", mirror.uri);
        match lines.iter_mut().find(|(line, _)| *line == start) {
            Some((_, components)) if components.contains(&mirror.component.as_str()) => {}
            Some((_, components)) => components.push(&mirror.component),
            None => lines.push((start, vec![&mirror.component])),
        }
    }
    lines.into_iter().map(|(start, components)| format!("{start} {}", components.join(" "))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirror(uri: &str, codename: &str, component: &str) -> Mirror {
        Mirror { uri: uri.into(), codename: codename.into(), component: component.into() }
    }

    #[test]
    fn the_mirrors_of_the_host_serve_any_release() {
        let host = [
            mirror("http://m/debian", "bookworm", "main"),
            mirror("http://m/debian", "bookworm", "contrib"),
            mirror("http://m/debian", "bookworm-backports", "main"),
            mirror("http://s/security", "bookworm-security", "main"),
        ];
        assert_eq!(
            of(&host, None),
            ["deb http://m/debian bookworm main contrib", "deb http://s/security bookworm-security main"]
        );
        assert_eq!(of(&host, Some("trixie"))[1], "deb http://s/security trixie-security main");
        assert_eq!(of(&host, Some("sid")), ["deb http://m/debian sid main contrib"]);
        assert_eq!(of(&[], None)[0], "deb http://deb.debian.org/debian bookworm main");
        assert_eq!(of(&[], None).len(), 3);
    }
}
