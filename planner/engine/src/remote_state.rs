//! `data "terraform_remote_state"`: the outputs of another topology, from Terraform's state file or from cplan's folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use cplan_model::{AttrPath, Attribute, Diagnostic, Diagnostics, Schema, Type, Value};
use cplan_sdk::{Context, DataSource, ProviderError};

/// Where a state is that nobody says the place of.
const USUAL: &str = "terraform.tfstate";

/// Outputs by name.
type Outputs = BTreeMap<Arc<str>, Value>;

pub(crate) struct RemoteState {
    schema: Schema,
    /// What relative paths begin at.
    dir: PathBuf,
}

impl RemoteState {
    pub(crate) fn new(dir: PathBuf) -> Self {
        let schema = Schema::new(
            "Reads the outputs of another topology.",
            [
                ("backend", Attribute::required(Type::String, "`local` is the one that there is.")),
                (
                    "config",
                    Attribute::optional(Type::Dynamic, "`path`: a state file of Terraform, or a folder of cplan."),
                ),
                ("defaults", Attribute::optional(Type::Dynamic, "Outputs where the state has none of the name.")),
                ("outputs", Attribute::computed(Type::Dynamic, "An object of all root outputs.")),
                ("workspace", Attribute::optional(Type::String, "The workspace; there is only `default`.")),
            ],
        );
        RemoteState { schema, dir }
    }

    /// The outputs that are stored at a path, if a state is there at all.
    fn outputs(&self, path: &Path) -> Result<Option<Outputs>, ProviderError> {
        let failed =
            |error: cplan_store::StoreError| ProviderError::failed(format!("the state cannot be read: {error}"));
        let path = self.dir.join(path);
        if path.is_file() {
            let text = std::fs::read_to_string(&path)
                .map_err(|error| ProviderError::failed(format!("{} cannot be read: {error}", path.display())))?;
            let outputs = cplan_store::terraform_outputs(&text).map_err(failed)?;
            return Ok(Some(outputs.into_iter().map(|(name, output)| (name.into(), output.value)).collect()));
        }
        // Who came from Terraform names the file that is no longer there.
        let beside = path.file_name().filter(|name| *name == USUAL).and(path.parent()).map(|dir| dir.join(".cplan"));
        for dir in [Some(path.join(".cplan")), Some(path.clone()), beside].into_iter().flatten().filter(|d| d.is_dir())
        {
            if let Some(state) = cplan_store::read(&dir).map_err(failed)? {
                let outputs = state.outputs.into_iter();
                return Ok(Some(outputs.map(|(name, output)| (name.into(), output.value.unmarked_deep())).collect()));
            }
        }
        Ok(None)
    }
}

fn wrong(what: String, attribute: &str) -> Diagnostic {
    let remedy = "Write `backend = \"local\"` and `config = { path = \"…\" }`.";
    Diagnostic::error("remote-state", "Invalid backend configuration", what)
        .remedy(remedy)
        .attribute(AttrPath::attr(attribute))
}

#[async_trait]
impl DataSource for RemoteState {
    fn ty(&self) -> &'static str {
        "terraform_remote_state"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        let mut found = Diagnostics::new();
        let given = |name: &str| config.get(name).filter(|v| v.is_known() && !v.is_null());
        if let Some(backend) = given("backend").and_then(Value::as_str).filter(|backend| *backend != "local") {
            found.push(wrong(format!("There is no backend type named {backend:?}."), "backend"));
        } else if let Some(settings) = given("config") {
            let unsuited = |why: &str| format!("The given configuration is not valid for backend \"local\": {why}.");
            match settings.as_map() {
                None => found.push(wrong(unsuited("an object is required"), "config")),
                Some(members) => {
                    let known = |name: &&Arc<str>| matches!(&***name, "path" | "workspace_dir");
                    if let Some(other) = members.keys().find(|name| !known(name)) {
                        found.push(wrong(unsuited(&format!("unexpected attribute {other:?}")), "config"));
                    }
                }
            }
        }
        if given("defaults").is_some_and(|defaults| defaults.as_map().is_none()) {
            let what = "Defaults must be given in an object value.";
            found.push(
                Diagnostic::error("remote-state", "Invalid default values", what)
                    .remedy("Write `defaults = { NAME = VALUE }`.")
                    .attribute(AttrPath::attr("defaults")),
            );
        }
        found
    }

    async fn read(&self, _: &Context, config: Value) -> Result<(Value, Diagnostics), ProviderError> {
        let mut found = Diagnostics::new();
        let path = config.get("config").and_then(|c| c.get("path")).filter(|path| !path.is_null());
        let path = path.and_then(|path| cplan_model::convert(path, &Type::String).ok());
        let path = path.as_ref().and_then(Value::as_str).unwrap_or(USUAL);
        let workspace = config.get("workspace").and_then(Value::as_str).unwrap_or("default");
        let stored = if workspace == "default" { self.outputs(Path::new(path))? } else { None };
        let Some(stored) = stored else {
            let what = "No stored state was found for the given workspace in the given backend.";
            found.push(
                Diagnostic::error("remote-state", "Unable to find remote state", what)
                    .remedy("Apply the other topology first, and name its state file or its folder.")
                    .attribute(AttrPath::attr(if workspace == "default" { "config" } else { "workspace" })),
            );
            return Ok((config.with("outputs", Value::unknown(Type::Dynamic)), found));
        };
        let defaults = config.get("defaults").and_then(Value::as_map);
        let defaults = defaults.into_iter().flat_map(|members| members.iter().map(|(k, v)| (k.clone(), v.clone())));
        let mut outputs: Outputs = defaults.collect();
        outputs.extend(stored);
        Ok((config.with("outputs", Value::object(outputs)), found))
    }
}
