//! What errors say and where their carets stand: fixtures with `^` under the place.

use std::path::Path;

use cplan_config::{decode, load, validate};
use cplan_model::{AttrPath, Attribute, Diagnostics, Format, Nesting, ResourceAddr, Schema, Type};

use crate::scope::{empty, folder};

/// Fixtures: configuration with lines `#^^^ id: words` below the lines that they speak of.
const FIXTURES: [(&str, &str); 4] = [
    ("references", include_str!("fixtures/references.tf")),
    ("blocks", include_str!("fixtures/blocks.tf")),
    ("decode", include_str!("fixtures/decode.tf")),
    ("syntax", include_str!("fixtures/syntax.tf")),
];

/// Line, column, id and words of a diagnostic.
type Place = (usize, usize, String, String);

/// What the resources of the fixtures may hold.
fn schema() -> Schema {
    let inner = Schema::new("An interface.", [("address", Attribute::required(Type::String, "Its address."))]);
    Schema::new(
        "A machine.",
        [
            ("cpus", Attribute::optional(Type::Number, "How many.")),
            ("memory", Attribute::optional(Type::String, "How much.").format(Format::Bytes)),
            ("delay", Attribute::optional(Type::String, "How slow.").format(Format::Duration)),
            ("rate", Attribute::optional(Type::String, "How fast.").format(Format::Rate)),
            ("name", Attribute::optional(Type::String, "Its name.")),
            ("id", Attribute::computed(Type::String, "Its id.")),
            ("secret", Attribute::optional(Type::String, "Never shown.").sensitive()),
            ("ports", Attribute::optional(Type::list(Type::Number), "Open ports.")),
        ],
    )
    .block("interface", Nesting::List, 0, Some(2), inner)
}

fn all(dir: &Path) -> (cplan_config::Config, Diagnostics) {
    let (config, mut diagnostics) = load(dir);
    diagnostics.extend(validate(&config, &()));
    for resource in config.root.resources.values().filter(|r| &*r.addr.ty == "t") {
        diagnostics.extend(decode(&resource.body, &schema(), &empty(dir)).1);
    }
    (config, diagnostics)
}

#[test]
fn carets_stand_where_the_fixtures_say() {
    for (name, text) in FIXTURES {
        let mut expected = Vec::new();
        let mut line = 0;
        for (i, row) in text.lines().enumerate() {
            // A caret in the first column is written `#|`.
            let first = row.starts_with("#|").then_some(0);
            if let Some(at) = first.or_else(|| row.find('^').filter(|_| row.trim_start().starts_with('#'))) {
                let rest = row[at..].trim_start_matches(['^', '#', '|']);
                let (id, words) = rest.trim().split_once(": ").unwrap();
                expected.push((line, at + 1, id.to_owned(), words.to_owned()));
            } else {
                line = i + 1;
            }
        }
        let (_dir, _, _) = folder(text);
        let (config, diagnostics) = all(_dir.path());
        let mut found: Vec<_> = diagnostics
            .iter()
            .map(|d| {
                assert!(!d.remedy.is_empty(), "{name}: no remedy: {d:?}");
                let (_, line, column) = config.sources.locate(d.primary.as_ref().unwrap().span).unwrap();
                (line, column, d.id.to_owned(), format!("{}: {} {}", d.summary, d.what, d.remedy))
            })
            .collect();
        found.sort();
        expected.sort();
        let matches = |(a, b): (&Place, &Place)| (a.0, a.1, &a.2) == (b.0, b.1, &b.2) && b.3.contains(&a.3);
        let same = expected.len() == found.len() && expected.iter().zip(&found).all(matches);
        assert!(same, "{name}:\nexpected {expected:#?}\nfound {found:#?}");
    }
}

#[test]
fn places_of_attributes_are_found_again() {
    let text = "resource \"t\" \"a\" {\n  cpus = 1\n  interface {\n    address = \"x\"\n  }\n  interface {\n    address = \"y\"\n  }\n}\n";
    let (dir, config, diagnostics) = folder(text);
    assert!(diagnostics.is_empty());
    let addr = ResourceAddr { mode: cplan_model::Mode::Managed, ty: "t".into(), name: "a".into() };
    let body = &config.root.resources[&addr].body;
    let at = |path: &AttrPath| {
        let span = cplan_config::place(body, path);
        &text[span.start as usize..span.end as usize]
    };
    assert_eq!(at(&AttrPath::attr("cpus")), "1");
    assert_eq!(at(&AttrPath::attr("interface").then_index(1).then_attr("address")), "\"y\"");
    assert!(at(&AttrPath::attr("memory")).starts_with("resource \"t\" \"a\""));
    assert!(!at(&AttrPath::attr("memory")).contains("cpus"));
    drop(dir);
}

#[test]
fn broken_input_never_panics() {
    let deep = format!("a = {}1{}\n", "[".repeat(5000), "]".repeat(5000));
    let chain = format!("locals {{\n  a = 1{}\n}}\n", " + 1".repeat(3000));
    for text in [
        deep.as_str(),
        chain.as_str(),
        "resource",
        "\u{0}",
        "a = \"${",
        "x {",
        "}",
        "= 1",
        "a = <<EOT\nx",
        "\"",
        "locals {\n a = \"\\q\"\n}",
    ] {
        let (dir, _, diagnostics) = folder(text);
        assert!(diagnostics.has_errors(), "{text:.40}");
        drop(dir);
    }
}

#[test]
fn what_cannot_be_read_is_told() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(load(dir.path()).1.iter().next().unwrap().id, "no-configuration");
    assert_eq!(load(&dir.path().join("none")).1.iter().next().unwrap().id, "unreadable");
    std::fs::write(dir.path().join("a.tf"), [0xff, 0xfe]).unwrap();
    assert_eq!(load(dir.path()).1.iter().next().unwrap().id, "unreadable");
}
