//! `plan -generate-config-out=FILE`: blocks for what `import` blocks name and no block describes.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use cplan_config::{Config, encode};
use cplan_engine::{PlanMode, PlanOptions, Unwritten, unwritten};
use cplan_model::{AttributeMode, Diagnostics, Nesting, Schema, Value};
use cplan_store::State;

use crate::failure::CommandError;
use crate::progress::Notes;
use crate::session::{Session, refuse};

/// The first line of what is written while planning: it stands in no file.
pub(crate) const MARK: &str = "# generated with this plan\n";

/// What a file of such blocks begins with.
const HEAD: &str = "# Written by cplan. Please review these blocks and move them to where they belong.\n";

/// Blocks that were written.
pub(crate) struct Generated {
    /// The configuration with them.
    pub(crate) config: Arc<Config>,
    /// Its warnings.
    pub(crate) warnings: Diagnostics,
    /// The text of the file.
    text: String,
}

/// Whether blocks can be written at all. A file that is there is never written over.
pub(crate) fn check(file: &Path, options: &PlanOptions) -> Result<(), CommandError> {
    if options.mode != PlanMode::Normal {
        let what = "Config can only be generated during a normal plan operation, and not during a refresh-only or destroy plan.";
        let remedy = "Leave -generate-config-out out, or plan without -destroy and -refresh-only.";
        return Err(CommandError::told("generate-mode", "Invalid generate-config-out flag", what, remedy));
    }
    if !file.exists() {
        return Ok(());
    }
    let what = format!("{} exists, and generated configuration is written into a new file only.", file.display());
    let remedy = "Choose another file, or move what is in it to another one and delete it.";
    Err(CommandError::told("generated-file-exists", "Target generated file already exists", what, remedy))
}

/// The blocks that are missing, if some are.
pub(crate) async fn generate(
    session: &Session,
    file: &Path,
    config: &Arc<Config>,
    state: State,
) -> Result<Option<Generated>, CommandError> {
    let context = session.context(Arc::new(Notes(Arc::clone(&session.log))));
    let (missing, found) = unwritten(&context, session.input(config, state)?).await;
    refuse(found, config)?;
    if missing.is_empty() {
        return Ok(None);
    }
    let text = missing.iter().fold(HEAD.to_owned(), |text, one| text + &block(one));
    let inside = file.parent().is_none_or(|folder| folder.as_os_str().is_empty());
    let name = file.file_name().map(|name| name.to_string_lossy()).filter(|name| inside && name.ends_with(".tf"));
    let name = name.as_deref().unwrap_or("generated-configuration.tf");
    let (config, warnings) = session.load_beside(name, &format!("{MARK}{text}"))?;
    Ok(Some(Generated { config, warnings, text }))
}

impl Generated {
    /// Writes the file.
    pub(crate) fn save(&self, file: &Path) -> Result<(), CommandError> {
        let written = std::fs::OpenOptions::new().write(true).create_new(true).open(file);
        written.and_then(|mut to| to.write_all(self.text.as_bytes())).map_err(|error| {
            let what = format!("{} could not be created: {error}.", file.display());
            let remedy = "Name a file in a folder that is there and can be written to.";
            CommandError::told("generated-file", "Failed to create target generated file", what, remedy)
        })
    }
}

fn block(it: &Unwritten) -> String {
    let (ty, name) = (&it.address.resource.ty, &it.address.resource.name);
    let mut text = format!("resource \"{ty}\" \"{name}\" {{\n");
    arguments(&it.schema, &it.values, &mut text);
    text.push_str("}\n");
    let text = cplan_config::format(&text).unwrap_or(text);
    format!("\n# From {}\n{text}", encode(&Value::string(it.id.as_str())))
}

/// What can be set, as it is: the required arguments first.
fn arguments(schema: &Schema, values: &Value, text: &mut String) {
    let required = |mode: AttributeMode| mode == AttributeMode::Required;
    let mut settable: Vec<_> =
        schema.attributes.iter().filter(|(_, attribute)| attribute.mode != AttributeMode::Computed).collect();
    settable.sort_by_key(|(_, attribute)| !required(attribute.mode));
    for (name, attribute) in settable {
        let value = values.get(name).filter(|value| !value.is_null());
        let line = match value {
            Some(_) if attribute.sensitive => "null # sensitive".to_owned(),
            Some(value) => encode(value),
            None => "null".to_owned(),
        };
        text.push_str(&format!("{name} = {line}\n"));
    }
    for (name, nested) in &schema.blocks {
        let Some(value) = values.get(name).filter(|value| value.is_known() && !value.is_null()) else { continue };
        let mut write = |value: &Value| {
            text.push_str(&format!("{name} {{\n"));
            arguments(&nested.block, value, text);
            text.push_str("}\n");
        };
        match nested.nesting {
            Nesting::Single => write(value),
            Nesting::List | Nesting::Set => value.as_slice().unwrap_or_default().iter().for_each(&mut write),
        }
    }
}
