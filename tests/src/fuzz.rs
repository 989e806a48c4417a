//! What is fed with broken input: each takes any bytes, and must come back with a value or an error. A panic, a hang or
//! a blow-up of memory is a mistake of ours. `make fuzz` runs them under libFuzzer; their corpora run as tests.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use cplan_config::{Reference, Scope, Subject};
use cplan_engine::{PlanFile, Registry, TerraformProvider};
use cplan_model::{Diagnostic, Identity, InstanceAddr, Marks, ResourceAddr, SourceId, Type, Value};
use cplan_store::{State, Types};

/// A target's name and what it does with its input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets, in order of name.
pub const TARGETS: [Target; 4] =
    [("evaluator", evaluator), ("parser", parser), ("plan_file", plan_file), ("state", state)];

/// A folder that is not there: functions that read files find nothing.
const NOWHERE: &str = "/nonexistent";

/// Configurations: the first byte chooses the syntax, the rest is the only file. Loaded, formatted and validated.
pub fn parser(bytes: &[u8]) {
    let Some((kind, text)) = bytes.split_first() else { return };
    let text = String::from_utf8_lossy(text);
    let name = if kind % 4 == 3 { "main.tf.json" } else { "main.tf" };
    let (config, found) = cplan_config::load_saved(Path::new(NOWHERE), [(Path::new(name), &*text)]);
    if kind % 4 != 3
        && let Ok(once) = cplan_config::format(&text)
    {
        let twice = cplan_config::format(&once).expect("what was formatted can be formatted");
        assert_eq!(once, twice, "to format twice is to format once");
    }
    if !found.has_errors() {
        let registry = Registry::new([Arc::new(TerraformProvider::new()) as _]);
        let _ = cplan_engine::validate(&Arc::new(config), &registry);
    }
}

/// Expressions: evaluated where some names are known, some sensitive and some unknown.
pub fn evaluator(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(expr) = cplan_config::expression(text, SourceId(0)) else { return };
    let (value, found) = cplan_config::evaluate(&expr, &Names::default());
    if !found.has_errors() {
        // What is told of a value must be told of any value.
        let _ = (value.ty(), value.unmarked_deep() == value, value.is_wholly_known());
    }
}

/// Plan files: the envelope as it stands, and what may be sealed in one.
pub fn plan_file(bytes: &[u8]) {
    let _ = PlanFile::label(bytes);
    let _ = PlanFile::from_document(bytes, Path::new(NOWHERE));
}

/// States: an exported one, one of Terraform's, a snapshot, and a value of either.
pub fn state(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(state) = cplan_store::import(text) {
            let again = cplan_store::import(&cplan_store::export(&state)).expect("what was exported can be imported");
            assert_eq!(again, state);
        }
        let _ = cplan_store::import_terraform(text, &NoTypes);
    }
    thread_local! {
        static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("a temporary folder");
    }
    FOLDER.with(|folder| {
        std::fs::write(folder.path().join("snapshot"), bytes).expect("the temporary folder can be written");
        let _ = cplan_store::read_snapshot(folder.path());
    });
}

/// Only `terraform_data` is known.
struct NoTypes;

impl Types for NoTypes {
    fn of(&self, _: &str, resource: &ResourceAddr) -> Option<Type> {
        let any = || Type::Dynamic;
        let members = [("id", Type::String), ("input", any()), ("output", any()), ("triggers_replace", any())];
        (&*resource.ty == "terraform_data").then(|| Type::object(members))
    }

    fn identity(&self, _: &State, address: &InstanceAddr, id: Option<&str>) -> Identity {
        Identity { id: id.unwrap_or_default().to_owned(), lab: String::new(), name: address.to_string() }
    }
}

struct Names {
    locals: BTreeMap<&'static str, Value>,
}

impl Default for Names {
    fn default() -> Self {
        let text = Value::string("héllo");
        let list = Value::list(Type::String, [Value::string("a"), Value::string("b")]);
        let locals = BTreeMap::from([
            ("t", text.clone()),
            ("n", Value::number(3)),
            ("l", list.clone()),
            ("o", Value::object([("a", text.clone()), ("l", list)])),
            ("s", text.mark(Marks::SENSITIVE)),
            ("u", Value::unknown(Type::String)),
            ("d", Value::unknown(Type::Dynamic)),
            ("z", Value::null(Type::Dynamic)),
        ]);
        Names { locals }
    }
}

impl Scope for Names {
    fn lookup(&self, reference: &Reference) -> Result<Value, Diagnostic> {
        match &reference.subject {
            Subject::Local(name) | Subject::Variable(name) => self.locals.get(&**name).cloned(),
            Subject::Resource(_) => Some(Value::unknown(Type::Dynamic)),
            _ => None,
        }
        .ok_or_else(|| Diagnostic::error("undeclared", "Undeclared", "There is no such name."))
    }

    fn module_dir(&self) -> &Path {
        Path::new(NOWHERE)
    }
}
