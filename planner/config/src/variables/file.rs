//! Files of values: `*.tfvars` and `*.tfvars.json`.

use std::collections::BTreeMap;
use std::sync::Arc;

use cplan_model::{Diagnostic, Diagnostics, SourceId, SourceMap, Value};

use crate::{Expr, constant, parse as text};

/// What a file gives, with the words that say where.
#[derive(Default)]
pub(super) struct File {
    pub(super) values: BTreeMap<Arc<str>, (Value, String)>,
    pub(super) diagnostics: Diagnostics,
}

/// A `.tfvars` file. Its diagnostics name file and line in words, since it is not one of the configuration's sources.
pub(super) fn parse(content: &str, shown: &str) -> File {
    let mut sources = SourceMap::default();
    let source: SourceId = sources.add(shown, content);
    let (body, found) = text::body(content, source);
    let mut file = File::default();
    let words = |mut diagnostic: Diagnostic| {
        if let Some((path, line, column)) = diagnostic.primary.take().and_then(|l| sources.locate(l.span)) {
            diagnostic.what = format!("In `{}`, line {line}, column {column}: {}", path.display(), diagnostic.what);
        }
        diagnostic
    };
    file.diagnostics.extend(found.into_iter().map(words));
    for block in body.blocks() {
        let name = block.ident.as_str();
        file.diagnostics.push(words(
            Diagnostic::error(
                "unsupported-block",
                "Unexpected block",
                format!("A variables file has no blocks, but there is `{name}`."),
            )
            .remedy(format!("Write `{name} = {{ ... }}` for a value; variables are declared in the configuration."))
            .at(crate::load_block::header(block, source)),
        ));
    }
    for attribute in body.attributes() {
        let expr = Expr::new(&attribute.value, source);
        match constant(&expr) {
            Ok(value) => {
                let line = sources.locate(expr.span).map_or(0, |(_, line, _)| line);
                let place = format!("`{shown}`, line {line}");
                file.values.insert(attribute.key.as_str().into(), (value, place));
            }
            Err(diagnostic) => file.diagnostics.push(words(*diagnostic)),
        }
    }
    file
}

/// A `.tfvars.json` file.
pub(super) fn json(content: &str, shown: &str) -> File {
    let mut file = File::default();
    let values = match crate::functions::from_json(content) {
        Ok(value) => value,
        Err(error) => {
            file.diagnostics.push(
                Diagnostic::error("syntax", "Invalid JSON", format!("`{shown}` is not JSON: {error}."))
                    .remedy("Correct the file."),
            );
            return file;
        }
    };
    match values.as_map() {
        Some(map) => {
            file.values = map.iter().map(|(k, v)| (k.clone(), (v.clone(), format!("`{shown}`")))).collect();
        }
        None => file.diagnostics.push(
            Diagnostic::error("syntax", "Invalid JSON", format!("`{shown}` does not hold a JSON object."))
                .remedy("Write an object whose keys are the names of variables."),
        ),
    }
    file
}
