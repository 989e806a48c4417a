//! Regular expressions, in the syntax of Go's RE2 as far as the `regex` crate shares it.

use cplan_model::{Type, Value};
use regex::{Captures, Regex};

use super::{Context, Failure, Outcome, str_of};

fn compile(pattern: &str, position: usize) -> Result<Regex, Failure> {
    Regex::new(pattern).map_err(|error| {
        let text = error.to_string();
        let why = text.lines().last().unwrap_or("").trim_start_matches("error: ").to_owned();
        Failure::Argument(position, format!("invalid regexp pattern: {why}"))
    })
}

/// A whole match, a tuple of its groups, or an object of its named groups.
fn found(regex: &Regex, captures: &Captures<'_>) -> Result<Value, Failure> {
    let group = |i: usize| captures.get(i).map_or_else(|| Value::null(Type::String), |m| Value::string(m.as_str()));
    if regex.captures_len() == 1 {
        return Ok(group(0));
    }
    let names: Vec<Option<&str>> = regex.capture_names().skip(1).collect();
    if names.iter().all(Option::is_none) {
        return Ok(Value::tuple((1..regex.captures_len()).map(group)));
    }
    if names.iter().any(Option::is_none) {
        return Err(Failure::Argument(
            0,
            "invalid regexp pattern: cannot mix both named and unnamed capture groups".into(),
        ));
    }
    Ok(Value::object(names.iter().enumerate().filter_map(|(i, name)| Some(((*name)?, group(i + 1))))))
}

pub(super) fn regex(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let regex = compile(str_of(&a[0]), 0)?;
    match regex.captures(str_of(&a[1])) {
        Some(captures) => found(&regex, &captures),
        None => Err("pattern did not match any part of the given string".into()),
    }
}

pub(super) fn regexall(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let regex = compile(str_of(&a[0]), 0)?;
    let all: Result<Vec<_>, _> = regex.captures_iter(str_of(&a[1])).map(|c| found(&regex, &c)).collect();
    let all = all?;
    let ty = all.first().map_or(Type::String, Value::ty);
    Ok(Value::list(ty, all))
}

/// A pattern between slashes is a regular expression, with `$1` and `${name}` in the replacement.
pub(super) fn replace(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let (text, pattern, with) = (str_of(&a[0]), str_of(&a[1]), str_of(&a[2]));
    if pattern.len() > 1 && pattern.starts_with('/') && pattern.ends_with('/') {
        let regex = compile(&pattern[1..pattern.len() - 1], 1)?;
        return Ok(Value::string(regex.replace_all(text, with).into_owned()));
    }
    Ok(Value::string(text.replace(pattern, with)))
}
