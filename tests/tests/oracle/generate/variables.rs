//! Where the values of variables come from, at random: every source there is, in any number and order.

use std::collections::BTreeMap;

use super::Random;
use crate::oracle::case::{Case, Step};

/// A value in the syntax of a file, of JSON, and of a flag.
type Spelled = (&'static str, &'static str, &'static str);

/// Types with values in the syntax of a file, of JSON, and of a flag.
const TYPES: [(&str, &[Spelled]); 7] = [
    ("", &[("\"a\"", "\"a\"", "a"), ("\"b c\"", "\"b c\"", "b c"), ("5", "5", "5"), ("true", "true", "[]")]),
    ("string", &[("\"x\"", "\"x\"", "x"), ("12", "12", "012"), ("false", "false", "null"), ("null", "null", "")]),
    ("number", &[("1", "1", "1"), ("\"2.50\"", "\"2.5\"", "2.50"), ("-3e2", "-3e2", "-3e2"), ("\"y\"", "\"y\"", "y")]),
    (
        "bool",
        &[("true", "true", "true"), ("\"false\"", "\"false\"", "false"), ("1", "1", "1"), ("null", "null", "null")],
    ),
    (
        "list(string)",
        &[("[1, \"a\"]", "[1, \"a\"]", "[1, \"a\"]"), ("[]", "[]", "[]"), ("[\n  true,\n]", "[true]", "[true]")],
    ),
    (
        "object({ a = number, b = optional(string, \"d\") })",
        &[
            ("{ a = 1 }", "{\"a\": 1}", "{a=1}"),
            ("{ a = \"2\", b = \"x\", c = 3 }", "{\"a\": \"2\", \"b\": \"x\"}", "{a=\"2\",b=5}"),
            ("{ a = 1, b = null }", "{\"a\": 1, \"b\": null}", "{ a = 1, b = null }"),
            ("{ b = 1 }", "{}", "{}"),
        ],
    ),
    (
        "any",
        &[
            ("[1, \"a\"]", "[1, \"a\"]", "[1, \"a\"]"),
            ("{ k = [true] }", "{\"k\": [true]}", "{k=[true]}"),
            ("\"t\"", "\"t\"", "\"t\""),
        ],
    ),
];

/// Files that are read without being named, in no particular order.
const AUTOMATIC: [&str; 7] = [
    "terraform.tfvars",
    "terraform.tfvars.json",
    "a.auto.tfvars",
    "a.auto.tfvars.json",
    "b.auto.tfvars",
    "B.auto.tfvars",
    "10.auto.tfvars.json",
];

/// The case of a seed.
pub(crate) fn case(seed: u64) -> Case {
    let mut random = Random::new(seed);
    let mut main = String::new();
    let mut values = Vec::new();
    for name in ["v", "w"] {
        let (ty, some) = random.pick(&TYPES);
        main += &format!("variable \"{name}\" {{\n");
        if !ty.is_empty() {
            main += &format!("  type = {ty}\n");
        }
        if random.chance(60) {
            main += &format!("  default = {}\n", some[0].0);
        }
        if random.chance(20) {
            main += "  nullable = false\n";
        }
        if random.chance(15) {
            main += "  sensitive = true\n";
        }
        main += "}\n";
        main += &format!("output \"{name}\" {{\n  value = var.{name}\n  sensitive = true\n}}\n");
        values.push((name, *some));
    }
    let mut files = BTreeMap::from([("main.tf".to_owned(), main)]);
    let mut env = Vec::new();
    let mut command = vec!["plan".to_owned()];
    // Mostly values that fit: the last of each type often does not.
    let draw = |random: &mut Random| {
        let (name, some) = *random.pick(&values);
        let at = if random.chance(90) { random.below(some.len() - 1) } else { some.len() - 1 };
        let (file, json, flag) = some[at];
        (name, file, json, flag)
    };
    for name in AUTOMATIC {
        if random.chance(25) {
            let text = file(name, &mut random, draw);
            files.insert(name.to_owned(), text);
        }
    }
    for name in ["v", "w"] {
        if random.chance(25) {
            let (of, _, _, flag) = draw(&mut random);
            if of == name {
                env.push((format!("TF_VAR_{name}"), flag.to_owned()));
            }
        }
    }
    for i in 0..random.below(4) {
        if random.chance(50) {
            let (name, _, _, flag) = draw(&mut random);
            command.extend(["-var".to_owned(), format!("{name}={flag}")]);
        } else {
            let name = format!("f{i}.tfvars{}", if random.chance(30) { ".json" } else { "" });
            let text = file(&name, &mut random, draw);
            files.insert(name.clone(), text);
            command.push(format!("-var-file={name}"));
        }
    }
    let files = files.into_iter().map(|(name, text)| (name, Some(text))).collect();
    Case { id: format!("generated-variables/{seed}"), steps: vec![Step { files, env, command }] }
}

type Drawn = (&'static str, &'static str, &'static str, &'static str);

fn file(name: &str, random: &mut Random, draw: impl Fn(&mut Random) -> Drawn) -> String {
    let mut members = BTreeMap::new();
    for _ in 0..=random.below(2) {
        let (variable, file, json, _) = draw(random);
        members.insert(variable, if name.ends_with(".json") { json } else { file });
    }
    if name.ends_with(".json") {
        let members: Vec<String> = members.iter().map(|(k, v)| format!("\"{k}\": {v}")).collect();
        return format!("{{{}}}\n", members.join(", "));
    }
    members.iter().map(|(k, v)| format!("{k} = {v}\n")).collect()
}
