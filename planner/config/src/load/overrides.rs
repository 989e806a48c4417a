//! Override files (`override.tf`, `*_override.tf`): their blocks are merged into those of the other files.

use cplan_model::{Diagnostic, Diagnostics, SourceId, Span};
use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body, Structure};

use super::block::header;

/// A block, and whether its file is JSON.
pub(super) type Found = (Block, bool);

/// Whether a file's name (without what stands after the first dot) says that it overrides.
pub(super) fn overrides(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    stem == "override" || stem.ends_with("_override")
}

/// Merges the blocks of an override file into those of the others. All places are of one made text.
pub(super) fn merge(base: &mut Vec<Found>, over: impl IntoIterator<Item = Found>, source: SourceId) -> Diagnostics {
    let mut merger = Merger { base, source, diagnostics: Diagnostics::new() };
    for (block, json) in over {
        merger.block(block, json);
    }
    merger.diagnostics
}

struct Merger<'b> {
    base: &'b mut Vec<Found>,
    source: SourceId,
    diagnostics: Diagnostics,
}

impl Merger<'_> {
    fn block(&mut self, over: Block, json: bool) {
        let place = header(&over, self.source);
        match over.ident.as_str() {
            "resource" | "data" => self.named(over, json, resource),
            "variable" => self.named(over, json, |base, over, wrong| {
                refuse(&over, &["validation"], wrong);
                arguments(&mut base.body, over.body);
            }),
            "output" => self.named(over, json, |base, over, wrong| {
                refuse(&over, &["precondition"], wrong);
                // Without a value of its own the other is no output, whatever is merged into it.
                if base.body.has_attribute("value") {
                    arguments(&mut base.body, over.body);
                }
            }),
            "module" => self.named(over, json, |base, over, _| {
                if base.body.has_attribute("source") {
                    arguments(&mut base.body, over.body);
                }
            }),
            "provider" => self.provider(over, json),
            "locals" => self.locals(over),
            "terraform" | "cplan" => self.settings(over, json),
            kind @ ("moved" | "import" | "check") => {
                let what = format!("`{kind}` blocks can appear only in normal files, not in override files.");
                let summary = match kind {
                    "check" => "Can't override check blocks".to_owned(),
                    _ => format!("Cannot override '{kind}' blocks"),
                };
                self.wrong(&summary, what, "Move the block to another file.", place);
            }
            _ => self.base.push((over, json)),
        }
    }

    fn wrong(&mut self, summary: &str, what: String, remedy: &str, span: Span) {
        self.diagnostics.push(Diagnostic::error("invalid-override", summary, what).remedy(remedy).at(span));
    }

    /// A block that must be there under the same labels.
    fn named(&mut self, mut over: Block, json: bool, join: impl FnOnce(&mut Block, Block, &mut Wrong<'_>)) {
        let same = |(base, _): &&mut Found| {
            let labels = base.labels.iter().map(|l| l.as_str()).eq(over.labels.iter().map(|l| l.as_str()));
            base.ident.as_str() == over.ident.as_str() && labels
        };
        let kind = over.ident.as_str().to_owned();
        let place = header(&over, self.source);
        match self.base.iter_mut().find(same) {
            Some((base, is_json)) => {
                *is_json |= json;
                let mut wrong = Wrong { source: self.source, diagnostics: &mut self.diagnostics };
                // An empty list says nothing.
                if matches!(over.body.get_attribute("depends_on").map(|a| &a.value), Some(Expression::Array(a)) if a.is_empty())
                {
                    over.body.remove_attribute("depends_on");
                }
                if kind != "variable"
                    && let Some(attribute) = over.body.get_attribute("depends_on")
                {
                    let span = attribute.value.span().map_or(place, |r| Span::new(self.source, r.start, r.end));
                    let what = "The depends_on argument may not be overridden.";
                    wrong.push("Unsupported override", what.into(), "Write it in the block itself.", span);
                }
                join(base, over, &mut wrong);
            }
            None => {
                let names: Vec<_> = over.labels.iter().map(|l| l.as_str()).collect();
                let what =
                    format!("There is no {kind} `{}` in the other files that this could override.", names.join("."));
                let summary = match kind.as_str() {
                    "resource" => "Missing resource to override".to_owned(),
                    "data" => "Missing data resource to override".to_owned(),
                    "module" => "Missing module call to override".to_owned(),
                    "variable" => "Missing base variable declaration to override".to_owned(),
                    _ => format!("Missing base {kind} definition to override"),
                };
                self.wrong(&summary, what, "Correct the name, or write the block in another file.", place);
            }
        }
    }

    fn provider(&mut self, over: Block, json: bool) {
        let same = |(base, _): &&mut Found| {
            base.ident.as_str() == "provider"
                && base.labels.iter().map(|l| l.as_str()).eq(over.labels.iter().map(|l| l.as_str()))
                && alias(base) == alias(&over)
        };
        match self.base.iter_mut().find(same) {
            Some((base, is_json)) => {
                *is_json |= json;
                arguments(&mut base.body, over.body);
            }
            None if alias(&over).is_none() => self.base.push((over, json)),
            None => {
                let what = "There is no provider configuration with this alias in the other files.".to_owned();
                let place = header(&over, self.source);
                let remedy = "Correct the alias, or write the block in another file.";
                self.wrong("Missing base provider configuration for override", what, remedy, place);
            }
        }
    }

    fn locals(&mut self, over: Block) {
        let place = header(&over, self.source);
        for attribute in over.body.into_attributes() {
            let mut locals = self.base.iter_mut().map(|(b, _)| b).filter(|b| b.ident.as_str() == "locals");
            match locals.find_map(|b| b.body.get_attribute_mut(attribute.key.as_str())) {
                Some(mut base) => *base.value_mut() = attribute.value,
                None => {
                    let span = attribute.key.span().map_or(place, |r| Span::new(self.source, r.start, r.end));
                    let what = format!("There is no local value `{}` in the other files.", attribute.key.as_str());
                    let remedy = "Correct the name, or define it in another file.";
                    self.wrong("Missing base local value definition to override", what, remedy, span);
                }
            }
        }
    }

    /// A version takes the place of all others; required providers are merged one by one.
    fn settings(&mut self, mut over: Block, json: bool) {
        let ours = over.ident.as_str().to_owned();
        let kind = |b: &Block| b.ident.as_str() == ours;
        if over.body.has_attribute("required_version") {
            for (base, _) in self.base.iter_mut().filter(|(b, _)| kind(b)) {
                base.body.remove_attribute("required_version");
            }
        }
        for name in ["backend", "cloud"] {
            if over.body.has_blocks(name) {
                self.base.iter_mut().for_each(|(base, _)| drop(base.body.remove_blocks(name)));
            }
        }
        let required = self.base.iter_mut().filter(|(b, _)| matches!(b.ident.as_str(), "terraform" | "cplan"));
        if let Some(base) = required.flat_map(|(b, _)| b.body.get_blocks_mut("required_providers")).next() {
            for block in over.body.remove_blocks("required_providers") {
                arguments(&mut base.body, block.body);
            }
        }
        self.base.push((over, json));
    }
}

struct Wrong<'d> {
    source: SourceId,
    diagnostics: &'d mut Diagnostics,
}

impl Wrong<'_> {
    fn push(&mut self, summary: &str, what: String, remedy: &str, span: Span) {
        self.diagnostics.push(Diagnostic::error("invalid-override", summary, what).remedy(remedy).at(span));
    }
}

fn refuse(over: &Block, names: &[&str], wrong: &mut Wrong<'_>) {
    for block in over.body.blocks().filter(|b| names.contains(&b.ident.as_str())) {
        let name = block.ident.as_str();
        let place = header(block, wrong.source);
        let what = format!("Override files cannot override {name:?} blocks.");
        wrong.push(&format!("Can't override {name} blocks"), what, "Write it in the block itself.", place);
    }
}

fn resource(base: &mut Block, mut over: Block, wrong: &mut Wrong<'_>) {
    for lifecycle in over.body.remove_blocks("lifecycle") {
        refuse(&lifecycle, &["precondition", "postcondition"], wrong);
        if base.body.has_blocks("lifecycle") {
            base.body
                .get_blocks_mut("lifecycle")
                .take(1)
                .for_each(|own| arguments(&mut own.body, lifecycle.body.clone()));
        } else {
            base.body.push(lifecycle);
        }
    }
    let both = over.body.has_attribute("count") && over.body.has_attribute("for_each");
    content(&mut base.body, over.body);
    // As in Terraform: where one file has a count and the other a for_each, the count wins.
    if !both && base.body.has_attribute("count") {
        base.body.remove_attribute("for_each");
    }
}

/// Arguments one by one, nested blocks by type: those of the override take the place of all others of the type, whether
/// they stand as they are or are generated.
fn content(base: &mut Body, over: Body) {
    let types: Vec<String> = over.blocks().filter_map(type_of).map(str::to_owned).collect();
    let mut i = 0;
    while i < base.len() {
        let gone = match base.get(i) {
            Some(Structure::Block(block)) => type_of(block).is_some_and(|ty| types.iter().any(|t| t == ty)),
            _ => false,
        };
        if gone {
            base.remove(i);
        } else {
            i += 1;
        }
    }
    arguments(base, over);
}

fn arguments(base: &mut Body, over: Body) {
    for structure in over {
        match structure {
            Structure::Attribute(attribute) => {
                base.remove_attribute(attribute.key.as_str());
                base.push(attribute);
            }
            Structure::Block(block) => base.push(block),
        }
    }
}

fn type_of(block: &Block) -> Option<&str> {
    match block.ident.as_str() {
        "dynamic" => block.labels.first().map(|l| l.as_str()),
        name => Some(name),
    }
}

fn alias(block: &Block) -> Option<&str> {
    match block.body.get_attribute("alias").map(|a| &a.value) {
        Some(Expression::String(text)) => Some(text.as_str()),
        _ => None,
    }
}
