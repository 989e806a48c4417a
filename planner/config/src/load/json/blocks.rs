//! Which property is an argument and which is a block: decided by what is expected there.

use super::super::block::{EXTRANEOUS, is_name};
use super::value::{Kind, Node, Text};
use super::writer::{Reading, Writer};

/// What a body expects.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    Resource,
    Variable,
    Output,
    Module,
    Provider,
    Check,
    Locals,
    Settings,
    Required,
    Moved,
    Import,
    Removed,
    Lifecycle,
    Dynamic,
    /// Arguments that are expressions, such as those of a condition.
    Plain,
    /// By a schema that is not known yet: each property that can be a block is written as both.
    Schema,
}

/// Blocks of a file: their labels and what is in them.
pub(super) fn top(name: &str) -> Option<(&'static [&'static str], Expected)> {
    Some(match name {
        "resource" | "data" => (&["type", "name"], Expected::Resource),
        "ephemeral" => (&["type", "name"], Expected::Schema),
        "variable" => (&["name"], Expected::Variable),
        "output" => (&["name"], Expected::Output),
        "module" => (&["name"], Expected::Module),
        "provider" => (&["name"], Expected::Provider),
        "check" => (&["name"], Expected::Check),
        "locals" => (&[], Expected::Locals),
        "terraform" | "cplan" => (&[], Expected::Settings),
        "moved" => (&[], Expected::Moved),
        "import" => (&[], Expected::Import),
        "removed" => (&[], Expected::Removed),
        _ => return None,
    })
}

/// Blocks within a body.
fn inner(of: Expected, name: &str) -> Option<(&'static [&'static str], Expected)> {
    use Expected::{
        Check, Dynamic, Lifecycle, Module, Output, Plain, Provider, Removed, Required, Resource, Schema, Settings,
        Variable,
    };
    Some(match (of, name) {
        (Resource | Removed, "lifecycle") => (&[], Lifecycle),
        (Resource | Removed, "provisioner") => (&["type"], Schema),
        (Resource | Removed, "connection") | (Provider | Module, "lifecycle" | "locals") | (Module, "provider") => {
            (&[], Schema)
        }
        (Resource | Provider | Schema, "_") => (&[], Schema),
        (Resource | Provider | Schema, "dynamic") => (&["type"], Dynamic),
        (Dynamic, "content") => (&[], Schema),
        (Lifecycle, "precondition" | "postcondition") | (Output, "precondition" | "postcondition") => (&[], Plain),
        (Variable, "validation") | (Check, "assert") => (&[], Plain),
        (Check, "data") => (&["type", "name"], Resource),
        (Settings, "required_providers") => (&[], Required),
        (Settings, "backend" | "provider_meta") => (&["type"], Plain),
        (Settings, "cloud") => (&[], Plain),
        _ => return None,
    })
}

/// How the strings of an argument are read.
fn reading(of: Expected, name: &str) -> Reading {
    use Expected::{
        Dynamic, Import, Lifecycle, Module, Moved, Output, Provider, Removed, Required, Resource, Settings, Variable,
    };
    match (of, name) {
        (Resource | Module | Output, "depends_on") | (Resource, "provider") | (Module, "providers") => Reading::Native,
        (Moved | Removed, "from" | "to") | (Import, "to" | "provider") | (Dynamic, "iterator") => Reading::Native,
        (Lifecycle, "ignore_changes" | "replace_triggered_by") | (Variable, "type") => Reading::Native,
        (Variable | Settings | Required, _) | (Output, "description" | "sensitive" | "ephemeral") => Reading::Literal,
        (Provider, "alias" | "version") | (Module, "version") => Reading::Literal,
        _ => Reading::Template,
    }
}

impl Writer<'_> {
    /// Blocks of one kind: objects by label, one within the other, or arrays of such; then the bodies.
    pub(super) fn blocks(&mut self, ident: &Text, names: &[&str], of: Expected, node: &Node) {
        self.labelled(ident, names, of, node, &mut Vec::new());
    }

    fn labelled<'n>(&mut self, ident: &Text, names: &[&str], of: Expected, node: &'n Node, labels: &mut Vec<&'n Text>) {
        let kind = &ident.text;
        let open = node.span.start..node.span.start + 1;
        if let Some((name, rest)) = names.split_first() {
            let each: &[Node] = match &node.kind {
                Kind::Object(_) => std::slice::from_ref(node),
                Kind::Array(items) => items,
                _ => &[],
            };
            let mut any = false;
            for one in each {
                let Kind::Object(members) = &one.kind else { continue };
                any |= !members.is_empty();
                for (label, value) in members {
                    labels.push(label);
                    self.labelled(ident, rest, of, value, labels);
                    labels.pop();
                }
            }
            let odd = each.iter().any(|one| !matches!(one.kind, Kind::Object(_)));
            let what = format!("The names of {kind} blocks are properties of an object here: there is no {name}.");
            let remedy = "Write an object whose property names are the labels.";
            if odd || !matches!(node.kind, Kind::Object(_) | Kind::Array(_) | Kind::Word("null")) {
                self.error("invalid-json", "Incorrect JSON value type", what, remedy, open);
            } else if !any {
                self.error("block-labels", "Missing block label", what, remedy, open);
            }
            return;
        }
        match &node.kind {
            Kind::Word("null") => {}
            Kind::Object(members) => self.block(ident, labels, of, members, node),
            Kind::Array(items) => {
                for item in items {
                    match &item.kind {
                        Kind::Object(members) => self.block(ident, labels, of, members, item),
                        _ => self.not_a_block(kind, item),
                    }
                }
            }
            _ => self.not_a_block(kind, node),
        }
    }

    fn not_a_block(&mut self, kind: &str, node: &Node) {
        self.error(
            "invalid-json",
            "Incorrect JSON value type",
            format!("Either a JSON object or a JSON array is required, representing the contents of one or more {kind:?} blocks."),
            "Write the block's arguments in an object.",
            node.span.clone(),
        );
    }

    fn block(&mut self, ident: &Text, labels: &[&Text], of: Expected, members: &[(Text, Node)], node: &Node) {
        // The last label is the place of the header; the words before it stand in other lines.
        let place = labels.last().map_or(&ident.span, |l| &l.span).clone();
        self.put(&ident.text, place);
        for label in labels {
            self.glue(" ");
            self.text(label, Reading::Literal);
        }
        self.glue(" ");
        self.put("{", node.span.start..node.span.start + 1);
        self.glue("\n");
        self.body(of, members);
        self.put("}", node.span.end - 1..node.span.end);
        self.glue("\n");
    }

    fn body(&mut self, of: Expected, members: &[(Text, Node)]) {
        let mut seen: Vec<&Text> = Vec::new();
        for (name, value) in members.iter().filter(|(name, _)| name.text != "//") {
            if let Some((names, inside)) = inner(of, &name.text) {
                self.blocks(name, names, inside, value);
                continue;
            }
            if let Some(first) = seen.iter().find(|n| n.text == name.text) {
                let first = cplan_model::Span::new(self.source, first.span.start, first.span.end);
                let second = cplan_model::Span::new(self.source, name.span.start, name.span.end);
                let summary = match of {
                    Expected::Locals => "Duplicate attribute definition",
                    _ => "Duplicate argument",
                };
                self.diagnostics.push(
                    cplan_model::Diagnostic::error(
                        "duplicate-argument",
                        summary,
                        format!("The argument `{}` is set twice in one block.", name.text),
                    )
                    .remedy("Remove one of the two; each argument may be set only once.")
                    .at(second)
                    .label(first, "first set here"),
                );
                continue;
            }
            seen.push(name);
            if !is_name(&name.text) {
                let what = format!("{:?} cannot be the name of anything here.", name.text);
                let remedy = "Use letters, digits, underscores and dashes, and no digit first.";
                let summary = match of {
                    Expected::Locals => "Invalid local value name",
                    _ => EXTRANEOUS,
                };
                self.error("invalid-name", summary, what, remedy, name.span.clone());
                continue;
            }
            self.part(name, 0..name.text.len());
            self.glue(" = ");
            self.argument(of, name, value);
            self.glue("\n");
            if of == Expected::Schema || of == Expected::Resource || of == Expected::Provider {
                self.either(name, value);
            }
        }
    }

    fn argument(&mut self, of: Expected, name: &Text, value: &Node) {
        let how = reading(of, &name.text);
        // The versions in `required_providers` are texts; only the aliases are references.
        if let (Expected::Required, Kind::Object(members)) = (of, &value.kind) {
            self.put("{", value.span.start..value.span.start + 1);
            for (name, value) in members {
                self.text(name, Reading::Literal);
                self.glue(" = ");
                let aliases = name.text == "configuration_aliases";
                self.value(value, if aliases { Reading::Native } else { Reading::Literal });
                self.glue(", ");
            }
            return self.put("}", value.span.end - 1..value.span.end);
        }
        if let (Expected::Module, "providers", Kind::Object(members)) = (of, &*name.text, &value.kind) {
            self.put("{", value.span.start..value.span.start + 1);
            for (name, value) in members {
                // A key is a name as it is, or a traversal in parentheses.
                let dotted = name.text.contains('.');
                self.glue(if dotted { "(" } else { "" });
                self.text(name, Reading::Native);
                self.glue(if dotted { ") = " } else { " = " });
                self.value(value, Reading::Native);
                self.glue(", ");
            }
            return self.put("}", value.span.end - 1..value.span.end);
        }
        self.value(value, how);
    }

    /// The blocks that a property may stand for beside the argument.
    fn either(&mut self, name: &Text, value: &Node) {
        let blocks = match &value.kind {
            Kind::Object(_) => true,
            Kind::Array(items) => !items.is_empty() && items.iter().all(|i| matches!(i.kind, Kind::Object(_))),
            _ => false,
        };
        let meta = ["count", "for_each", "depends_on", "provider", "alias", "version"].contains(&name.text.as_str());
        if blocks && !meta {
            // What is wrong with the blocks is wrong with the argument too, and told.
            let told = std::mem::take(&mut self.diagnostics);
            self.blocks(name, &[], Expected::Schema, value);
            self.diagnostics = told;
        }
    }
}
