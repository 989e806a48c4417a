//! The built-in functions: the table and what a function is.

use std::collections::HashMap;
use std::path::Path;
use std::sync::LazyLock;

use cplan_model::{SourceId, Type, Value};

pub(crate) use json::from_json;
pub(crate) use provided::{full_name, provided};
pub(crate) use text::graphemes;

use crate::Scope;

mod address;
mod charset;
mod collection;
mod convert;
mod crypto;
mod csv;
mod encoding;
mod file;
mod format;
mod identifier;
mod json;
mod number;
mod path;
mod provided;
mod regex;
mod set;
mod template;
mod text;
mod time;
mod yaml;

#[cfg(test)]
mod tests;

/// What a call knows besides its arguments.
pub(crate) struct Context<'a> {
    /// The folder of the module, from which relative paths are read.
    pub(crate) dir: &'a Path,
    pub(crate) scope: &'a dyn Scope,
    pub(crate) source: SourceId,
    pub(crate) depth: usize,
    /// The type of the result, as [`Returns`] has it for these arguments.
    pub(crate) returns: Type,
}

/// Why a call failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// An argument is wrong: its position and why.
    Argument(usize, String),
    /// The call as a whole.
    Call(String),
    /// A rule of the function is broken, by the argument at the position or by all of them; the words tell nothing of
    /// what the arguments hold, so that they are said of sensitive ones too.
    Rule(Option<usize>, String),
}

impl Failure {
    /// The reason alone.
    fn why(&self) -> &str {
        match self {
            Failure::Argument(_, why) | Failure::Call(why) | Failure::Rule(_, why) => why,
        }
    }
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
    /// What has no type yet, unknown or null, is passed on instead of making the result unknown.
    pub(crate) untyped: bool,
    /// Marks are passed on instead of being moved to the result.
    pub(crate) marked: bool,
}

/// The type of a result, which stands where an argument is unknown.
pub(crate) enum Returns {
    Fixed(Type),
    /// Depends on the values.
    Computed,
    /// The type of this argument.
    SameAs(usize),
    /// By the arguments, of which any may be unknown. What can be refused by their types is refused here, so that a
    /// plan finds it while the values are not known.
    By(fn(&[Value]) -> Result<Type, Failure>),
}

/// A function.
pub(crate) struct Function {
    pub(crate) params: Vec<Parameter>,
    pub(crate) variadic: Option<Parameter>,
    pub(crate) returns: Returns,
    /// Whether the result can be null, or is never.
    pub(crate) nullable: bool,
    pub(crate) call: fn(&mut Context<'_>, &[Value]) -> Outcome,
}

type Call = fn(&mut Context<'_>, &[Value]) -> Outcome;

/// A parameter of a type.
fn param(name: &'static str, ty: Type) -> Parameter {
    Parameter { name, ty, null: false, unknown: false, untyped: false, marked: false }
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

    /// Takes unknowns itself, of no type yet included.
    fn unknown(mut self) -> Self {
        self.unknown = true;
        self.untyped = true;
        self
    }

    /// Takes what has no type yet.
    fn untyped(mut self) -> Self {
        self.untyped = true;
        self
    }

    /// Takes only what has a type.
    fn typed(mut self) -> Self {
        self.untyped = false;
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
        Function { params: params.into(), variadic: None, returns, nullable: false, call }
    }

    /// The result can be null.
    fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    fn variadic(mut self, parameter: Parameter) -> Self {
        self.variadic = Some(parameter);
        self
    }
}

type Table = Vec<(&'static str, Function)>;

static TABLE: LazyLock<HashMap<&'static str, Function>> = LazyLock::new(|| {
    let rooms: &[fn() -> Table] = &[
        address::table,
        charset::table,
        collection::table,
        convert::table,
        crypto::table,
        csv::table,
        encoding::table,
        file::table,
        identifier::table,
        json::table,
        number::table,
        path::table,
        set::table,
        template::table,
        text::table,
        time::table,
        yaml::table,
    ];
    rooms.iter().flat_map(|room| room()).collect()
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

/// A text in quotes, as Go's `%q` writes it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.chars().map(|c| escaped(c, '"')).collect::<String>())
}

/// A character in single quotes, as Go's `%q` writes it.
fn quoted_char(c: char) -> String {
    format!("'{}'", escaped(c, '\''))
}

fn escaped(c: char, quote: char) -> String {
    match c {
        '\\' => "\\\\".into(),
        '\n' => "\\n".into(),
        '\r' => "\\r".into(),
        '\t' => "\\t".into(),
        '\u{7}' => "\\a".into(),
        '\u{8}' => "\\b".into(),
        '\u{b}' => "\\v".into(),
        '\u{c}' => "\\f".into(),
        c if c == quote => format!("\\{c}"),
        c if c < ' ' || c == '\u{7f}' => format!("\\x{:02x}", c as u32),
        // Letters, marks and signs stand as they are; what shows nothing is spelled.
        c if c != ' ' && (c.is_control() || c.is_whitespace() || unprintable(c)) => match c as u32 {
            n @ ..=0xffff => format!("\\u{n:04x}"),
            n => format!("\\U{n:08x}"),
        },
        c => c.into(),
    }
}

/// Marks of direction, joiners, tags and what is for private use.
fn unprintable(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..)
}
