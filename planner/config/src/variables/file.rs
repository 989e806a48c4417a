//! Files of values: `*.tfvars` and `*.tfvars.json`.

use std::collections::{BTreeMap, HashSet};
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
        let (id, summary, what, remedy) = if name == "variable" {
            (
                "variable-in-values",
                "Variable declaration in .tfvars file".to_owned(),
                "A file of values gives values to variables that are declared elsewhere.".to_owned(),
                "Move the block into a .tf or .hcl file, and write `NAME = VALUE` here.".to_owned(),
            )
        } else {
            (
                "unsupported-block",
                format!("Unexpected {name:?} block"),
                format!("A variables file has no blocks, but there is `{name}`."),
                format!("Write `{name} = {{ ... }}` for a value."),
            )
        };
        let place = crate::load_block::header(block, source);
        file.diagnostics.push(words(Diagnostic::error(id, summary, what).remedy(remedy).at(place)));
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
    if let Some(key) = duplicate_key(content) {
        file.diagnostics.push(
            Diagnostic::error(
                "duplicate-key",
                "Duplicate object attribute",
                format!("`{shown}` gives {key:?} twice in one object."),
            )
            .remedy("Remove one of the two."),
        );
        return file;
    }
    match values.as_map() {
        Some(map) => {
            // As in every JSON file of the language, such a property is a comment.
            let given = map.iter().filter(|(name, _)| &***name != "//");
            file.values = given.map(|(k, v)| (k.clone(), (v.clone(), format!("`{shown}`")))).collect();
        }
        None => file.diagnostics.push(
            Diagnostic::error("syntax", "Incorrect JSON value type", format!("`{shown}` does not hold a JSON object."))
                .remedy("Write an object whose keys are the names of variables."),
        ),
    }
    file
}

/// A key that stands twice in one object of a JSON document.
fn duplicate_key(document: &str) -> Option<String> {
    let mut objects: Vec<HashSet<&str>> = Vec::new();
    let mut at = 0;
    while let Some(c) = document[at..].chars().next() {
        match c {
            '{' | '[' => objects.push(HashSet::new()),
            '}' | ']' => {
                objects.pop();
            }
            '"' => {
                let bytes = document.as_bytes();
                let mut end = at + 1;
                while end < bytes.len() && bytes[end] != b'"' {
                    end += if bytes[end] == b'\\' { 2 } else { 1 };
                }
                let text = document.get(at + 1..end)?;
                at = end;
                if document.get(end + 1..)?.trim_start().starts_with(':') && !objects.last_mut()?.insert(text) {
                    return Some(text.to_owned());
                }
            }
            _ => {}
        }
        at += if c == '"' { 1 } else { c.len_utf8() };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::duplicate_key;

    #[test]
    fn finds_keys_given_twice_in_one_object() {
        assert_eq!(duplicate_key(r#"{"a": {"b": 1}, "b": ["a", "a"], "c": "é\"}"#), None);
        assert_eq!(duplicate_key(r#"{"a": {"b": "\"", "b" : 2}}"#), Some("b".into()));
    }
}
