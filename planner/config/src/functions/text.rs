//! Functions of strings.

use cplan_model::{Refinement, Type, Value};

use self::case::{lower, title, upper};
pub(crate) use self::grapheme::graphemes;
use super::number::whole;
use super::{Context, Failure, Function, Outcome, Returns, Table, fixed, num, param, str_of, text};

mod case;
mod grapheme;

/// More bytes than this are refused instead of filling the memory.
const MOST_BYTES: usize = 256 << 20;

pub(super) fn table() -> Table {
    let strings = || Type::list(Type::String);
    let one = |call| Function::new([text("str")], fixed(Type::String), call);
    let two = |second, call| Function::new([text("str"), text(second)], fixed(Type::String), call);
    let test = |second, call| Function::new([text("str"), text(second)], fixed(Type::Bool), call);
    let matching = |returns, call| Function::new([text("pattern"), text("string")], returns, call);
    // What a bare `null` becomes stays open, as in Terraform.
    let args = || super::any("args").null().unknown().typed();
    vec![
        ("upper", one(|_, a| map(a, upper))),
        ("lower", one(|_, a| map(a, lower))),
        ("title", one(|_, a| map(a, title))),
        ("chomp", one(|_, a| map(a, |s| s.trim_end_matches(['\n', '\r']).to_owned()))),
        ("strrev", one(|_, a| map(a, |s| graphemes(s).rev().collect()))),
        ("trimspace", one(|_, a| map(a, |s| s.trim().to_owned()))),
        ("trim", two("cutset", |_, a| map(a, |s| s.trim_matches(|c| str_of(&a[1]).contains(c)).to_owned()))),
        ("trimprefix", two("prefix", |_, a| map(a, |s| s.strip_prefix(str_of(&a[1])).unwrap_or(s).to_owned()))),
        ("trimsuffix", two("suffix", |_, a| map(a, |s| s.strip_suffix(str_of(&a[1])).unwrap_or(s).to_owned()))),
        ("startswith", Function::new([text("str").unknown(), text("prefix")], fixed(Type::Bool), startswith)),
        ("endswith", test("suffix", |_, a| Ok(Value::bool(str_of(&a[0]).ends_with(str_of(&a[1])))))),
        ("strcontains", test("substr", |_, a| Ok(Value::bool(str_of(&a[0]).contains(str_of(&a[1]))))).nullable()),
        ("indent", Function::new([num("spaces"), text("str")], fixed(Type::String), indent)),
        ("substr", Function::new([text("str"), num("offset"), num("length")], fixed(Type::String), substr)),
        ("split", Function::new([text("separator"), text("str")], fixed(strings()), split)),
        ("join", Function::new([text("separator")], fixed(Type::String), join).variadic(param("lists", strings()))),
        (
            "replace",
            Function::new([text("str"), text("substr"), text("replace")], fixed(Type::String), super::regex::replace),
        ),
        ("regex", matching(Returns::By(super::regex::regex_returns), super::regex::regex)),
        ("regexall", matching(Returns::By(super::regex::regexall_returns), super::regex::regexall)),
        ("format", Function::new([text("format")], fixed(Type::String), super::format::format).variadic(args())),
        ("formatlist", Function::new([text("format")], fixed(strings()), super::format::formatlist).variadic(args())),
        ("sort", Function::new([param("list", strings()).unknown()], fixed(strings()), sort)),
    ]
}

fn map(a: &[Value], f: impl FnOnce(&str) -> String) -> Outcome {
    Ok(Value::string(f(str_of(&a[0]))))
}

/// The beginning of an unknown string may be known, and decide it.
fn startswith(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let prefix = str_of(&a[1]);
    if let Some(text) = a[0].as_str() {
        return Ok(Value::bool(text.starts_with(prefix)));
    }
    let begins = match a[0].kind() {
        cplan_model::Kind::Unknown(u) => u.refinement.prefix.as_deref().unwrap_or(""),
        _ => "",
    };
    Ok(if begins.starts_with(prefix) {
        Value::bool(true)
    } else if begins.len() >= prefix.len() {
        Value::bool(false)
    } else {
        Value::unknown(Type::Bool)
    })
}

fn indent(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let rule = |why: &str| Failure::Rule(None, why.into());
    let spaces = usize::try_from(whole(&a[0])?).map_err(|_| rule("the number of spaces must not be negative"))?;
    let text = str_of(&a[1]);
    let lines = text.matches('\n').count();
    if lines.saturating_mul(spaces) > MOST_BYTES {
        return Err(rule("too many spaces"));
    }
    Ok(Value::string(text.replace('\n', &format!("\n{}", " ".repeat(if lines == 0 { 0 } else { spaces })))))
}

/// Of graphemes; a negative offset counts from the end, a negative length means the rest, and so does no length at all
/// behind a negative offset.
fn substr(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let text = str_of(&a[0]);
    let (offset, length) = (whole(&a[1])?, whole(&a[2])?);
    let total = || i64::try_from(graphemes(text).count()).unwrap_or(i64::MAX);
    let start = if offset < 0 { offset.saturating_add(total()).max(0) } else { offset };
    if length == 0 && offset >= 0 {
        return Ok(Value::string(""));
    }
    let take = usize::try_from(length).ok().filter(|n| *n > 0).unwrap_or(usize::MAX);
    let skip = usize::try_from(start).unwrap_or(usize::MAX);
    Ok(Value::string(graphemes(text).skip(skip).take(take).collect::<String>()))
}

fn split(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let (separator, text) = (str_of(&a[0]), str_of(&a[1]));
    Ok(if separator.is_empty() {
        Value::list(Type::String, text.chars().map(|c| Value::string(c.to_string())))
    } else {
        Value::list(Type::String, text.split(separator).map(Value::string))
    })
}

fn join(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let lists = &a[1..];
    if lists.is_empty() {
        return Err(Failure::Rule(None, "at least one list is required".into()));
    }
    if !lists.iter().all(Value::is_wholly_known) {
        return Ok(Value::unknown(Type::String));
    }
    let mut parts = Vec::new();
    for (i, list) in (1..).zip(lists) {
        for (j, item) in list.as_slice().unwrap_or_default().iter().enumerate() {
            let Some(text) = item.as_str() else {
                let of = if lists.len() > 1 { format!(" of list {i}") } else { String::new() };
                return Err(Failure::Rule(Some(i), format!("element {j}{of} is null; cannot concatenate null values")));
            };
            parts.push(text);
        }
    }
    Ok(Value::string(parts.join(str_of(&a[0]))))
}

/// The length of a list is known even while its order is not.
fn sort(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let Some(items) = a[0].as_slice().filter(|_| a[0].is_wholly_known()) else {
        let (least, most) = match a[0].kind() {
            cplan_model::Kind::Unknown(u) => (u.refinement.min_length, u.refinement.max_length),
            _ => (a[0].as_slice().map(<[Value]>::len), a[0].as_slice().map(<[Value]>::len)),
        };
        let limits = Refinement { not_null: true, min_length: least, max_length: most, ..Refinement::default() };
        return Ok(Value::refined(Type::list(Type::String), limits));
    };
    if let Some(at) = items.iter().position(Value::is_null) {
        let why = format!("given list element {at} is null; a null string cannot be sorted");
        return Err(Failure::Rule(None, why));
    }
    let mut items = items.to_vec();
    items.sort();
    Ok(Value::list(Type::String, items))
}
