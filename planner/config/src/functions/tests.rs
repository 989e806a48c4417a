//! The table as a whole, and what the real terraform cannot judge: functions that answer differently each time.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cplan_model::{Diagnostic, Type, Value};
use flate2::read::GzDecoder;

use super::{Context, Failure, Outcome, function, names};
use crate::{Clock, Reference, Scope};

/// Terraform's functions as of 1.11, in order.
const NAMES: &str = "
    abs abspath alltrue anytrue base64decode base64encode base64gzip base64sha256 base64sha512 basename bcrypt
    can ceil chomp chunklist cidrhost cidrnetmask cidrsubnet cidrsubnets coalesce coalescelist compact concat
    contains csvdecode dirname distinct element endswith ephemeralasnull file filebase64 filebase64sha256
    filebase64sha512 fileexists filemd5 fileset filesha1 filesha256 filesha512 flatten floor format formatdate
    formatlist indent index issensitive join jsondecode jsonencode keys length log lookup lower matchkeys max
    md5 merge min nonsensitive one parseint pathexpand plantimestamp pow range regex regexall replace reverse
    rsadecrypt sensitive setintersection setproduct setsubtract setunion sha1 sha256 sha512 signum slice sort
    split startswith strcontains strrev substr sum templatefile templatestring textdecodebase64 textencodebase64
    timeadd timecmp timestamp title tobool tolist tomap tonumber toset tostring transpose trim trimprefix
    trimspace trimsuffix try upper urlencode uuid uuidv5 values yamldecode yamlencode zipmap
";

#[test]
fn the_table_is_that_of_terraform() {
    let wanted: BTreeSet<&str> = NAMES.split_whitespace().collect();
    assert_eq!(wanted.len(), 118);
    assert_eq!(names().collect::<BTreeSet<_>>(), wanted);
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new("terraform")
        .args(["metadata", "functions", "-json"])
        .env_remove("TF_CLI_CONFIG_FILE")
        .env("CHECKPOINT_DISABLE", "1")
        .env("HOME", dir.path())
        .current_dir(dir.path())
        .output();
    let Some(output) = output.ok().filter(|o| o.status.success()) else {
        let required = std::env::var("CPLAN_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|w| w == "terraform"), "terraform is required and does not run");
        println!("skipped: terraform: it is not on PATH");
        return;
    };
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let signatures = document["function_signatures"].as_object().unwrap();
    for (name, signature) in signatures.iter().filter(|(name, _)| !name.contains("::")) {
        // A later terraform may know more; none may know less.
        let Some(ours) = function(name) else {
            assert!(!wanted.contains(name.as_str()) || matches!(name.as_str(), "try" | "can"), "{name}");
            continue;
        };
        let theirs = signature["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
        let theirs: Vec<&str> = theirs.iter().map(|p| p["name"].as_str().unwrap()).collect();
        assert_eq!(ours.params.iter().map(|p| p.name).collect::<Vec<_>>(), theirs, "{name}");
        let rest = signature["variadic_parameter"]["name"].as_str();
        assert_eq!(ours.variadic.as_ref().map(|p| p.name), rest, "{name}");
    }
    assert!(wanted.iter().all(|name| signatures.contains_key(*name)));
}

/// A scope with nothing but a clock.
struct Clocked(Clock);

impl Scope for Clocked {
    fn lookup(&self, _: &Reference) -> Result<Value, Diagnostic> {
        Err(Diagnostic::error("undeclared", "Undeclared", "Not in this test."))
    }

    fn module_dir(&self) -> &Path {
        Path::new(".")
    }

    fn clock(&self) -> Clock {
        self.0
    }
}

fn call(clock: Clock, name: &str, arguments: &[Value]) -> Outcome {
    let scope = Clocked(clock);
    let source = cplan_model::SourceMap::default().add("x.tf", String::new());
    let mut context = Context { dir: Path::new("."), scope: &scope, source, depth: 0, returns: Type::String };
    (function(name).unwrap().call)(&mut context, arguments)
}

fn clock(planned: Option<u64>, now: Option<u64>) -> Clock {
    let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
    Clock { planned: planned.map(at), now: now.map(at) }
}

#[test]
fn times_are_those_of_the_clock() {
    let at = |clock, name| call(clock, name, &[]).unwrap();
    assert_eq!(at(clock(Some(951_782_399), None), "plantimestamp").as_str(), Some("2000-02-28T23:59:59Z"));
    assert_eq!(at(clock(Some(0), Some(951_782_400)), "timestamp").as_str(), Some("2000-02-29T00:00:00Z"));
    let fine = Clock { now: Some(SystemTime::UNIX_EPOCH + Duration::from_millis(1_999)), planned: None };
    assert_eq!(at(fine, "timestamp").as_str(), Some("1970-01-01T00:00:01Z"));
}

#[test]
fn what_differs_each_time_is_unknown_until_apply() {
    let planning = clock(Some(0), None);
    for (name, arguments) in [("timestamp", vec![]), ("uuid", vec![]), ("bcrypt", vec![Value::string("x")])] {
        let value = call(planning, name, &arguments).unwrap();
        assert!(!value.is_known() && value.ty() == Type::String, "{name}: {value:?}");
    }
    assert!(!call(Clock::default(), "plantimestamp", &[]).unwrap().is_known());
    let applying = clock(Some(0), Some(1));
    let one = call(applying, "uuid", &[]).unwrap();
    let other = call(applying, "uuid", &[]).unwrap();
    assert_ne!(one, other);
    assert!(uuid::Uuid::try_parse(one.as_str().unwrap()).is_ok());
}

#[test]
fn passwords_are_hashed_with_the_cost_that_is_asked_for() {
    let applying = clock(Some(0), Some(1));
    let hash = |arguments: &[Value]| call(applying, "bcrypt", arguments);
    let hashed = hash(&[Value::string("pässword"), Value::number(5)]).unwrap();
    assert!(hashed.as_str().unwrap().starts_with("$2a$05$"));
    assert!(bcrypt::verify("pässword", hashed.as_str().unwrap()).unwrap());
    assert!(!bcrypt::verify("other", hashed.as_str().unwrap()).unwrap());
    let wrong = |arguments: &[Value]| match hash(arguments) {
        Err(Failure::Call(why)) => why,
        other => panic!("{other:?}"),
    };
    let word = Value::string("x");
    assert!(wrong(&[word.clone(), Value::number(32)]).contains("cost 32 is outside allowed range (4,31)"));
    assert!(wrong(&[word.clone(), Value::number(4.5)]).contains("whole number"));
    assert!(wrong(&[word, Value::number(4), Value::number(4)]).contains("no more than two arguments"));
    assert!(wrong(&[Value::string("x".repeat(73))]).contains("exceeds 72 bytes"));
}

#[test]
fn what_is_compressed_can_be_read_again() {
    for text in ["", "hello", &"wörds ".repeat(1_000)] {
        let packed = call(Clock::default(), "base64gzip", &[Value::string(text)]).unwrap();
        let bytes = BASE64_STANDARD.decode(packed.as_str().unwrap()).unwrap();
        let mut read = String::new();
        GzDecoder::new(&*bytes).read_to_string(&mut read).unwrap();
        assert_eq!(read, text);
    }
}
