//! Regular expressions in the syntax of RE2, as Go reads it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use cplan_model::{Type, Value};
use regex::{Captures, Regex, RegexBuilder};

use self::syntax::{SyntaxError, translate};
use super::{Context, Failure, Outcome, str_of};

mod class;
mod escape;
mod repeat;
mod syntax;

/// Deeper than this, Go refuses a pattern.
const NESTING: u32 = 1000;

/// The bytes that a compiled pattern may have.
const COMPILED: usize = 64 << 20;

/// Patterns that are kept compiled, because one is often used for every element of a list.
const KEPT: usize = 256;

/// A compiled pattern; the names of its groups are kept beside, because Go takes more names than the crate does.
struct Pattern {
    regex: Regex,
    groups: Vec<Option<String>>,
}

fn compile(text: &str) -> Result<Arc<Pattern>, SyntaxError> {
    static PATTERNS: LazyLock<Mutex<HashMap<String, Arc<Pattern>>>> = LazyLock::new(Mutex::default);
    let mut kept = PATTERNS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pattern) = kept.get(text) {
        return Ok(pattern.clone());
    }
    let translated = translate(text)?;
    let mut builder = RegexBuilder::new(&translated.text);
    let regex = builder
        .nest_limit(4 * NESTING)
        .size_limit(COMPILED)
        .build()
        .map_err(|_| SyntaxError { code: "expression too large", at: text.to_owned() })?;
    let pattern = Arc::new(Pattern { regex, groups: translated.groups });
    if kept.len() >= KEPT {
        kept.clear();
    }
    kept.insert(text.to_owned(), pattern.clone());
    Ok(pattern)
}

/// The pattern of the first argument.
fn pattern(a: &[Value]) -> Result<Arc<Pattern>, Failure> {
    compile(str_of(&a[0]))
        .map_err(|error| Failure::Argument(0, format!("invalid regexp pattern: {} in {}", error.code, error.at)))
}

/// The type of one match: a string, a tuple of the groups, or an object of the named groups.
fn match_type(a: &[Value]) -> Result<Type, Failure> {
    let groups = &pattern(a)?.groups;
    let named = groups.iter().flatten().count();
    match (groups.len(), named) {
        (0, _) => Ok(Type::String),
        (_, 0) => Ok(Type::tuple(groups.iter().map(|_| Type::String))),
        (all, named) if all == named => Ok(Type::object(groups.iter().flatten().map(|n| (n.as_str(), Type::String)))),
        _ => Err(Failure::Rule(
            Some(0),
            "invalid regexp pattern: cannot mix both named and unnamed capture groups".into(),
        )),
    }
}

fn found(pattern: &Pattern, captures: &Captures<'_>) -> Value {
    let group = |i: usize| captures.get(i).map_or_else(|| Value::null(Type::String), |m| Value::string(m.as_str()));
    if pattern.groups.is_empty() {
        return group(0);
    }
    let each = pattern.groups.iter().enumerate();
    if pattern.groups[0].is_none() {
        return Value::tuple(each.map(|(i, _)| group(i + 1)));
    }
    // Of groups with one name, the last counts.
    let named: BTreeMap<&str, Value> = each.filter_map(|(i, name)| Some((name.as_deref()?, group(i + 1)))).collect();
    Value::object(named)
}

/// The type of `regex`; open while the pattern is not known.
pub(super) fn regex_returns(a: &[Value]) -> Result<Type, Failure> {
    if a[0].is_known() { match_type(a) } else { Ok(Type::Dynamic) }
}

/// The type of `regexall`.
pub(super) fn regexall_returns(a: &[Value]) -> Result<Type, Failure> {
    regex_returns(a).map(Type::list)
}

pub(super) fn regex(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let pattern = pattern(a)?;
    match pattern.regex.captures(str_of(&a[1])) {
        Some(captures) => Ok(found(&pattern, &captures)),
        None => Err(Failure::Rule(None, "pattern did not match any part of the given string".into())),
    }
}

pub(super) fn regexall(context: &mut Context<'_>, a: &[Value]) -> Outcome {
    let pattern = pattern(a)?;
    let ty = if let Type::List(element) = &context.returns { Type::clone(element) } else { Type::String };
    Ok(Value::list(ty, pattern.regex.captures_iter(str_of(&a[1])).map(|captures| found(&pattern, &captures))))
}

/// A pattern between slashes is a regular expression, with `$1` and `${name}` in the replacement.
pub(super) fn replace(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let (text, what, with) = (str_of(&a[0]), str_of(&a[1]), str_of(&a[2]));
    if what.len() > 1 && what.starts_with('/') && what.ends_with('/') {
        let pattern = compile(&what[1..what.len() - 1])
            .map_err(|error| Failure::Call(format!("error parsing regexp: {}: `{}`", error.code, error.at)))?;
        let replaced = pattern.regex.replace_all(text, |captures: &Captures<'_>| expand(with, &pattern, captures));
        return Ok(Value::string(replaced.into_owned()));
    }
    Ok(Value::string(text.replace(what, with)))
}

/// The replacement with its groups: `$name` takes the longest name of letters, digits and underscores, `$$` is a dollar,
/// and so is one that no name follows. A name of digits is a position; groups that are not there are empty.
fn expand(with: &str, pattern: &Pattern, captures: &Captures<'_>) -> String {
    let mut out = String::new();
    let mut rest = with;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = after;
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let Some((name, after)) = group_name(after) else {
            out.push('$');
            continue;
        };
        rest = after;
        let position = match name.parse::<usize>() {
            Ok(n) if n == 0 || !name.starts_with('0') => Some(n),
            _ => (1..)
                .zip(&pattern.groups)
                .find_map(|(i, group)| (group.as_deref() == Some(name) && captures.get(i).is_some()).then_some(i)),
        };
        out.push_str(position.and_then(|i| captures.get(i)).map_or("", |m| m.as_str()));
    }
    out + rest
}

/// The name at the beginning, braces around it or not, and what follows.
fn group_name(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('{');
    let body = inner.unwrap_or(text);
    let end = body.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(body.len());
    let (name, after) = body.split_at(end);
    if name.is_empty() {
        return None;
    }
    Some((name, if inner.is_some() { after.strip_prefix('}')? } else { after }))
}
