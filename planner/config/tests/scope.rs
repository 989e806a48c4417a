//! A scope of fixed values.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use cplan_config::{Clock, Config, Expr, Reference, Scope, Subject, load};
use cplan_model::{Diagnostic, Type, Value};

use crate::oracle::{files, unknowns};

/// Variables by name.
pub(crate) struct Fixed {
    pub(crate) variables: BTreeMap<Arc<str>, Value>,
    pub(crate) dir: PathBuf,
}

impl Scope for Fixed {
    fn lookup(&self, reference: &Reference) -> Result<Value, Diagnostic> {
        match &reference.subject {
            Subject::Variable(name) => self.variables.get(name).cloned(),
            Subject::Local(name) => files::local(name).or_else(|| unknowns::local(name)),
            // Nothing has been applied yet.
            Subject::Resource(_) => Some(Value::unknown(Type::Dynamic)),
            _ => None,
        }
        .ok_or_else(|| Diagnostic::error("undeclared", "Undeclared", "Not in this test."))
    }

    fn module_dir(&self) -> &Path {
        &self.dir
    }

    /// As in the console.
    fn clock(&self) -> Clock {
        let now = Some(SystemTime::now());
        Clock { planned: now, now }
    }
}

pub(crate) fn empty(dir: &Path) -> Fixed {
    Fixed { variables: BTreeMap::new(), dir: dir.to_owned() }
}

/// A folder with one file, loaded.
pub(crate) fn folder(text: &str) -> (tempfile::TempDir, Config, cplan_model::Diagnostics) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("main.tf"), text).unwrap();
    let (config, diagnostics) = load(dir.path());
    (dir, config, diagnostics)
}

/// Expressions as outputs of a folder, by position.
pub(crate) fn expressions(all: &[&str]) -> (tempfile::TempDir, Vec<Option<Expr>>, cplan_model::Diagnostics) {
    let text: String =
        all.iter().enumerate().map(|(i, e)| format!("output \"o{i}\" {{\n  value = {e}\n}}\n")).collect();
    let (dir, config, diagnostics) = folder(&text);
    let found =
        (0..all.len()).map(|i| config.root.outputs.get(format!("o{i}").as_str()).map(|o| o.value.clone())).collect();
    (dir, found, diagnostics)
}
