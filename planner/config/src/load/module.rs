//! The blocks of a module's files to a [`Module`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use cplan_model::{Diagnostic, Diagnostics, SourceId, Span};
use hcl_edit::Span as _;
use hcl_edit::structure::{Block, Body};

use super::block::{Reader, extraneous, header, unsupported_argument};
use super::nothing;
use crate::{Expr, Local, Module, ModuleCall, Output, suggest};

/// What a file is made of.
pub(crate) const BLOCKS: [&str; 13] = [
    "resource",
    "data",
    "variable",
    "output",
    "locals",
    "module",
    "provider",
    "terraform",
    "cplan",
    "check",
    "moved",
    "import",
    "removed",
];
/// Those that are known and refused.
pub(crate) const LATER: [&str; 1] = ["ephemeral"];

/// A call whose module is not loaded yet: its name, and the expression of its source.
pub(super) type Pending = (Arc<str>, ModuleCall, Expr);

/// A module on its way.
pub(super) struct Builder {
    pub(super) module: Module,
    pub(super) diagnostics: Diagnostics,
    /// Calls whose modules are not loaded yet, with their `source`.
    calls: BTreeMap<Arc<str>, (ModuleCall, Option<Expr>)>,
    /// The types of resources, each once.
    types: BTreeSet<Arc<str>>,
    /// The block `required_providers`, of which there may be only one.
    pub(super) required: Option<Span>,
    /// Whether the block at hand is from JSON.
    pub(super) json: bool,
}

impl Builder {
    pub(super) fn new(dir: &Path) -> Self {
        Builder {
            module: nothing(dir),
            diagnostics: Diagnostics::new(),
            calls: BTreeMap::new(),
            types: BTreeSet::new(),
            required: None,
            json: false,
        }
    }

    /// A type's name, the same in memory for all resources of the type.
    pub(super) fn of_type(&mut self, ty: Arc<str>) -> Arc<str> {
        if let Some(known) = self.types.get(&ty) {
            return Arc::clone(known);
        }
        self.types.insert(Arc::clone(&ty));
        ty
    }

    /// Tells of arguments that stand outside of every block.
    pub(super) fn outside(&mut self, body: &Body, source: SourceId) {
        for attribute in body.attributes() {
            self.diagnostics.push(unsupported_argument::<&str>(attribute, source, &[], &BLOCKS));
        }
    }

    /// Adds blocks, each with whether its file is JSON. What is not kept of a block is gone before the next.
    pub(super) fn blocks(&mut self, blocks: impl IntoIterator<Item = (Block, bool)>, source: SourceId) {
        for (block, json) in blocks {
            self.json = json;
            if !json {
                self.block(block, source);
                continue;
            }
            let told = std::mem::take(&mut self.diagnostics);
            self.block(block, source);
            let found = std::mem::replace(&mut self.diagnostics, told);
            self.diagnostics.extend(found.into_iter().map(extraneous));
        }
    }

    fn block(&mut self, block: Block, source: SourceId) {
        if matches!(block.ident.as_str(), "resource" | "data") {
            self.resource(block, source, None);
            return;
        }
        let block = &block;
        match block.ident.as_str() {
            "variable" => self.variable(block, source),
            "output" => self.output(block, source),
            "locals" => self.locals(block, source),
            "module" => self.call(block, source),
            "provider" => self.provider(block, source),
            "terraform" | "cplan" => self.settings(block, source),
            "check" => self.check(block, source),
            "moved" => self.moved(block, source),
            "import" => self.import(block, source),
            "removed" => self.removed(block, source),
            other => {
                let span = block.ident.span().map_or(header(block, source), |r| Span::new(source, r.start, r.end));
                self.diagnostics.push(if LATER.contains(&other) {
                    Diagnostic::error(
                        "not-supported",
                        "Not supported yet",
                        format!("`{other}` blocks are part of the language, but this version cannot do them yet."),
                    )
                    .remedy("Remove the block.")
                    .at(span)
                } else {
                    Diagnostic::error(
                        "unsupported-block",
                        "Unsupported block type",
                        format!("Blocks of type `{other}` are not expected here."),
                    )
                    .remedy(match suggest(other, BLOCKS) {
                        Some(near) => format!("Did you mean `{near}`?"),
                        None => "Remove the block.".into(),
                    })
                    .at(span)
                });
            }
        }
    }

    /// Tells of a name that is taken; `what` is as in "resource `a.b`".
    pub(super) fn duplicate(&mut self, summary: &str, what: &str, first: Span, second: Span) {
        self.diagnostics.push(
            Diagnostic::error(
                "duplicate",
                summary,
                format!("The {what} was already declared; names must be unique within a module."),
            )
            .remedy("Rename or remove one of the two.")
            .at(second)
            .label(first, "first declared here"),
        );
    }

    fn locals(&mut self, block: &Block, source: SourceId) {
        let mut reader = Reader::new(block, source);
        reader.labels([]);
        for inner in block.body.blocks() {
            let name = inner.ident.as_str();
            reader.error(
                "unsupported-block",
                &format!("Unexpected {name:?} block"),
                "Blocks are not allowed here.".into(),
                format!("Did you mean a value? If so, write `{name} = {{ ... }}`."),
                header(inner, source),
            );
        }
        self.diagnostics.extend(reader.diagnostics);
        for attribute in block.body.attributes() {
            let span = attribute.key.span().map_or(header(block, source), |r| Span::new(source, r.start, r.end));
            let name: Arc<str> = attribute.key.as_str().into();
            if let Some(first) = self.module.locals.get(&name) {
                let first = first.span;
                self.duplicate("Duplicate local value definition", &format!("local value `{name}`"), first, span);
                continue;
            }
            self.module.locals.insert(name, Local { value: Expr::new(&attribute.value, source), span });
        }
    }

    fn output(&mut self, block: &Block, source: SourceId) {
        let mut reader = Reader::new(block, source);
        let labels = reader.labels(["name"]);
        let span = reader.header();
        let value = reader.required("value");
        let sensitive = reader.bool("sensitive").unwrap_or(false);
        let description = reader.string("description");
        let depends_on = reader.depends_on();
        let preconditions = reader.rules("precondition");
        for block in reader.blocks("postcondition") {
            let place = header(block, source);
            reader.error(
                "invalid-condition",
                "Postconditions are not allowed",
                "Output values can only have preconditions, not postconditions.".into(),
                "Write it as a `precondition`.".into(),
                place,
            );
        }
        if reader.bool("ephemeral") == Some(true) {
            reader.not_supported("Ephemeral outputs", "Use `sensitive = true`.", span);
        }
        self.diagnostics.extend(reader.close());
        let (Some([name]), Some(value)) = (labels, value) else { return };
        if let Some(first) = self.module.outputs.get(&name) {
            let first = first.span;
            self.duplicate("Duplicate output definition", &format!("output `{name}`"), first, span);
            return;
        }
        self.module.outputs.insert(name, Output { span, value, sensitive, description, depends_on, preconditions });
    }

    fn call(&mut self, block: &Block, source: SourceId) {
        let mut reader = Reader::new(block, source);
        let labels = reader.labels(["name"]);
        let span = reader.header();
        let path = reader.required("source");
        let repeat = reader.repeat();
        let depends_on = reader.depends_on();
        let providers = reader.providers();
        if let Some(expr) = reader.argument("version") {
            reader.error(
                "module-source",
                "Invalid registry module source address",
                "The argument `version` is for modules of a registry, and this version takes modules from folders only."
                    .into(),
                "Remove it.".into(),
                expr.span,
            );
        }
        const RESERVED: [&str; 3] = ["lifecycle", "locals", "provider"];
        reader.reserved_blocks(&RESERVED);
        for inner in block.body.blocks().filter(|b| !RESERVED.contains(&b.ident.as_str())) {
            let d = super::block::unsupported_block::<&str>(inner, source, &[], &[]);
            reader.diagnostics.push(d);
        }
        let diagnostics = reader.diagnostics;
        self.diagnostics.extend(diagnostics);
        const META: [&str; 6] = ["source", "count", "for_each", "depends_on", "providers", "version"];
        let inputs = (block.body.attributes())
            .filter(|a| !META.contains(&a.key.as_str()))
            .map(|a| {
                let place = a.key.span().map_or(span, |r| Span::new(source, r.start, r.end));
                (Arc::from(a.key.as_str()), (Expr::new(&a.value, source), place))
            })
            .collect();
        let Some([name]) = labels else { return };
        if let Some((first, _)) = self.calls.get(&name) {
            let first = first.span;
            self.duplicate("Duplicate module call", &format!("module call `{name}`"), first, span);
            return;
        }
        let module = Arc::new(nothing(&self.module.dir));
        self.calls.insert(name, (ModuleCall { span, repeat, depends_on, inputs, providers, module }, path));
    }

    /// The module without its calls, and those with the expressions of their sources.
    pub(super) fn finish(self) -> (Module, Vec<Pending>, Diagnostics) {
        let calls = self.calls.into_iter().filter_map(|(name, (call, source))| Some((name, call, source?))).collect();
        (self.module, calls, self.diagnostics)
    }
}
