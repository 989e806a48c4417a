//! What stands in the files.

use cplan_tests::repository::{files, read};

/// Rust files with their text; generated ones and third-party ones do not exist here.
fn sources() -> Vec<(String, String)> {
    files().into_iter().filter(|f| f.ends_with(".rs")).map(|f| (f.clone(), read(&f))).collect()
}

#[test]
fn no_holes_are_left() {
    // Put together here, so that this file does not find itself.
    let holes = [
        concat!("#[", "ignore"),
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
    ];
    let mut found = Vec::new();
    for (file, text) in sources() {
        for (number, line) in text.lines().enumerate() {
            if holes.iter().any(|hole| line.contains(hole)) {
                found.push(format!("{file}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn long_files_say_why() {
    let long = sources().into_iter().filter(|(_, text)| text.lines().count() > 600);
    let silent: Vec<String> = long
        .filter(|(_, text)| !text.lines().next().is_some_and(|l| l.starts_with("//!") && l.contains("because")))
        .map(|(file, text)| format!("{file}: {} lines, and its first line has no `because`", text.lines().count()))
        .collect();
    assert_eq!(silent, Vec::<String>::new());
}

/// A cause is printed by whoever walks the chain; an error that repeats its own prints it twice.
#[test]
fn errors_do_not_repeat_their_sources() {
    let wrong: Vec<String> = sources()
        .iter()
        .flat_map(|(file, text)| repeated_sources(text).into_iter().map(move |message| format!("{file}: {message}")))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

fn repeated_sources(text: &str) -> Vec<String> {
    let attribute = concat!("#[err", "or(\"");
    let mut pieces = text.split(attribute);
    pieces.next();
    pieces
        .filter_map(|piece| {
            let (message, rest) = piece.split_once("\")]").or_else(|| piece.split_once("\","))?;
            let variant = rest.split_once("\n}").map_or(rest, |(v, _)| v);
            let first = variant.split_once('(').map_or("", |(_, fields)| fields.trim_start());
            let first_is_source = ["#[source]", "#[from]"].iter().any(|a| first.starts_with(a));
            let repeats = message.contains("{source") || (message.contains("{0") && first_is_source);
            repeats.then(|| message.to_owned())
        })
        .collect()
}

#[test]
fn a_repeated_source_is_found() {
    let attribute = concat!("#[err", "or(\"");
    assert_eq!(repeated_sources(&format!("{attribute}no: {{0}}\")]\nIo(#[from] io::Error),")), ["no: {0}"]);
    assert_eq!(repeated_sources(&format!("{attribute}no: {{source}}\")]\nIo {{ source: io::Error }},")).len(), 1);
    assert!(repeated_sources(&format!("{attribute}no {{0}}\")]\nName(String),")).is_empty());
}

#[test]
fn no_path_of_a_developer_machine() {
    let places = [concat!("/wo", "rk/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];
    let mut found = Vec::new();
    for file in files() {
        let Ok(text) = std::fs::read_to_string(cplan_tests::repository::top().join(&file)) else { continue };
        for (number, line) in text.lines().enumerate() {
            let absolute = |place: &&str| {
                line.match_indices(*place).any(|(at, _)| {
                    !line[..at].ends_with(|c: char| {
                        c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | '}' | '$' | '>')
                    })
                })
            };
            if places.iter().any(absolute) {
                found.push(format!("{file}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}
