//! Folders of files: modules, variables, files of values, dynamic blocks.

use std::path::Path;

use cplan_config::{
    RuleKind, VariableFlag, check_rules, collect_variables, decode, evaluate, load, load_saved, prepare_variable,
    validate,
};
use cplan_model::{Attribute, Marks, Nesting, Schema, Type, Value};

use crate::scope::{Fixed, empty, expressions, folder};

fn write(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[test]
fn modules_are_loaded_once_and_shown_relative() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        "top/main.hcl",
        "module \"a\" {\n  source = \"../lib\"\n  x = 1\n}\nmodule \"b\" {\n  source = \"../lib\"\n  x = 2\n}\n",
    );
    write(dir.path(), "top/more.tf", "output \"o\" {\n  value = module.a.y\n}\n");
    write(dir.path(), "top/other.pkr.hcl", "this is not ours");
    write(dir.path(), "lib/main.tf", "variable \"x\" {}\noutput \"y\" {\n  value = var.x\n}\n");
    let (config, diagnostics) = load(&dir.path().join("top"));
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    assert!(validate(&config, &()).is_empty());
    let paths: Vec<_> = config.sources.iter().map(|(_, f)| f.path.display().to_string()).collect();
    assert_eq!(paths, ["main.hcl", "more.tf", "../lib/main.tf"]);
    assert!(std::sync::Arc::ptr_eq(&config.root.calls["a"].module, &config.root.calls["b"].module));

    // What was read can be read again where nothing of it is left, with the same places.
    let saved = load_saved(Path::new("/nowhere/top"), config.sources.iter().map(|(_, f)| (&*f.path, &*f.text)));
    assert!(saved.1.is_empty(), "{:?}", saved.1);
    assert_eq!(saved.0.sources.iter().map(|(_, f)| f.path.display().to_string()).collect::<Vec<_>>(), paths);
    assert_eq!(saved.0.root.outputs["o"].span, config.root.outputs["o"].span);
    assert_eq!(saved.0.root.calls["b"].module.dir, Path::new("/nowhere/lib"));
}

#[test]
fn circles_and_wrong_calls_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        "main.tf",
        "module \"a\" {\n  source = \"./a\"\n}\nmodule \"r\" {\n  source = \"hashicorp/consul/aws\"\n}\n",
    );
    write(dir.path(), "a/main.tf", "module \"b\" {\n  source = \"../b\"\n}\n");
    write(dir.path(), "b/main.tf", "module \"a\" {\n  source = \"../a\"\n}\n");
    let (_, diagnostics) = load(dir.path());
    let found: Vec<_> = diagnostics.iter().map(|d| (d.id, d.what.clone())).collect();
    assert_eq!(found[0], ("module-cycle", "The module calls go in a circle: a -> b -> a.".to_owned()));
    assert_eq!(found[1].0, "module-source");

    let (_dir, config, _) = folder("module \"m\" {\n  source = \"./m\"\n  sise = 1\n}\n");
    write(_dir.path(), "m/main.tf", "variable \"size\" {}\n");
    drop(config);
    let (config, _) = load(_dir.path());
    let found: Vec<_> = validate(&config, &()).into_iter().map(|d| (d.id, d.remedy)).collect();
    assert_eq!(found[0], ("unsupported-argument", "Did you mean `size`?".to_owned()));
    assert_eq!(found[1].0, "missing-argument");
}

#[test]
fn the_last_given_value_wins() {
    let text = "variable \"a\" {}\nvariable \"n\" {\n  type = number\n}\nvariable \"l\" {\n  type = list(string)\n  default = []\n}\nvariable \"s\" {\n  default = \"d\"\n  sensitive = true\n}\n";
    let (dir, config, _) = folder(text);
    let env = |k: &str, v: &str| (k.to_owned(), v.to_owned());
    let a = |env: &[(String, String)], flags: &[VariableFlag]| {
        let (values, diagnostics) = collect_variables(&config, env, flags);
        (values.values["a"].clone(), diagnostics)
    };
    let mut envs = vec![env("TF_VAR_a", "tf"), env("TF_VAR_n", "5"), env("TF_VAR_l", "[\"x\"]")];
    assert_eq!(a(&envs, &[]).0, Value::string("tf"));
    envs.insert(0, env("CPLAN_VAR_a", "cplan"));
    assert_eq!(a(&envs, &[]).0, Value::string("cplan"));
    write(dir.path(), "terraform.tfvars", "a = \"file\"\nunknown = 1\n");
    let (value, diagnostics) = a(&envs, &[]);
    assert_eq!(value, Value::string("file"));
    assert_eq!(diagnostics.iter().map(|d| d.id).collect::<Vec<_>>(), ["undeclared-variable"]);
    assert!(!diagnostics.has_errors());
    write(dir.path(), "terraform.tfvars.json", "{\"a\": \"json\"}");
    assert_eq!(a(&envs, &[]).0, Value::string("json"));
    write(dir.path(), "b.auto.tfvars", "a = \"auto b\"\n");
    write(dir.path(), "a.auto.tfvars", "a = \"auto a\"\n");
    assert_eq!(a(&envs, &[]).0, Value::string("auto b"));
    write(dir.path(), "x.tfvars", "a = \"named\"\n");
    let named = VariableFlag::File(dir.path().join("x.tfvars"));
    assert_eq!(a(&envs, &[VariableFlag::Value("a=flag".into()), named.clone()]).0, Value::string("named"));
    assert_eq!(a(&envs, &[named, VariableFlag::Value("a=2".into())]).0, Value::string("2"));
    assert!(a(&envs, &[VariableFlag::Value("b=1".into())]).1.has_errors());
    let (cplan_config::Variables { values, given }, _) = collect_variables(&config, &envs, &[]);
    assert_eq!(values["n"], Value::number(5));
    assert_eq!(given["n"], Value::string("5"), "as it was given");
    assert!(!given.contains_key("s"), "nobody gave it");
    assert_eq!(values["l"], Value::list(Type::String, [Value::string("x")]));
    assert!(values["s"].marks().is_sensitive());
    let (_, diagnostics) = collect_variables(&config, &[], &[]);
    let missing: Vec<_> = diagnostics.iter().filter(|d| d.id == "missing-variable").collect();
    assert_eq!(missing.len(), 1, "a has a file, n has nothing");
}

#[test]
fn text_for_any_is_an_expression() {
    let (_dir, config, _) = folder("variable \"any\" {\n  type = any\n}\nvariable \"none\" {}\n");
    let given = |name: &str, text: &str| {
        let mut flags = vec![VariableFlag::Value("any=1".into()), VariableFlag::Value("none=1".into())];
        flags.push(VariableFlag::Value(format!("{name}={text}")));
        let (values, diagnostics) = collect_variables(&config, &[], &flags);
        if diagnostics.has_errors() { Err(diagnostics) } else { Ok(values.values[name].clone()) }
    };
    assert_eq!(given("any", "5").unwrap(), Value::number(5));
    assert_eq!(given("any", "[true]").unwrap(), Value::tuple([Value::bool(true)]));
    assert_eq!(given("none", "[true]").unwrap(), Value::string("[true]"));
    for text in ["word", "[1,", "upper(\"x\")"] {
        assert!(given("any", text).is_err(), "{text}");
    }
}

#[test]
fn optional_attributes_null_and_rules() {
    let text = "variable \"t\" {\n  type = map(object({ n = number, m = optional(string, \"1GiB\"), o = optional(object({ p = optional(bool, true) }), {}) }))\n  nullable = false\n  default = {}\n  validation {\n    condition = length(var.t) < 2\n    error_message = \"At most one.\"\n  }\n}\n";
    let (dir, config, diagnostics) = folder(text);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let variable = &config.root.variables["t"];
    let one = Value::object([("a", Value::object([("n", Value::string("2"))]))]);
    let (value, diagnostics) = prepare_variable(variable, "t", one, None);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let a = value.get("a").unwrap();
    assert_eq!(a.get("n"), Some(&Value::number(2)));
    assert_eq!(a.get("m"), Some(&Value::string("1GiB")));
    assert_eq!(a.get("o").unwrap().get("p"), Some(&Value::bool(true)));
    let (value, _) = prepare_variable(variable, "t", Value::null(Type::Dynamic), None);
    assert_eq!(value.as_map().unwrap().len(), 0);
    let bad = Value::object([("a", Value::object([("m", Value::string("x"))]))]);
    assert!(prepare_variable(variable, "t", bad, None).1.has_errors());

    let mut scope: Fixed = empty(dir.path());
    scope.variables.insert("t".into(), Value::unknown(Type::map(Type::Dynamic)));
    assert!(check_rules(&variable.validations, RuleKind::Validation, &scope).is_empty());
    scope.variables.insert("t".into(), Value::tuple([Value::bool(true), Value::bool(true)]));
    assert_eq!(
        check_rules(&variable.validations, RuleKind::Validation, &scope).iter().next().unwrap().what,
        "At most one."
    );
}

#[test]
fn unknowns_and_marks_go_through() {
    let all = [
        "\"a-${var.u}\"",
        "var.u == null",
        "var.s + 1",
        "[for x in var.l : x]",
        "var.u ? 1 : 2",
        "\"x${var.secret}\"",
        "{ a = var.secret }.a",
        "upper(var.u)",
        "length(var.l)",
        "var.b && false",
        "jsonencode([var.secret])",
    ];
    let (dir, exprs, diagnostics) = crate::scope::expressions(&all);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let mut scope = empty(dir.path());
    scope.variables.insert("u".into(), Value::unknown(Type::String));
    scope.variables.insert("b".into(), Value::unknown(Type::Bool));
    scope.variables.insert("s".into(), Value::number(1).mark(Marks::SENSITIVE));
    scope.variables.insert("l".into(), Value::unknown(Type::list(Type::String)));
    scope.variables.insert("secret".into(), Value::string("p").mark(Marks::SENSITIVE));
    let values: Vec<Value> = exprs
        .iter()
        .map(|e| {
            let (value, diagnostics) = evaluate(e.as_ref().unwrap(), &scope);
            assert!(diagnostics.is_empty(), "{diagnostics:?}");
            value
        })
        .collect();
    let cplan_model::Kind::Unknown(prefix) = values[0].kind() else { panic!() };
    assert_eq!(prefix.refinement.prefix.as_deref(), Some("a-"));
    assert!(!values[1].is_known() && values[1].ty() == Type::Bool);
    assert_eq!(values[2], Value::number(2).mark(Marks::SENSITIVE));
    assert!(!values[3].is_known() && !values[4].is_known());
    assert!(values[5].marks().is_sensitive() && values[6].marks().is_sensitive() && values[10].marks().is_sensitive());
    assert_eq!(values[7].ty(), Type::String);
    assert_eq!(values[8].ty(), Type::Number);
    assert!(!values[9].is_known() && values[9].ty() == Type::Bool);
}

#[test]
fn dynamic_blocks_generate_and_stay_open() {
    let inner = Schema::new("Inner.", [("v", Attribute::required(Type::Number, "V."))]);
    let schema = Schema::new("Outer.", [("name", Attribute::optional(Type::String, "N.").sensitive())])
        .block("b", Nesting::List, 0, None, inner.clone())
        .block("one", Nesting::Single, 0, Some(1), inner);
    let text = "resource \"t\" \"a\" {\n  name = \"n\"\n  b {\n    v = 1\n  }\n  dynamic \"b\" {\n    for_each = var.l\n    iterator = it\n    content {\n      v = it.value + it.key\n    }\n  }\n}\n";
    let (dir, config, diagnostics) = folder(text);
    assert!(diagnostics.is_empty());
    let body = &config.root.resources.values().next().unwrap().body;
    let names: Vec<_> = cplan_config::body_references(body).into_iter().map(|r| r.subject).collect();
    assert_eq!(names, [cplan_config::Subject::Variable("l".into())]);
    let mut scope = empty(dir.path());
    scope.variables.insert("l".into(), Value::list(Type::Number, [Value::number(5), Value::number(6)]));
    let (value, diagnostics) = decode(body, &schema, &scope);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let vs: Vec<_> = value.get("b").unwrap().children().map(|b| b.get("v").unwrap().as_u64().unwrap()).collect();
    assert_eq!(vs, [1, 5, 7]);
    assert!(value.get("one").unwrap().is_null() && value.get("name").unwrap().marks().is_sensitive());
    assert_eq!(value.ty(), schema.object_type());
    scope.variables.insert("l".into(), Value::unknown(Type::Dynamic));
    let (value, diagnostics) = decode(body, &schema, &scope);
    assert!(diagnostics.is_empty() && !value.get("b").unwrap().is_known());
}

#[test]
fn files_and_flush_heredocs() {
    let text = "locals {\n  h = <<-EOT\n    a\n      b ${1 + 1}\n    %{ for x in [1, 2] ~}\n    - ${x}\n    %{ endfor ~}\n    end\n  EOT\n  f = templatefile(\"t.txt\", { name = \"n\" })\n  g = file(\"t.txt\")\n}\n";
    let (dir, config, diagnostics) = folder(text);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    write(dir.path(), "t.txt", "hello $");
    write(dir.path(), "t.txt", "hello ${name}%{ if name == \"n\" }!%{ endif }");
    let value = |name: &str| {
        let (value, diagnostics) = evaluate(&config.root.locals[name].value, &empty(dir.path()));
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        value
    };
    assert_eq!(value("h"), Value::string("a\n  b 2\n    - 1\n    - 2\n    end\n"));
    assert_eq!(value("f"), Value::string("hello n!"));
    assert_eq!(value("g").as_str().unwrap().len(), 43);
}

#[test]
fn errors_do_not_show_secrets() {
    let all = [
        "{ a = 1 }[var.s]",
        "{ a = 1 }[var.typo]",
        "tomap({ a = 1 })[var.s]",
        "jsondecode(var.json).nope",
        "file(var.s)",
        "templatefile(var.s, {})",
        "cidrhost(var.s, 1)",
        "parseint(var.s, 10)",
        "lookup({ a = 1 }, var.s)",
        "base64decode(\"x ${var.s}\")",
        "{ for x in [1, 2] : var.s => x }",
        "try(parseint(var.s, 10))",
        "merge({}, [var.s]...)",
    ];
    let (dir, exprs, diagnostics) = expressions(&all);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let mut scope: Fixed = empty(dir.path());
    for (name, text) in [("s", "hunter2"), ("typo", "aa"), ("json", "{\"hunter2\": 1}")] {
        scope.variables.insert(name.into(), Value::string(text).mark(Marks::SENSITIVE));
    }
    for (source, expr) in all.iter().zip(&exprs) {
        let (_, diagnostics) = evaluate(expr.as_ref().unwrap(), &scope);
        assert!(diagnostics.has_errors(), "{source}");
        let said = format!("{diagnostics:?}");
        assert!(!said.contains("hunter2") && !said.contains("aa\\\""), "{source}: {said}");
    }

    let schema = Schema::new(
        "A thing.",
        [("size", Attribute::optional(Type::list(Type::String), "Sizes.").format(cplan_model::Format::Bytes))],
    );
    let (dir, config, _) = folder("resource \"t\" \"a\" {\n  size = var.sizes\n}\n");
    let mut scope: Fixed = empty(dir.path());
    let sizes = Value::tuple([Value::string("hunter2")]).mark(Marks::SENSITIVE);
    scope.variables.insert("sizes".into(), sizes);
    let body = &config.root.resources.values().next().unwrap().body;
    let (_, diagnostics) = decode(body, &schema, &scope);
    assert!(diagnostics.has_errors() && !format!("{diagnostics:?}").contains("hunter2"), "{diagnostics:?}");
}
