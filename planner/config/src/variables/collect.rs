//! Where the values of the root module's variables come from, and which wins.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use cplan_model::{Diagnostic, Diagnostics, Marks, SourceId, Value};

use super::file::{File, json, parse};
use crate::{Config, Expr, Variable, constant, suggest};

/// Of how many names in files of values that no variable has each is told; the others are counted.
const UNDECLARED: usize = 2;

/// A value given on the command line; later ones win.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VariableFlag {
    /// `-var 'name=value'`
    Value(String),
    /// `-var-file path`
    File(PathBuf),
}

/// The values of the root module's variables.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    /// As the variables take them: [`super::prepare_variable`] has been applied to each, and a variable without a value
    /// has its default.
    pub values: BTreeMap<Arc<str>, Value>,
    /// As somebody gave them, marked by the declarations: before they are converted.
    pub given: BTreeMap<Arc<str>, Value>,
}

/// Values of the root module's variables: environment (`TF_VAR_x`, then `CPLAN_VAR_x`), `terraform.tfvars`,
/// `cplan.tfvars`, those with `.json`, `*.auto.tfvars` and `*.auto.tfvars.json` by name, then the flags in order; the
/// last wins. `env` holds the whole environment. Required ones that have no value are errors.
pub fn collect_variables(
    config: &Config,
    env: &[(String, String)],
    flags: &[VariableFlag],
) -> (Variables, Diagnostics) {
    gather(config, env, flags).finish()
}

/// Where each variable that was given from outside was given, in words: "file `x.tfvars`", "environment variable TF_VAR_a".
pub fn variable_origins(
    config: &Config,
    env: &[(String, String)],
    flags: &[VariableFlag],
) -> BTreeMap<Arc<str>, String> {
    gather(config, env, flags).given.into_iter().map(|(name, (_, place))| (name, place)).collect()
}

fn gather<'a>(config: &'a Config, env: &[(String, String)], flags: &[VariableFlag]) -> Inputs<'a> {
    let mut inputs = Inputs {
        config,
        given: BTreeMap::new(),
        diagnostics: Diagnostics::new(),
        undeclared: BTreeSet::new(),
        unread: false,
    };
    for prefix in ["TF_VAR_", "CPLAN_VAR_"] {
        for (key, value) in env {
            if let Some(name) = key.strip_prefix(prefix)
                && let Some(variable) = config.root.variables.get(name)
            {
                inputs.text(name, value, variable, &format!("environment variable {key}"));
            }
        }
    }
    for path in inputs.automatic() {
        inputs.file(&path);
    }
    for flag in flags {
        match flag {
            VariableFlag::File(path) => inputs.file(path),
            VariableFlag::Value(text) => inputs.flag(text),
        }
    }
    inputs
}

/// A given value, or what is wrong with how it was written, and where it was given.
type Given = (Result<Value, Box<Diagnostic>>, String);

struct Inputs<'a> {
    config: &'a Config,
    given: BTreeMap<Arc<str>, Given>,
    diagnostics: Diagnostics,
    /// Names in files that no variable has.
    undeclared: BTreeSet<Arc<str>>,
    /// Whether something could not be read, so that what has no value may well have been given one.
    unread: bool,
}

impl Inputs<'_> {
    fn error(&mut self, id: &'static str, summary: &str, what: String, remedy: &str) {
        self.diagnostics.push(Diagnostic::error(id, summary, what).remedy(remedy));
    }

    /// The files that are read without being named.
    fn automatic(&mut self) -> Vec<PathBuf> {
        let dir = &self.config.root.dir;
        let mut files: Vec<PathBuf> =
            ["terraform.tfvars", "terraform.tfvars.json", "cplan.tfvars", "cplan.tfvars.json"]
                .iter()
                .map(|name| dir.join(name))
                .filter(|path| path.exists())
                .collect();
        let mut auto: Vec<PathBuf> = std::fs::read_dir(dir)
            .into_iter()
            .flatten()
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .filter(|path| {
                let name = path.file_name().and_then(|n| n.to_str()).unwrap_or("");
                !name.starts_with('.') && (name.ends_with(".auto.tfvars") || name.ends_with(".auto.tfvars.json"))
            })
            .collect();
        auto.sort();
        files.extend(auto);
        files
    }

    fn file(&mut self, path: &std::path::Path) {
        let shown = path.strip_prefix(&self.config.root.dir).unwrap_or(path).display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                let what = format!("The variables file `{shown}` cannot be read: {error}.");
                self.error(
                    "unreadable",
                    "Failed to read variables file",
                    what,
                    "Check that it exists and that you may read it.",
                );
                self.unread = true;
                return;
            }
        };
        let read = if shown.ends_with(".json") { json(&text, &shown) } else { parse(&text, &shown) };
        let File { values, diagnostics } = read;
        self.unread |= diagnostics.has_errors();
        self.diagnostics.extend(diagnostics);
        for (name, (value, place)) in values {
            if self.config.root.variables.contains_key(&name) {
                self.given.insert(name, (Ok(value), place));
                continue;
            }
            if !self.undeclared.insert(name.clone()) || self.undeclared.len() > UNDECLARED {
                continue;
            }
            let near = suggest(&name, self.config.root.variables.keys().map(|k| &**k));
            self.diagnostics.push(
                Diagnostic::warning(
                    "undeclared-variable",
                    "Value for undeclared variable",
                    format!(
                        "The root module does not declare a variable named {name:?}, but {place} gives it a value."
                    ),
                )
                .remedy(match near {
                    Some(near) => format!("Did you mean `{near}`?"),
                    None => format!("Declare it with `variable \"{name}\" {{}}`, or remove the value."),
                }),
            );
        }
    }

    fn flag(&mut self, text: &str) {
        let Some((name, value)) = text.split_once('=') else {
            self.error(
                "invalid-variable",
                "Invalid -var option",
                format!("The given -var option {text:?} is not correctly specified: it has no equals sign."),
                "Write it as `-var NAME=VALUE`.",
            );
            self.unread = true;
            return;
        };
        if name.ends_with(char::is_whitespace) {
            let what = format!("The name {name:?} ends in a space.");
            self.error(
                "invalid-variable",
                "Invalid -var option",
                what,
                "Write `-var NAME=VALUE` without spaces around the `=`.",
            );
            self.unread = true;
            return;
        }
        let Some(variable) = self.config.root.variables.get(name) else {
            let near = suggest(name, self.config.root.variables.keys().map(|k| &**k));
            self.diagnostics.push(
                Diagnostic::error(
                    "undeclared-variable",
                    "Value for undeclared variable",
                    format!("A variable named {name:?} was assigned on the command line, but the root module does not declare a variable of that name."),
                )
                .remedy(match near {
                    Some(near) => format!("Did you mean `{near}`?"),
                    None => format!("Declare it with `variable \"{name}\" {{}}`, or remove the option."),
                }),
            );
            return;
        };
        self.text(name, value, variable, "the command line");
    }

    /// A value from outside of files: literal text for primitive types and where
    /// no type is given, otherwise an expression.
    fn text(&mut self, name: &str, value: &str, variable: &Variable, place: &str) {
        let given = if variable.ty.is_primitive() || variable.untyped {
            Ok(Value::string(value))
        } else {
            let parsed: Result<Expr, _> = crate::expression(value, SourceId(u32::MAX));
            parsed.and_then(|expr| constant(&expr)).map_err(|diagnostic| {
                let what = format!("The value of `{name}` from {place} is not a value: {}", diagnostic.what);
                let remedy = "Write it as in a file of values, for instance '[\"a\", \"b\"]'.";
                Box::new(Diagnostic::error("invalid-variable", diagnostic.summary, what).remedy(remedy))
            })
        };
        self.given.insert(name.into(), (given, place.to_owned()));
    }

    fn finish(mut self) -> (Variables, Diagnostics) {
        if let Some(more @ 1..) = self.undeclared.len().checked_sub(UNDECLARED) {
            let what = format!("The files of values name {more} more that the root module does not declare.");
            self.diagnostics.push(
                Diagnostic::warning("undeclared-variable", "Values for undeclared variables", what)
                    .remedy("Declare them, or remove the values."),
            );
        }
        let mut out = Variables::default();
        for (name, variable) in &self.config.root.variables {
            let value = match (self.given.remove(name), &variable.default) {
                // What a later one overrides may be written as it likes.
                (Some((Err(diagnostic), _)), _) => {
                    self.diagnostics.push(*diagnostic);
                    Value::unknown(variable.ty.clone())
                }
                (Some((Ok(value), place)), _) => {
                    let marks = if variable.sensitive { Marks::SENSITIVE } else { Marks::NONE };
                    out.given.insert(name.clone(), value.clone().mark(marks));
                    let (value, diagnostics) = super::prepare_variable(variable, name, value, None);
                    self.diagnostics.extend(diagnostics.into_iter().map(|mut d| {
                        d.what = format!("{} It was given by {place}.", d.what);
                        d
                    }));
                    value
                }
                (None, Some(default)) => {
                    let (value, diagnostics) = super::prepare_variable(variable, name, default.clone(), None);
                    self.diagnostics.extend(diagnostics);
                    value
                }
                (None, None) if self.unread => Value::unknown(variable.ty.clone()),
                (None, None) => {
                    self.diagnostics.push(
                        Diagnostic::error(
                            "missing-variable",
                            "No value for required variable",
                            format!("The root module input variable {name:?} is not set, and has no default value."),
                        )
                        .remedy(format!("Set it with `-var {name}=VALUE`, in `terraform.tfvars`, or with TF_VAR_{name} in the environment."))
                        .at(variable.span),
                    );
                    Value::unknown(variable.ty.clone())
                }
            };
            out.values.insert(name.clone(), value);
        }
        (out, self.diagnostics)
    }
}
