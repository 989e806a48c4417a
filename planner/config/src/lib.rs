//! HCL text to [`Config`]; expressions to values. Knows nothing of state or of providers' worlds.
//!
//! The way of a file: load -> parse -> block -> Config; the way of an expression: references (static) and
//! evaluate (with a [`Scope`]); the way of a resource body: decode (with a schema and a scope).

mod config;
mod constant;
mod context;
mod decode;
mod encode;
mod evaluate;
mod expression;
mod format;
mod functions;
mod infinite;
mod load;
mod parse;
mod place;
mod references;
mod rules;
mod scope;
mod suggest;
mod trigger;
mod types;
mod validate;
mod variables;
mod written;

use cplan_model::{AttrPath, ConvertError, Step};

pub use config::{
    Body, BodySource, CheckBlock, CheckRule, Config, Expr, ForEach, Import, ImportTo, Lifecycle, Local, Module,
    ModuleCall, Moved, Output, ProviderBlock, ProviderRef, Removed, RequiredProvider, ResourceBlock, Settings,
    TypeDefaults, Variable,
};
pub use context::block_header;
pub use decode::decode;
pub use encode::encode;
pub use evaluate::evaluate;
pub use expression::{expression, validate_expression};
pub use format::format;
pub use infinite::refuse_infinite;
pub use load::{load, load_beside, load_saved, load_saved_with, load_with};
pub use place::place;
pub use references::{body_references, references};
pub use rules::{Judged, RuleKind, Verdict, check_rule, check_rules};
pub use scope::{Clock, Reference, Scope, Subject};
pub use suggest::suggest;
pub use trigger::{Trigger, trigger};
pub use validate::{Schemas, has_attribute, validate};
pub use variables::{VariableFlag, Variables, collect_variables, prepare_variable, variable_origins};
pub use written::{Spelled, Written, literal_value, spelled, written};

use constant::constant;
use load::block as load_block;

/// A path as messages write it: `.a[0]["k"]`.
fn path_text(path: &AttrPath) -> String {
    path.0
        .iter()
        .map(|step| match step {
            Step::Attr(name) => format!(".{name}"),
            Step::Index(n) => format!("[{n}]"),
            Step::Key(key) => format!("[{key:?}]"),
            Step::Element(_) => "[...]".into(),
        })
        .collect()
}

/// Why a conversion failed, with the place in the value.
fn clause(error: &ConvertError) -> String {
    match error.path.0.first() {
        None => error.message.clone(),
        Some(Step::Attr(name)) if error.path.0.len() == 1 => format!("attribute {name:?}: {}", error.message),
        Some(Step::Index(n)) if error.path.0.len() == 1 => format!("element {n}: {}", error.message),
        Some(Step::Key(key)) if error.path.0.len() == 1 => format!("element {key:?}: {}", error.message),
        Some(_) => format!("{}: {}", path_text(&error.path).trim_start_matches('.'), error.message),
    }
}
