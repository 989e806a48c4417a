//! The configuration: what the files say, with spans, nothing evaluated.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use cplan_model::{ResourceAddr, SourceMap, Span, Target, Type, Value};

use crate::{Reference, Spelled};

/// An expression with the file it is from. Its inner spans are byte ranges of that file.
#[derive(Clone, Debug)]
pub struct Expr {
    /// hcl-edit's tree, spans included.
    pub tree: Arc<hcl_edit::expr::Expression>,
    /// The whole expression.
    pub span: Span,
}

/// A loaded configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// All files.
    pub sources: SourceMap,
    /// The root module; the others hang below its calls.
    pub root: Arc<Module>,
}

/// One module as its files say.
#[derive(Clone, Debug)]
pub struct Module {
    /// The folder, absolute.
    pub dir: PathBuf,
    /// `cplan {}` and `terraform {}` blocks together.
    pub settings: Settings,
    /// By name.
    pub variables: BTreeMap<Arc<str>, Variable>,
    /// By name.
    pub locals: BTreeMap<Arc<str>, Local>,
    /// By name.
    pub outputs: BTreeMap<Arc<str>, Output>,
    /// `provider` blocks by local name and alias.
    pub providers: BTreeMap<ProviderRef, ProviderBlock>,
    /// Resources and data sources, those within `check` blocks too.
    pub resources: BTreeMap<ResourceAddr, Arc<ResourceBlock>>,
    /// By call name.
    pub calls: BTreeMap<Arc<str>, ModuleCall>,
    /// By name.
    pub checks: BTreeMap<Arc<str>, CheckBlock>,
    /// `moved` blocks in the order of the text, their addresses relative to this module.
    pub moved: Vec<Moved>,
    /// `import` blocks in the order of the text; only the root module may have any.
    pub imports: Vec<Import>,
    /// `removed` blocks in the order of the text, their addresses relative to this module.
    pub removed: Vec<Removed>,
}

impl Module {
    /// The provider that a local name stands for: the last word of the source that `required_providers` gives it, or
    /// the name itself (`mylab = { source = "cplan/lab" }` makes `mylab` stand for `lab`).
    pub fn provider_type(&self, local: &Arc<str>) -> Arc<str> {
        let source = self.settings.required_providers.get(local).and_then(|r| r.source.as_deref());
        source.and_then(|s| s.rsplit('/').next()).map_or_else(|| local.clone(), Arc::from)
    }
}

/// What a `cplan {}` or `terraform {}` block says.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `required_version`, checked by load.
    pub required_version: Option<(String, Span)>,
    /// `required_providers` by local name.
    pub required_providers: BTreeMap<Arc<str>, RequiredProvider>,
}

/// One entry of `required_providers`.
#[derive(Clone, Debug)]
pub struct RequiredProvider {
    /// `source = "namespace/type"`
    pub source: Option<String>,
    /// `version = ">= 1.0"`
    pub version: Option<String>,
    /// `configuration_aliases`: configurations that the caller must pass in.
    pub aliases: Vec<ProviderRef>,
    /// The entry's name in the file.
    pub span: Span,
}

/// A configuration of a provider by its local name in a module: `lab`, or with an alias `lab.west`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProviderRef {
    /// The local name.
    pub name: Arc<str>,
    /// The alias; `None` is the default configuration.
    pub alias: Option<Arc<str>>,
}

impl ProviderRef {
    /// The default configuration of a provider.
    pub fn default_of(name: impl Into<Arc<str>>) -> Self {
        ProviderRef { name: name.into(), alias: None }
    }

    /// The default configuration of the provider that a resource type belongs to: its first word names it.
    pub fn of_type(ty: &str) -> Self {
        Self::default_of(ty.split('_').next().unwrap_or(ty))
    }
}

impl fmt::Display for ProviderRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.alias.iter().try_for_each(|alias| write!(f, ".{alias}"))
    }
}

/// A `variable` block.
#[derive(Clone, Debug)]
pub struct Variable {
    /// The block's header.
    pub span: Span,
    /// The constraint, [`Type::Dynamic`] if there is none. `optional()` defaults are in `defaults`.
    pub ty: Type,
    /// There is no constraint at all, which is not the same as `any`: text from outside is then the value itself.
    pub untyped: bool,
    /// Defaults of `optional(T, default)`, applied before conversion.
    pub defaults: TypeDefaults,
    /// Converted already.
    pub default: Option<Value>,
    /// Whether null is a value (true unless `nullable = false`).
    pub nullable: bool,
    /// Never shown.
    pub sensitive: bool,
    /// `validation` blocks.
    pub validations: Vec<CheckRule>,
    /// For the manual.
    pub description: Option<String>,
}

/// Defaults within a type constraint.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TypeDefaults {
    /// For attributes of an object at this level.
    pub values: BTreeMap<Arc<str>, Value>,
    /// Deeper, by attribute name; `""` is the element of a collection.
    pub children: BTreeMap<Arc<str>, TypeDefaults>,
}

/// A condition with its message.
#[derive(Clone, Debug)]
pub struct CheckRule {
    /// Must be true.
    pub condition: Expr,
    /// Told when it is not.
    pub error_message: Expr,
    /// The block's header.
    pub span: Span,
}

/// One entry of a `locals` block.
#[derive(Clone, Debug)]
pub struct Local {
    /// Its value.
    pub value: Expr,
    /// Its name in the file.
    pub span: Span,
}

/// An `output` block.
#[derive(Clone, Debug)]
pub struct Output {
    /// The block's header.
    pub span: Span,
    /// Its value.
    pub value: Expr,
    /// Shown only by name.
    pub sensitive: bool,
    /// For the manual.
    pub description: Option<String>,
    /// Hidden edges.
    pub depends_on: Vec<Spelled>,
    /// `precondition` blocks, checked before the value is taken.
    pub preconditions: Vec<CheckRule>,
}

/// A `provider` block.
#[derive(Clone, Debug)]
pub struct ProviderBlock {
    /// The block's header.
    pub span: Span,
    /// Everything in it; decode with the provider's schema.
    pub body: Body,
}

impl ModuleCall {
    /// The place of `count` or `for_each`.
    pub(crate) fn repeat_span(&self) -> Option<Span> {
        self.repeat.as_ref().map(|(ForEach::Count(expr) | ForEach::Each(expr))| expr.span)
    }
}

impl ProviderBlock {
    /// Whether there is nothing in it. In a called module such a block only says that a configuration of this name comes
    /// from the caller.
    pub fn is_empty(&self) -> bool {
        self.body.body.is_empty()
    }
}

/// A block's content, to be decoded with a schema, with the source it is from. Meta-arguments are taken out already.
pub type Body = Arc<BodySource>;

/// hcl-edit's body and its file.
#[derive(Clone, Debug)]
pub struct BodySource {
    /// hcl-edit's tree.
    pub body: hcl_edit::structure::Body,
    /// Where the block begins and ends.
    pub span: Span,
    /// It is from JSON, where a property that may be a nested block or an argument stands as both, under one name: the
    /// schema says which is meant.
    pub json: bool,
}

/// How many instances.
#[derive(Clone, Debug)]
pub enum ForEach {
    /// `count = n`
    Count(Expr),
    /// `for_each = {...}`
    Each(Expr),
}

/// A `lifecycle` block.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    /// `ignore_changes = [a, b.c]`
    pub ignore_changes: Vec<cplan_model::AttrPath>,
    /// The places of these, in the same order.
    pub ignore_places: Vec<Span>,
    /// `ignore_changes = all`
    pub ignore_all: bool,
    /// Where it is true, any plan that deletes the object is refused. It must be known when planning.
    pub prevent_destroy: Option<Expr>,
    /// Where it is true, a replacement is made before the old object goes. It must be known when planning.
    pub create_before_destroy: Option<Expr>,
    /// `replace_triggered_by = [a.b, c.d[each.key].e]`: each a traversal that begins with a managed resource of the
    /// module; index expressions may name `each` and `count`.
    pub replace_triggered_by: Vec<(Expr, Span)>,
    /// Checked before the object is planned and before it is changed.
    pub preconditions: Vec<CheckRule>,
    /// Checked after; they may name `self`.
    pub postconditions: Vec<CheckRule>,
}

/// A `resource` or `data` block.
#[derive(Clone, Debug)]
pub struct ResourceBlock {
    /// What it is.
    pub addr: ResourceAddr,
    /// The block's header (`resource "lab_machine" "edge"`).
    pub span: Span,
    /// Of the `provider` meta-argument, or the default of the type's first word; `terraform_data` has `terraform`.
    pub provider: ProviderRef,
    /// `count` or `for_each`.
    pub repeat: Option<ForEach>,
    /// Hidden edges.
    pub depends_on: Vec<Spelled>,
    /// How changes are made.
    pub lifecycle: Lifecycle,
    /// The `check` block that a data source stands in; only that block may name it.
    pub check: Option<Arc<str>>,
    /// Everything else.
    pub body: Body,
}

/// A `check` block. Its data source, if it has one, is among the module's resources.
#[derive(Clone, Debug)]
pub struct CheckBlock {
    /// The block's header.
    pub span: Span,
    /// `assert` blocks, at least one.
    pub asserts: Vec<CheckRule>,
}

/// A `moved` block.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The former address.
    pub from: Target,
    /// The present one, of the same kind: a module or a resource.
    pub to: Target,
    /// The block's header.
    pub span: Span,
    /// The place of `from`.
    pub from_span: Span,
    /// The place of `to`.
    pub to_span: Span,
}

/// An `import` block.
#[derive(Clone, Debug)]
pub struct Import {
    /// What to bind.
    pub to: ImportTo,
    /// The provider's id of the real object, a string known when planning. May name `each`.
    pub id: Expr,
    /// One import per element.
    pub for_each: Option<Expr>,
    /// The block's header.
    pub span: Span,
}

/// The `to` of an import: an address whose keys may be expressions, such as `each.key`.
#[derive(Clone, Debug)]
pub struct ImportTo {
    /// The modules from the root, with the keys of their instances.
    pub modules: Vec<(Arc<str>, Option<Expr>)>,
    /// A managed resource.
    pub resource: ResourceAddr,
    /// The key of the instance.
    pub key: Option<Expr>,
    /// The place of the whole.
    pub span: Span,
}

/// A `removed` block: the object leaves the state.
#[derive(Clone, Debug)]
pub struct Removed {
    /// A module or a managed resource, without any key; nothing of the configuration.
    pub from: Target,
    /// `lifecycle { destroy = ... }`, known when planning: whether the real object is deleted. True where it is absent.
    pub destroy: Option<Expr>,
    /// The block's header.
    pub span: Span,
    /// The place of `from`.
    pub from_span: Span,
}

/// A `module` block and the module it calls.
#[derive(Clone, Debug)]
pub struct ModuleCall {
    /// The block's header.
    pub span: Span,
    /// `count` or `for_each`.
    pub repeat: Option<ForEach>,
    /// Hidden edges, for everything in the module.
    pub depends_on: Vec<Spelled>,
    /// Inputs by variable name.
    pub inputs: BTreeMap<Arc<str>, (Expr, Span)>,
    /// `providers = { inner = outer }`. Where the map does not name one, the default configuration of every provider is
    /// inherited.
    pub providers: BTreeMap<ProviderRef, (ProviderRef, Span)>,
    /// The module.
    pub module: Arc<Module>,
}

impl ModuleCall {
    /// The one output that a reference to this call needs; none where it needs them all: where it names the whole, an
    /// instance as an attribute (`module.each.key.output`), or what is no output.
    pub fn output_of<'r>(&self, reference: &'r Reference) -> Option<&'r Arc<str>> {
        let one = reference.keyed == self.repeat.is_some();
        reference.output.as_ref().filter(|name| one && self.module.outputs.contains_key(*name))
    }
}
