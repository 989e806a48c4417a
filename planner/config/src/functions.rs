//! The built-in functions: the table and what a function is.

use std::collections::HashMap;
use std::path::Path;
use std::sync::LazyLock;

use cplan_model::{SourceId, Type, Value};

pub(crate) use json::from_json;

use crate::Scope;

mod address;
mod collection;
mod convert;
mod encoding;
mod file;
mod format;
mod json;
mod number;
mod regex;
mod set;
mod text;
mod yaml;

/// What a call knows besides its arguments.
pub(crate) struct Context<'a> {
    /// The folder of the module, from which relative paths are read.
    pub(crate) dir: &'a Path,
    pub(crate) scope: &'a dyn Scope,
    pub(crate) source: SourceId,
    pub(crate) depth: usize,
}

/// Why a call failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// An argument is wrong: its position and why.
    Argument(usize, String),
    /// The call as a whole.
    Call(String),
}

impl<S: Into<String>> From<S> for Failure {
    fn from(why: S) -> Self {
        Failure::Call(why.into())
    }
}

pub(crate) type Outcome = Result<Value, Failure>;

/// A parameter: its type and which special values it takes itself.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) ty: Type,
    /// Null is passed on instead of being refused.
    pub(crate) null: bool,
    /// Unknown is passed on instead of making the result unknown.
    pub(crate) unknown: bool,
    /// Marks are passed on instead of being moved to the result.
    pub(crate) marked: bool,
}

/// The type of a result where an argument is unknown.
pub(crate) enum Returns {
    Fixed(Type),
    /// Depends on the values.
    Computed,
    /// The type of this argument.
    SameAs(usize),
}

/// A function.
pub(crate) struct Function {
    pub(crate) params: Vec<Parameter>,
    pub(crate) variadic: Option<Parameter>,
    pub(crate) returns: Returns,
    pub(crate) call: fn(&mut Context<'_>, &[Value]) -> Outcome,
}

type Call = fn(&mut Context<'_>, &[Value]) -> Outcome;

/// A parameter of a type.
fn param(name: &'static str, ty: Type) -> Parameter {
    Parameter { name, ty, null: false, unknown: false, marked: false }
}

/// A parameter of any type.
fn any(name: &'static str) -> Parameter {
    param(name, Type::Dynamic)
}

fn text(name: &'static str) -> Parameter {
    param(name, Type::String)
}

fn num(name: &'static str) -> Parameter {
    param(name, Type::Number)
}

impl Parameter {
    /// Takes null itself.
    fn null(mut self) -> Self {
        self.null = true;
        self
    }

    /// Takes unknowns itself.
    fn unknown(mut self) -> Self {
        self.unknown = true;
        self
    }

    /// Takes marks itself.
    fn marked(mut self) -> Self {
        self.marked = true;
        self
    }
}

impl Function {
    fn new<const N: usize>(params: [Parameter; N], returns: Returns, call: Call) -> Self {
        Function { params: params.into(), variadic: None, returns, call }
    }

    fn variadic(mut self, parameter: Parameter) -> Self {
        self.variadic = Some(parameter);
        self
    }
}

type Table = Vec<(&'static str, Function)>;

static TABLE: LazyLock<HashMap<&'static str, Function>> = LazyLock::new(|| {
    let rooms: [fn() -> Table; 8] = [
        address::table,
        collection::table,
        convert::table,
        encoding::table,
        file::table,
        number::table,
        set::table,
        text::table,
    ];
    rooms.into_iter().flat_map(|room| room()).collect()
});

/// The function of a name; `try` and `can` are the evaluator's own.
pub(crate) fn function(name: &str) -> Option<&'static Function> {
    TABLE.get(name)
}

/// All names, for near-name help.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TABLE.keys().copied().chain(["try", "can"])
}

/// The string of an argument that was converted already.
fn str_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn fixed(ty: Type) -> Returns {
    Returns::Fixed(ty)
}
