//! The configuration: what the files say, with spans, nothing evaluated.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use cplan_model::{ResourceAddr, SourceMap, Span, Type, Value};

use crate::Reference;

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
    /// By provider name (`lab`).
    pub providers: BTreeMap<Arc<str>, ProviderBlock>,
    /// Resources and data sources.
    pub resources: BTreeMap<ResourceAddr, ResourceBlock>,
    /// By call name.
    pub calls: BTreeMap<Arc<str>, ModuleCall>,
}

/// What a `cplan {}` or `terraform {}` block says.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `required_version`, checked by load.
    pub required_version: Option<(String, Span)>,
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
    pub depends_on: Vec<Reference>,
}

/// A `provider` block.
#[derive(Clone, Debug)]
pub struct ProviderBlock {
    /// The block's header.
    pub span: Span,
    /// Everything in it; decode with the provider's schema.
    pub body: Body,
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
    /// Any plan that deletes it is refused. Its expression's place for the message.
    pub prevent_destroy: Option<Span>,
}

/// A `resource` or `data` block.
#[derive(Clone, Debug)]
pub struct ResourceBlock {
    /// What it is.
    pub addr: ResourceAddr,
    /// The block's header (`resource "lab_machine" "edge"`).
    pub span: Span,
    /// The provider's name: of the `provider` meta-argument, or the type's first word; `terraform_data` has `terraform`.
    pub provider: Arc<str>,
    /// `count` or `for_each`.
    pub repeat: Option<ForEach>,
    /// Hidden edges.
    pub depends_on: Vec<Reference>,
    /// How changes are made.
    pub lifecycle: Lifecycle,
    /// Everything else.
    pub body: Body,
}

/// A `module` block and the module it calls.
#[derive(Clone, Debug)]
pub struct ModuleCall {
    /// The block's header.
    pub span: Span,
    /// `count` or `for_each`.
    pub repeat: Option<ForEach>,
    /// Hidden edges, for everything in the module.
    pub depends_on: Vec<Reference>,
    /// Inputs by variable name.
    pub inputs: BTreeMap<Arc<str>, (Expr, Span)>,
    /// The module.
    pub module: Arc<Module>,
}
