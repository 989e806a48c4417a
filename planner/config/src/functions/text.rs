//! Functions of strings.

use cplan_model::{Type, Value};
use unicode_segmentation::UnicodeSegmentation;

use super::number::whole;
use super::{Context, Failure, Function, Outcome, Returns, Table, fixed, num, param, str_of, text};

pub(super) fn table() -> Table {
    let one = |call| Function::new([text("str")], fixed(Type::String), call);
    let pair = |a, b, call| Function::new([text(a), text(b)], fixed(Type::String), call);
    let strings = || Type::list(Type::String);
    vec![
        ("upper", one(|_, a| map(a, |s| each_char(s, char::to_uppercase)))),
        ("lower", one(|_, a| map(a, |s| each_char(s, char::to_lowercase)))),
        ("title", one(|_, a| map(a, title))),
        ("chomp", one(|_, a| map(a, |s| s.trim_end_matches(['\n', '\r']).to_owned()))),
        ("strrev", one(|_, a| map(a, |s| graphemes(s).collect::<Vec<_>>().into_iter().rev().collect()))),
        ("trimspace", one(|_, a| map(a, |s| s.trim().to_owned()))),
        (
            "trim",
            pair("str", "cutset", |_, a| {
                let cut: Vec<char> = str_of(&a[1]).chars().collect();
                map(a, |s| s.trim_matches(&cut[..]).to_owned())
            }),
        ),
        ("trimprefix", pair("str", "prefix", |_, a| map(a, |s| s.strip_prefix(str_of(&a[1])).unwrap_or(s).to_owned()))),
        ("trimsuffix", pair("str", "suffix", |_, a| map(a, |s| s.strip_suffix(str_of(&a[1])).unwrap_or(s).to_owned()))),
        (
            "startswith",
            Function::new([text("str"), text("prefix")], fixed(Type::Bool), |_, a| {
                Ok(Value::bool(str_of(&a[0]).starts_with(str_of(&a[1]))))
            }),
        ),
        (
            "endswith",
            Function::new([text("str"), text("suffix")], fixed(Type::Bool), |_, a| {
                Ok(Value::bool(str_of(&a[0]).ends_with(str_of(&a[1]))))
            }),
        ),
        (
            "strcontains",
            Function::new([text("str"), text("substr")], fixed(Type::Bool), |_, a| {
                Ok(Value::bool(str_of(&a[0]).contains(str_of(&a[1]))))
            }),
        ),
        ("indent", Function::new([num("spaces"), text("str")], fixed(Type::String), indent)),
        ("substr", Function::new([text("str"), num("offset"), num("length")], fixed(Type::String), substr)),
        ("split", Function::new([text("separator"), text("str")], fixed(strings()), split)),
        (
            "join",
            Function::new([text("separator")], fixed(Type::String), join).variadic(param("lists", strings()).unknown()),
        ),
        ("sort", Function::new([param("list", strings())], fixed(strings()), sort)),
        (
            "replace",
            Function::new([text("str"), text("substr"), text("replace")], fixed(Type::String), super::regex::replace),
        ),
        ("regex", Function::new([text("pattern"), text("string")], Returns::Computed, super::regex::regex)),
        ("regexall", Function::new([text("pattern"), text("string")], Returns::Computed, super::regex::regexall)),
        (
            "format",
            Function::new([text("format")], fixed(Type::String), super::format::format)
                .variadic(super::any("args").null().unknown()),
        ),
        (
            "formatlist",
            Function::new([text("format")], fixed(strings()), super::format::formatlist)
                .variadic(super::any("args").null().unknown()),
        ),
    ]
}

/// What readers see as single characters.
pub(super) fn graphemes(text: &str) -> impl Iterator<Item = &str> {
    text.graphemes(true)
}

fn map(a: &[Value], f: impl FnOnce(&str) -> String) -> Outcome {
    Ok(Value::string(f(str_of(&a[0]))))
}

/// One character to one character, as Go's `unicode.ToUpper`: what would become several stays.
fn each_char<I: ExactSizeIterator<Item = char>>(text: &str, f: fn(char) -> I) -> String {
    text.chars()
        .map(|c| {
            let mut changed = f(c);
            if changed.len() == 1 { changed.next().unwrap_or(c) } else { c }
        })
        .collect()
}

fn title(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in text.chars() {
        if !inside && c.is_alphabetic() {
            out.push_str(&each_char(&c.to_string(), char::to_uppercase));
        } else {
            out.push(c);
        }
        inside = c.is_alphanumeric() || c == '_' || (!c.is_ascii() && !c.is_whitespace()) || c == '\'';
        if c == '\'' {
            inside = false;
        }
    }
    out
}

fn indent(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let spaces = usize::try_from(whole(&a[0])?).map_err(|_| Failure::Argument(0, "must not be negative".into()))?;
    if spaces > 10_000 {
        return Err(Failure::Argument(0, "too many spaces".into()));
    }
    Ok(Value::string(str_of(&a[1]).replace('\n', &format!("\n{}", " ".repeat(spaces)))))
}

fn substr(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let all: Vec<&str> = graphemes(str_of(&a[0])).collect();
    let (mut offset, length) = (whole(&a[1])?, whole(&a[2])?);
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    if offset < 0 {
        offset = (offset + total).max(0);
    }
    let start = offset.min(total);
    let end = if length < 0 { total } else { start.saturating_add(length).min(total) };
    let at = |n: i64| usize::try_from(n).unwrap_or(0);
    Ok(Value::string(all[at(start)..at(end)].concat()))
}

fn split(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let (separator, text) = (str_of(&a[0]), str_of(&a[1]));
    let parts: Vec<Value> = if separator.is_empty() {
        text.chars().map(|c| Value::string(c.to_string())).collect()
    } else if text.is_empty() {
        vec![]
    } else {
        text.split(separator).map(Value::string).collect()
    };
    let parts = if text.is_empty() && !separator.is_empty() { vec![Value::string("")] } else { parts };
    Ok(Value::list(Type::String, parts))
}

fn join(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    if a.len() < 2 {
        return Err("at least two arguments are required".into());
    }
    let mut parts = Vec::new();
    for (i, list) in a.iter().enumerate().skip(1) {
        let Some(items) = list.as_slice() else {
            return Ok(crate::evaluate::not_null(Type::String));
        };
        for (j, item) in items.iter().enumerate() {
            if item.is_null() {
                let why = if a.len() > 2 {
                    format!("element {j} of list {} is null; cannot concatenate null values", i - 1)
                } else {
                    format!("element {j} is null; cannot concatenate null values")
                };
                return Err(Failure::Argument(i, why));
            }
            match item.as_str() {
                Some(text) => parts.push(text),
                None => return Ok(crate::evaluate::not_null(Type::String)),
            }
        }
    }
    Ok(Value::string(parts.join(str_of(&a[0]))))
}

fn sort(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let mut items = a[0].as_slice().unwrap_or_default().to_vec();
    if items.iter().any(Value::is_null) {
        let at = items.iter().position(Value::is_null).unwrap_or(0);
        return Err(Failure::Argument(0, format!("given list element {at} is null; a null string cannot be sorted")));
    }
    if !a[0].is_wholly_known() {
        return Ok(Value::unknown(Type::list(Type::String)));
    }
    items.sort();
    Ok(Value::list(Type::String, items))
}
