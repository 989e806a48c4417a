//! Every diagnostic has an id and a fixture that shows it, whole text and all.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use cplan_tests::repository::{files, read, top};

/// What no configuration and no command brings about, and why.
const NOT_BY_INPUT: [(&str, &str); 20] = [
    ("failed", "names a machine's failure in the lines of -json only, where the time stands beside it"),
    ("import-unreachable", "a provider answers so, and none that is here does"),
    ("forward-port-taken", "hangs on what else listens on the host; software/forwards.rs brings it about"),
    ("host-bridge-files", "hangs on what configures the host; the tests of the bridge bring it about"),
    ("host-bridge-lease", "hangs on where the host has its address from; the tests of the bridge bring it about"),
    ("host-bridge-networkmanager", "hangs on what configures the host, as above"),
    ("image-foreign", "hangs on what the host can emulate"),
    ("image-no-emulator", "hangs on the programs of the host"),
    ("image-needs-root", "hangs on who runs the command"),
    ("interrupted", "hangs on the moment at which Ctrl-C comes"),
    ("machine-kvm", "hangs on the processor of the host"),
    ("machine-no-emulator", "hangs on what libvirt's host can emulate; host/lacking.rs brings it about"),
    ("machine-no-firmware", "hangs on its firmware, as above"),
    ("machine-no-quota", "hangs on the cgroups that libvirtd sees; host/lacking.rs brings it about"),
    ("missing-block", "no resource that is here has a block that must stand there: a machine's may be left out"),
    ("netem-missing", "`cplan doctor` shows it as a finding, without its id; hangs on the host"),
    ("no-plan", "the planner always gives a plan or a reason"),
    ("ssh-client-missing", "a finding, as above"),
    ("tc-missing", "a finding, as above"),
    ("unknown-template-variable", "the names in a template are looked up before it is rendered: function-argument"),
];

/// The fixtures are all run, and their texts compared as a whole (`refusals.rs`), so an id that stands in one was shown.
#[test]
fn every_diagnostic_has_a_fixture() {
    let (given, shown) = (given(), shown());
    let exempt: BTreeSet<&str> = NOT_BY_INPUT.iter().map(|(id, _)| *id).collect();
    let missing: Vec<String> = given
        .iter()
        .filter(|(id, _)| !shown.contains(*id) && !exempt.contains(id.as_str()))
        .map(|(id, places)| format!("{id}: {}", places.join(", ")))
        .collect();
    assert!(missing.is_empty(), "{} of {} have no fixture:\n{}", missing.len(), given.len(), missing.join("\n"));
    let needless: Vec<&&str> = exempt.iter().filter(|id| shown.contains(**id) || !given.contains_key(**id)).collect();
    assert!(needless.is_empty(), "they have a fixture, or are gone: {needless:?}");
    let made_up: Vec<&String> = shown.iter().filter(|id| !given.contains_key(*id)).collect();
    assert!(made_up.is_empty(), "fixtures show ids that no source has: {made_up:?}");
}

#[test]
fn diagnostic_ids_are_kebab_case() {
    let wrong: Vec<String> = given().into_keys().filter(|id| !is_id(id)).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// The ids in the texts of the fixtures: the last line of each diagnostic.
fn shown() -> BTreeSet<String> {
    let fixtures = top().join("tests/tests/refusals");
    let texts =
        fs::read_dir(fixtures).unwrap().filter_map(|e| fs::read_to_string(e.unwrap().path().join("expected.txt")).ok());
    texts.flat_map(|text| text.lines().filter_map(id_line).map(str::to_owned).collect::<Vec<_>>()).collect()
}

fn id_line(line: &str) -> Option<&str> {
    line.trim().strip_prefix("= [")?.strip_suffix(']').filter(|id| is_id(id))
}

/// The ids that the sources give, with where.
fn given() -> BTreeMap<String, Vec<String>> {
    let product = |f: &String| {
        f.ends_with(".rs")
            && ["planner/", "providers/", "state/"].iter().any(|top| f.starts_with(top))
            && !["/tests/", "/tests.rs", "/benches/"].iter().any(|part| f.contains(part))
    };
    let sources: Vec<(String, String)> =
        files().into_iter().filter(product).map(|f| (f.clone(), code(&read(&f)))).collect();
    let mut found = BTreeMap::<String, Vec<String>>::new();
    // Functions that only pass an id on are looked for in the whole package.
    let mut carriers = BTreeMap::<&str, BTreeSet<String>>::new();
    for (file, text) in &sources {
        for at in constructions(text) {
            let argument = text[at..].trim_start();
            if literal(argument).is_some() {
                continue;
            }
            let carrier =
                carried(text, at, argument).unwrap_or_else(|| panic!("{file}: whence the id? {argument:.60}"));
            match carrier {
                Origin::Call(name) => _ = carriers.entry(package(file)).or_default().insert(name),
                Origin::Here(ids) => ids.into_iter().for_each(|id| found.entry(id).or_default().push(file.clone())),
            }
        }
    }
    for (file, text) in &sources {
        let calls = carriers.get(package(file)).into_iter().flatten();
        let calls = calls.flat_map(|name| ends(text, &format!("{name}(")).collect::<Vec<_>>());
        for at in constructions(text).into_iter().chain(calls) {
            if let Some(id) = literal(text[at..].trim_start()).filter(|id| is_id(id)) {
                let places = found.entry(id.to_owned()).or_default();
                if !places.contains(file) {
                    places.push(file.clone());
                }
            }
        }
    }
    assert!(found.len() > 100, "only {} ids were found", found.len());
    found
}

/// Where an id comes from that is not written where the diagnostic is made.
#[derive(Debug, PartialEq)]
enum Origin {
    /// The callers of this function or closure write it.
    Call(String),
    /// It is one of these.
    Here(Vec<String>),
}

fn carried(text: &str, at: usize, argument: &str) -> Option<Origin> {
    if argument.starts_with("kind.id()") {
        let (_, body) = text.split_once("fn id(self) -> &'static str {")?;
        let arms = body.split_once("\n    }\n")?.0.split("=> \"").skip(1);
        return Some(Origin::Here(arms.filter_map(|arm| Some(arm.split_once('"')?.0.to_owned())).collect()));
    }
    if !argument.starts_with("id,") {
        return None;
    }
    let before = &text[..at];
    let tuple = before.rfind("let (id, ");
    let closure = before.rfind("= |id,");
    let function = before.rfind("id: &'static str");
    let last = tuple.max(closure).max(function)?;
    if tuple == Some(last) {
        let ids = before[last..].match_indices("(\"").chain(before[last..].match_indices("(\n"));
        let ids = ids.filter_map(|(i, _)| literal(before[last + i + 1..].trim_start()).filter(|id| is_id(id)));
        return Some(Origin::Here(ids.map(str::to_owned).collect()));
    }
    let name = if closure == Some(last) {
        before[..last].trim_end().rsplit(' ').next()?
    } else {
        before[..last].rsplit_once("fn ")?.1.split_once('(')?.0
    };
    Some(Origin::Call(name.to_owned()))
}

/// Where the arguments begin of all that makes a diagnostic.
fn constructions(text: &str) -> Vec<usize> {
    ["Diagnostic::error(", "Diagnostic::warning(", "CommandError::told("]
        .iter()
        .flat_map(|call| ends(text, call))
        .collect()
}

/// The ends of every place where this stands as a whole word.
fn ends<'a>(text: &'a str, words: &'a str) -> impl Iterator<Item = usize> + 'a {
    let whole = |at: usize| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    text.match_indices(words).filter(move |(at, _)| whole(*at)).map(|(at, found)| at + found.len())
}

fn literal(text: &str) -> Option<&str> {
    Some(text.strip_prefix('"')?.split_once('"')?.0)
}

fn is_id(id: &str) -> bool {
    id.split('-').all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()))
}

/// A file without the tests at its end.
fn code(text: &str) -> String {
    text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned()
}

fn package(file: &str) -> &str {
    file.split_once("/src/").map_or(file, |(package, _)| package)
}

#[test]
fn ids_are_found_where_they_are_written() {
    let closure = "let mut fail = |id, what| Diagnostic::error(id, what);";
    assert_eq!(carried(closure, constructions(closure)[0], "id, what"), Some(Origin::Call("fail".into())));
    let function = "fn refuse(key: &str, id: &'static str) { Diagnostic::error(id, \"x\") }";
    assert_eq!(carried(function, constructions(function)[0], "id, \"x\""), Some(Origin::Call("refuse".into())));
    let tuple =
        "let (id, what) = if a { (\"one-id\", \"A b\") } else { (\n \"two\", \"\") }; Diagnostic::error(id, what)";
    let ids = Origin::Here(vec!["one-id".into(), "two".into()]);
    assert_eq!(carried(tuple, constructions(tuple)[0], "id, what"), Some(ids));
    assert_eq!(carried("Diagnostic::error(name(), \"x\")", 18, "name(), \"x\""), None);
    assert_eq!(id_line("   = [null-value]"), Some("null-value"));
    assert_eq!(id_line("   = a [null-value]"), None);
}
