//! The real terraform on many expressions at once: a process for each hundred, because it takes longer than twice the
//! time for twice as many, and several processes at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{files, unknowns};

/// Expressions of one process.
const AT_ONCE: usize = 100;

/// Processes at a time.
const BESIDE: usize = 2;

/// Whether terraform runs; where it is required and does not, the test fails.
pub(super) fn runs() -> bool {
    let dir = tempfile::tempdir().unwrap();
    if terraform(dir.path()).arg("version").output().is_ok_and(|o| o.status.success()) {
        return true;
    }
    let required = std::env::var("CPLAN_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|w| w == "terraform"), "terraform is required and does not run");
    println!("skipped: terraform: it is not on PATH");
    false
}

/// Terraform in a folder, without settings of whoever runs the tests.
pub(super) fn terraform(dir: &Path) -> Command {
    let mut command = Command::new("terraform");
    command.env_remove("TF_CLI_CONFIG_FILE").env("CHECKPOINT_DISABLE", "1").env("HOME", dir).current_dir(dir);
    command
}

/// What the console prints for each expression.
pub(super) fn values(all: &[&str]) -> Vec<String> {
    in_parts(all, |dir, part| {
        std::fs::write(dir.join("main.tf"), files::block() + &unknowns::block()).unwrap();
        let mut command = terraform(dir);
        command.arg("console").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // The console prints the value of its last line only, so all are attributes of one object.
        let members: Vec<String> = part.iter().enumerate().map(|(i, e)| format!("k{i:04} = ({e})")).collect();
        let input = format!("{{ {} }}\n", members.join(", "));
        let mut stdin = child.stdin.take().unwrap();
        let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output().unwrap();
        let _ = writer.join().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let text = text.trim().trim_start_matches('{').trim_end_matches('}');
        let key = |i: usize| format!("\n  \"k{i:04}\" = ");
        (0..part.len())
            .map(|i| {
                let begin = text.find(&key(i)).unwrap() + key(i).len();
                let end = text.find(&key(i + 1)).unwrap_or(text.len());
                text[begin..end].trim_end().to_owned()
            })
            .collect()
    })
}

/// Summary and detail of what is wrong with each expression.
pub(super) fn errors(all: &[&str]) -> Vec<Vec<(String, String)>> {
    in_parts(all, |dir, part| {
        let outputs: String = (part.iter().enumerate())
            .map(|(i, e)| format!("output \"o{i}\" {{\n  value = {e}\n  sensitive = true\n}}\n"))
            .collect();
        std::fs::write(dir.join("main.tf"), outputs + &files::block() + &unknowns::block()).unwrap();
        let output = terraform(dir).args(["validate", "-json"]).output().unwrap();
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let mut found: BTreeMap<u64, Vec<(String, String)>> = BTreeMap::new();
        for diagnostic in json["diagnostics"].as_array().unwrap() {
            let line = diagnostic["range"]["start"]["line"].as_u64().unwrap();
            let text = |name: &str| diagnostic[name].as_str().unwrap_or("").to_owned();
            found.entry((line - 1) / 4).or_default().push((text("summary"), text("detail")));
        }
        (0..part.len() as u64).map(|i| found.remove(&i).unwrap_or_default()).collect()
    })
}

/// Line and summary of all that is wrong with the files of a folder, by file.
pub(super) fn refusals(dir: &Path) -> BTreeMap<String, BTreeSet<(usize, String)>> {
    let output = terraform(dir).args(["validate", "-json"]).output().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut found: BTreeMap<String, BTreeSet<(usize, String)>> = BTreeMap::new();
    for diagnostic in json["diagnostics"].as_array().unwrap() {
        let range = &diagnostic["range"];
        let line = usize::try_from(range["start"]["line"].as_u64().unwrap_or_default()).unwrap();
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        found.entry(text(&range["filename"])).or_default().insert((line, text(&diagnostic["summary"])));
    }
    found
}

/// Every part in a furnished folder of its own; the answers in the order of the questions.
fn in_parts<T: Send>(all: &[&str], ask: impl Fn(&Path, &[&str]) -> Vec<T> + Sync) -> Vec<T> {
    let parts: Vec<&[&str]> = all.chunks(AT_ONCE).collect();
    let next = AtomicUsize::new(0);
    let answers: Mutex<BTreeMap<usize, Vec<T>>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..BESIDE {
            scope.spawn(|| {
                while let Some((i, part)) = {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    parts.get(i).map(|part| (i, part))
                } {
                    let dir = tempfile::tempdir().unwrap();
                    files::furnish(dir.path());
                    let answer = ask(dir.path(), part);
                    answers.lock().unwrap().insert(i, answer);
                }
            });
        }
    });
    answers.into_inner().unwrap().into_values().flatten().collect()
}
