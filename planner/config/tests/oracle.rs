//! The same expressions here and in the real terraform: values as its console prints them, errors as it words them.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use cplan_config::evaluate;
use cplan_model::{Kind, Type, Value};

use crate::scope::{empty, expressions};

pub(crate) mod files;

/// Expressions with values, one per line; lines with `#` in front are remarks.
const VALUES: &str = concat!(include_str!("oracle/values.txt"), include_str!("oracle/texts.txt"));
/// Expressions with errors; behind `~` those of which we say the same in other words.
const ERRORS: &str = concat!(include_str!("oracle/errors.txt"), include_str!("oracle/texts-errors.txt"));

fn lines(text: &str) -> Vec<&str> {
    let remark = |l: &&str| l.is_empty() || l.starts_with('#');
    text.lines().map(str::trim).map(|l| l.strip_prefix("~ ").unwrap_or(l)).filter(|l| !remark(l)).collect()
}

/// Whether terraform runs; where it is required and does not, the test fails.
fn terraform(dir: &Path) -> Option<Command> {
    let command = || {
        let mut command = Command::new("terraform");
        command.env_remove("TF_CLI_CONFIG_FILE").env("CHECKPOINT_DISABLE", "1").env("HOME", dir).current_dir(dir);
        command
    };
    if command().arg("version").output().is_ok_and(|o| o.status.success()) {
        return Some(command());
    }
    let required = std::env::var("CPLAN_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|w| w == "terraform"), "terraform is required and does not run");
    println!("skipped: terraform: it is not on PATH");
    None
}

#[test]
fn values_are_those_of_terraform() {
    let all = lines(VALUES);
    let (dir, exprs, diagnostics) = expressions(&all);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let work = tempfile::tempdir().unwrap();
    files::furnish(dir.path());
    files::furnish(work.path());
    std::fs::write(work.path().join("main.tf"), files::block()).unwrap();
    let Some(mut command) = terraform(work.path()) else { return };
    let mut child =
        command.arg("console").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The console prints the value of its last line only, so all are attributes of one object.
    let members: Vec<String> = all.iter().enumerate().map(|(i, e)| format!("k{i:04} = ({e})")).collect();
    let input = format!("{{ {} }}\n", members.join(", "));
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{failed}");
    let text = text.trim().trim_start_matches('{').trim_end_matches('}');
    let mut wrong = String::new();
    for (i, (source, expr)) in all.iter().zip(&exprs).enumerate() {
        let (value, diagnostics) = evaluate(expr.as_ref().unwrap(), &empty(dir.path()));
        let mut ours = diagnostics.iter().map(|d| format!("error: {}", d.what)).collect::<Vec<_>>().join("\n");
        if !diagnostics.has_errors() {
            ours = console(&value, 2);
        }
        let key = |i: usize| format!("\n  \"k{i:04}\" = ");
        let begin = text.find(&key(i)).unwrap() + key(i).len();
        let end = text.find(&key(i + 1)).unwrap_or(text.len());
        let theirs = text[begin..end].trim_end();
        if ours != theirs {
            write!(wrong, "{source}\n  ours:   {ours}\n  theirs: {theirs}\n").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn errors_are_those_of_terraform() {
    let all = lines(ERRORS);
    let (dir, exprs, diagnostics) = expressions(&all);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let work = tempfile::tempdir().unwrap();
    files::furnish(dir.path());
    files::furnish(work.path());
    let Some(mut command) = terraform(work.path()) else { return };
    let text = std::fs::read_to_string(dir.path().join("main.tf")).unwrap() + &files::block();
    std::fs::write(work.path().join("main.tf"), text).unwrap();
    let output = command.args(["validate", "-json"]).output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut wrong = String::new();
    for (i, (source, expr)) in all.iter().zip(&exprs).enumerate() {
        let own_words = ERRORS.lines().any(|line| line.strip_prefix("~ ") == Some(source));
        let (_, diagnostics) = evaluate(expr.as_ref().unwrap(), &empty(dir.path()));
        let line = 3 * i + 2;
        let theirs: Vec<(String, String)> = (json["diagnostics"].as_array().unwrap().iter())
            .filter(|d| d["range"]["start"]["line"].as_u64() == Some(line as u64))
            .map(|d| (d["summary"].as_str().unwrap().to_owned(), d["detail"].as_str().unwrap_or("").to_owned()))
            .collect();
        let ours: Vec<_> = diagnostics.iter().collect();
        if ours.is_empty() {
            write!(wrong, "{source}\n  is no error here; theirs: {theirs:?}\n").unwrap();
            continue;
        }
        assert!(ours.iter().all(|d| d.primary.is_some() && !d.remedy.is_empty()), "{source}: {ours:?}");
        let same = theirs.iter().any(|(summary, detail)| {
            let detail = detail.split_whitespace().collect::<Vec<_>>().join(" ");
            *summary == ours[0].summary && (own_words || detail.contains(ours[0].what.trim_end_matches('.')))
        });
        if !same {
            write!(wrong, "{source}\n  ours:   {}: {}\n  theirs: {theirs:?}\n", ours[0].summary, ours[0].what).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_layout_is_that_of_terraform() {
    let work = tempfile::tempdir().unwrap();
    let mut wrong = String::new();
    for text in
        [include_str!("oracle/ugly.tf"), include_str!("fixtures/decode.tf"), include_str!("fixtures/references.tf")]
    {
        let ours = cplan_config::format(text).unwrap();
        assert_eq!(cplan_config::format(&ours).unwrap(), ours);
        let Some(mut command) = terraform(work.path()) else { return };
        let mut child = command.args(["fmt", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let theirs = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        for (a, b) in ours.lines().zip(theirs.lines()).filter(|(a, b)| a != b) {
            write!(wrong, "ours:   {a}\ntheirs: {b}\n").unwrap();
        }
        if ours.lines().count() != theirs.lines().count() {
            write!(wrong, "ours:\n{ours}theirs:\n{theirs}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// A value as `terraform console` prints it.
fn console(value: &Value, indent: usize) -> String {
    if value.marks().is_sensitive() {
        return "(sensitive value)".into();
    }
    let pad = " ".repeat(indent + 2);
    let end = " ".repeat(indent);
    let list = |items: &[Value]| {
        if items.is_empty() {
            return "[]".to_owned();
        }
        let lines: String = items.iter().map(|v| format!("{pad}{},\n", console(v, indent + 2))).collect();
        format!("[\n{lines}{end}]")
    };
    match value.kind() {
        Kind::Null(Type::Bool) => "tobool(null)".into(),
        Kind::Null(Type::Number) => "tonumber(null)".into(),
        Kind::Null(Type::String) => "tostring(null)".into(),
        Kind::Null(_) => "null".into(),
        Kind::Unknown(_) => "(known after apply)".into(),
        Kind::Bool(b) => b.to_string(),
        Kind::Number(n) => n.to_string(),
        Kind::String(s) => format!("{s:?}"),
        Kind::List(_, items) => format!("tolist({})", list(items)),
        Kind::Set(_, items) => format!("toset({})", list(items)),
        Kind::Tuple(items) => list(items),
        Kind::Map(_, items) | Kind::Object(items) => {
            let body = if items.is_empty() {
                "{}".to_owned()
            } else {
                let lines: String =
                    items.iter().map(|(k, v)| format!("{pad}{k:?} = {}\n", console(v, indent + 2))).collect();
                format!("{{\n{lines}{end}}}")
            };
            if matches!(value.kind(), Kind::Map(..)) { format!("tomap({body})") } else { body }
        }
    }
}
