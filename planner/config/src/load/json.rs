//! The JSON syntax (`.tf.json`, `.hcl.json`): written as the native syntax, whose places are places in the JSON file.
//!
//! What a property is, an argument or a block, follows from what is expected there; in a resource that says the schema,
//! so that there both are written and the decoder takes the one that fits ([`crate::BodySource::json`]).

use cplan_model::{Diagnostics, Piece, SourceId};

mod blocks;
mod template;
mod value;
mod writer;

use super::block::EXTRANEOUS;
use value::{Kind, Node};
use writer::Writer;

/// The native text of a JSON file, where its pieces are from, and what is wrong with the file.
pub(super) struct Native {
    pub(super) text: String,
    pub(super) pieces: Vec<Piece>,
    pub(super) diagnostics: Diagnostics,
}

/// Translates a file; the native text is to begin at byte `base` of a made text.
pub(super) fn native(json: &str, source: SourceId, base: usize) -> Native {
    let mut writer =
        Writer { json, source, base, out: String::new(), pieces: Vec::new(), diagnostics: Diagnostics::new() };
    match value::parse(json, source) {
        Ok(root) => file(&mut writer, &root),
        Err(diagnostic) => writer.diagnostics.push(*diagnostic),
    }
    Native { text: writer.out, pieces: writer.pieces, diagnostics: writer.diagnostics }
}

fn file(writer: &mut Writer<'_>, root: &Node) {
    let objects: &[Node] = match &root.kind {
        Kind::Object(_) => std::slice::from_ref(root),
        Kind::Array(items) => items,
        _ => &[],
    };
    if matches!(root.kind, Kind::Word(_) | Kind::Number | Kind::Text(_)) {
        writer.error(
            "invalid-json",
            "Root value must be object",
            "A configuration in JSON is an object, or an array of objects.".into(),
            "Write `{ ... }` around it.",
            root.span.clone(),
        );
    }
    for object in objects {
        let Kind::Object(members) = &object.kind else {
            writer.error(
                "invalid-json",
                "Root value must be object",
                "A configuration in JSON is an object, or an array of objects.".into(),
                "Write an object here.",
                object.span.clone(),
            );
            continue;
        };
        for (name, value) in members.iter().filter(|(name, _)| name.text != "//") {
            match blocks::top(&name.text) {
                Some((labels, expected)) => writer.blocks(name, labels, expected, value),
                None => {
                    let remedy = match crate::suggest(&name.text, super::module::BLOCKS) {
                        Some(near) => format!("Did you mean `{near}`?"),
                        None => "Remove it.".into(),
                    };
                    let what = format!("Blocks of type `{}` are not expected here.", name.text);
                    writer.error("unsupported-block", EXTRANEOUS, what, &remedy, name.span.clone());
                }
            }
        }
    }
}
