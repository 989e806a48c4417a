//! Odd configurations, each with whether it is taken, and where and how it is refused: as the real terraform does, which
//! was asked for each; where it answers otherwise, the case says so. What is refused only when values are known (an
//! import id that is null) is taken here and refused by the plan.

use std::fmt::Write as _;
use std::path::Path;

use cplan_config::{decode, evaluate, load, load_with, validate};
use cplan_model::{Attribute, Diagnostics, Schema, Severity, Type, Value};

use crate::scope::empty;

/// Cases: `### name`, `=> verdict`, and files, each after `--- name`.
const SUITES: [(&str, &str); 9] = [
    ("check-conditions-lifecycle", include_str!("language/check-conditions-lifecycle.txt")),
    ("import-removed", include_str!("language/import-removed.txt")),
    ("json", include_str!("language/json.txt")),
    ("meta-arguments", include_str!("language/meta-arguments.txt")),
    ("module-sources", include_str!("language/module-sources.txt")),
    ("moved", include_str!("language/moved.txt")),
    ("overrides", include_str!("language/overrides.txt")),
    ("overrides-more", include_str!("language/overrides-more.txt")),
    ("providers", include_str!("language/providers.txt")),
];

struct Case<'t> {
    name: &'t str,
    verdict: &'t str,
    files: Vec<(&'t str, String)>,
}

fn cases(text: &str) -> Vec<Case<'_>> {
    let mut out: Vec<Case<'_>> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("### ") {
            out.push(Case { name, verdict: "", files: Vec::new() });
            continue;
        }
        let case = out.last_mut().unwrap();
        if let (true, Some(verdict)) = (case.files.is_empty(), line.strip_prefix("=> ")) {
            case.verdict = verdict;
        } else if let Some(file) = line.strip_prefix("--- ") {
            case.files.push((file, String::new()));
        } else {
            writeln!(case.files.last_mut().unwrap().1, "{line}").unwrap();
        }
    }
    out
}

fn write(dir: &Path, files: &[(&str, String)]) {
    for (name, text) in files {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn terraform_data() -> Schema {
    Schema::new(
        "Data.",
        [
            ("id", Attribute::computed(Type::String, "Its id.")),
            ("input", Attribute::optional(Type::Dynamic, "What it holds.")),
            ("output", Attribute::computed(Type::Dynamic, "What it holds.")),
            ("triggers_replace", Attribute::optional(Type::Dynamic, "What replaces it.")),
        ],
    )
}

/// All that is wrong, in the form of a verdict.
fn judge(dir: &Path) -> String {
    let (config, mut found) = load(dir);
    found.extend(validate(&config, &()));
    for resource in config.root.resources.values().filter(|r| &*r.addr.ty == "terraform_data") {
        // Values are nobody's matter here: names are answered with an error that is not counted.
        let wrong = decode(&resource.body, &terraform_data(), &empty(dir)).1;
        found.extend(
            wrong
                .into_iter()
                .filter(|d| d.id.contains("argument") || d.id.contains("block") || d.id == "dynamic-block"),
        );
    }
    let errors = found.iter().filter(|d| d.severity == Severity::Error);
    let first = errors.clone().next();
    for d in errors {
        assert!(!d.remedy.is_empty() && !d.what.is_empty(), "{d:?}");
    }
    match first {
        None => "accepted".to_owned(),
        Some(d) => {
            let place = d.primary.as_ref().and_then(|l| config.sources.locate(l.span));
            let place = place.map(|(path, line, column)| format!("{}:{line}:{column}", path.display()));
            format!("refused at {}: {}", place.unwrap_or_default(), d.summary)
        }
    }
}

#[test]
fn odd_configurations_are_judged_as_terraform_judges_them() {
    let (mut wrong, mut count) = (String::new(), 0);
    for (suite, text) in SUITES {
        for case in cases(text) {
            let dir = tempfile::tempdir().unwrap();
            write(dir.path(), &case.files);
            let found = judge(dir.path());
            let expected = case.verdict.split(" (terraform: ").next().unwrap();
            count += 1;
            if found != expected {
                writeln!(wrong, "{suite}, {}:\n  expected {expected}\n  found    {found}", case.name).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count > 500, "{count}");
}

/// What a file in JSON says and the same in the native syntax.
const TWINS: [(&str, &str); 14] = [
    (r#""a\n\t\"q\" \\ \/ \u00e9 \ud83d\ude00 $${x} %%{y} $ %""#, r#""a\n\t\"q\" \\ / é 😀 $${x} %%{y} $ %""#),
    (r#""${\"in \\\"q\\\" ${1+1}\"}""#, r#""in \"q\" 2""#),
    (r#""${[1,2]}""#, "[1, 2]"),
    (r#"" ${1}""#, r#"" 1""#),
    (r#"{"${upper(\"k\")}": 1, "x y": 2, "//": 3}"#, r#"{ K = 1, "x y" = 2, "//" = 3 }"#),
    (r#""a\\nb ${\"x\\ny\"}""#, r#""a\\nb x\ny""#),
    (r#""${\n[1,\n2]\n}""#, "[1, 2]"),
    (r#""%{ for x in [1,2] }${x},%{ endfor }%{ if true ~}  y %{ endif }""#, r#""1,2,y ""#),
    (r#""%{ if true }a\"b\\n\n\t\\ $${x} é%{ else }no%{ endif } z\"q""#, r#""a\"b\\n\n\t\\ $${x} é z\"q""#),
    (r#""a\n${~ \"b\" ~}\n c""#, r#""ab c""#),
    (r#""${<<EOT\nhello\nEOT\n}""#, r#""hello\n""#),
    (
        "[1, 1.5, -2, 1e3, 123456789012345678901234567890, true, null]",
        "[1, 1.5, -2, 1000, 123456789012345678901234567890, true, null]",
    ),
    (r#""$$${1}""#, r#""$$${1}""#),
    (r#""true""#, r#""true""#),
];

#[test]
fn json_says_what_the_native_syntax_says() {
    let dir = tempfile::tempdir().unwrap();
    let (mut json, mut native) = (Vec::new(), String::new());
    for (i, (one, other)) in TWINS.iter().enumerate() {
        json.push(format!("\"j{i}\": {{\"value\": {one}}}"));
        writeln!(native, "output \"n{i}\" {{\n  value = {other}\n}}").unwrap();
    }
    std::fs::write(dir.path().join("a.tf.json"), format!("{{\"output\": {{{}}}}}", json.join(",\n"))).unwrap();
    std::fs::write(dir.path().join("b.tf"), native).unwrap();
    let (config, found) = load(dir.path());
    assert!(found.is_empty(), "{found:?}");
    let value = |name: String| {
        let (value, found) = evaluate(&config.root.outputs[name.as_str()].value, &empty(dir.path()));
        assert!(found.is_empty(), "{name}: {found:?}");
        value
    };
    for (i, (one, _)) in TWINS.iter().enumerate() {
        assert_eq!(value(format!("j{i}")), value(format!("n{i}")), "{one}");
    }
}

#[test]
fn nested_blocks_of_json_follow_the_schema() {
    let rule = Schema::new("A rule.", [("port", Attribute::optional(Type::Number, "Its port."))]);
    let attributes = [("tags", Attribute::optional(Type::Dynamic, "Notes."))];
    let schema = Schema::new("A wall.", attributes)
        .block("rule", cplan_model::Nesting::List, 0, None, rule.clone())
        .block("none", cplan_model::Nesting::List, 0, None, rule);
    let decoded = |body: &str| -> (Value, Diagnostics) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.tf.json"), format!("{{\"resource\": {{\"t\": {{\"a\": {body}}}}}}}"))
            .unwrap();
        let (config, found) = load(dir.path());
        assert!(found.is_empty(), "{found:?}");
        decode(&config.root.resources.values().next().unwrap().body, &schema, &empty(dir.path()))
    };
    let ports = |value: &Value| -> Vec<Option<u64>> {
        value.get("rule").unwrap().children().map(|r| r.get("port").unwrap().as_u64()).collect()
    };
    let (value, found) = decoded(
        r#"{"//": "c", "rule": [{"port": 1}, {"//": "c", "port": "2"}], "none": [], "tags": {"port": 3, "//": 4}}"#,
    );
    assert!(found.is_empty(), "{found:?}");
    assert_eq!(ports(&value), [Some(1), Some(2)]);
    assert_eq!(value.get("tags").unwrap().children().count(), 2);
    let (value, found) = decoded(
        r#"{"rule": {"port": 1}, "dynamic": {"rule": {"for_each": [7, 8], "content": {"port": "${rule.value}"}}}}"#,
    );
    assert!(found.is_empty(), "{found:?}");
    assert_eq!(ports(&value), [Some(1), Some(7), Some(8)]);
    for (body, id) in [
        (r#"{"rule": 5}"#, "invalid-json"),
        (r#"{"rule": {"prot": 1}}"#, "unsupported-argument"),
        (r#"{"ruel": {"port": 1}}"#, "unsupported-argument"),
    ] {
        let (_, found) = decoded(body);
        assert_eq!(found.iter().map(|d| d.id).collect::<Vec<_>>(), [id], "{body}");
    }
}

#[test]
fn sources_of_modules_follow_given_variables() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &'static str, text: &str| (name, text.to_owned());
    write(
        dir.path(),
        &[
            file(
                "main.tf",
                "variable \"kind\" {}\nmodule \"p\" {\n  source = \"./p\"\n  kind   = var.kind\n}\nmodule \"q\" {\n  source = \"./p\"\n  kind   = \"b\"\n}\n",
            ),
            file(
                "p/main.tf",
                "variable \"kind\" {}\nlocals {\n  dir = \"./${lower(var.kind)}\"\n}\nmodule \"m\" {\n  source = local.dir\n}\n",
            ),
            file("p/a/main.tf", "output \"a\" {\n  value = 1\n}\n"),
            file("p/b/main.tf", "output \"b\" {\n  value = 1\n}\n"),
        ],
    );
    let (config, found) = load_with(dir.path(), &|config| {
        assert!(config.root.variables.contains_key("kind"));
        [("kind".into(), Value::string("A"))].into()
    });
    assert!(found.is_empty(), "{found:?}");
    let outputs =
        |call: &str| config.root.calls[call].module.calls["m"].module.outputs.keys().cloned().collect::<Vec<_>>();
    assert_eq!((outputs("p"), outputs("q")), (vec!["a".into()], vec!["b".into()]));
    assert_eq!(config.sources.iter().count(), 4);
    let (_, found) = load(dir.path());
    assert_eq!(found.iter().map(|d| d.id).collect::<Vec<_>>(), ["module-source"]);
}
