//! One line of text from a format string and its arguments.

use cplan_model::{Kind, Type, Value, convert};

use super::super::graphemes;
use super::super::{Failure, json, quoted, quoted_char, str_of};
use super::number;
use super::scan::{Verb, verb};

/// The format string with every verb replaced.
pub(super) fn line(format: &str, args: &[Value]) -> Result<String, Failure> {
    let mut out = String::new();
    // Positions count from 1.
    let (mut next, mut highest, mut at) = (1, 0, 0);
    while let Some(found) = format[at..].find('%') {
        out.push_str(&format[at..at + found]);
        let (verb, after) = verb(format, at + found)?;
        at = after;
        let Some(verb) = verb else {
            out.push('%');
            continue;
        };
        let position = verb.argument.unwrap_or(next);
        highest = highest.max(position);
        let Some(arg) = args.get(position - 1) else {
            return Err(Failure::Call(format!(
                "not enough arguments for {} at {}: need index {position} but have {} total",
                quoted(&verb.raw),
                verb.offset,
                args.len()
            )));
        };
        out.push_str(&rendered(&verb, arg)?);
        next = position + 1;
    }
    out.push_str(&format[at..]);
    if highest < args.len() {
        let why = match highest {
            0 => "too many arguments; no verbs in format string".to_owned(),
            n => format!("too many arguments; only {n} used by format string"),
        };
        return Err(Failure::Rule(Some(highest + 1), why));
    }
    Ok(out)
}

fn rendered(verb: &Verb, arg: &Value) -> Result<String, Failure> {
    if verb.mode != 'v' && arg.is_null() {
        return Err(unsupported(verb, "null value cannot be formatted"));
    }
    let as_type = |ty: Type| convert(arg, &ty).map_err(|error| unsupported(verb, &error.message));
    Ok(match verb.mode {
        'v' => match arg.kind() {
            Kind::String(text) if !verb.sharp => padded(verb, text.to_string()),
            Kind::Number(n) if !verb.sharp => padded(verb, number::shortest(n)),
            _ => padded(verb, json_of(verb, arg)?),
        },
        't' => as_type(Type::Bool)?.as_bool().unwrap_or_default().to_string(),
        's' => padded(verb, cut(verb, str_of(&as_type(Type::String)?))),
        'q' => padded(verb, json_of(verb, &Value::string(cut(verb, str_of(&as_type(Type::String)?))))?),
        'b' | 'd' | 'o' | 'x' | 'X' => {
            let value = as_type(Type::Number)?;
            let n = super::super::number::of(&value);
            if !n.is_integer() {
                return Err(unsupported(verb, "an integer is required"));
            }
            number::integer(verb, &n)
        }
        'e' | 'E' | 'f' | 'g' | 'G' => number::float(verb, &super::super::number::of(&as_type(Type::Number)?)),
        mode => {
            return Err(Failure::Call(format!(
                "unsupported format verb {} in {} at offset {}",
                quoted_char(mode),
                quoted(&verb.raw),
                verb.offset
            )));
        }
    })
}

fn unsupported(verb: &Verb, why: &str) -> Failure {
    Failure::Call(format!("unsupported value for {} at {}: {why}", quoted(&verb.raw), verb.offset))
}

fn json_of(verb: &Verb, value: &Value) -> Result<String, Failure> {
    json::to_json(value).map_err(|failure| unsupported(verb, failure.why()))
}

/// A precision cuts strings, unless it is zero.
fn cut(verb: &Verb, text: &str) -> String {
    match verb.precision {
        Some(n) if n > 0 => graphemes(text).take(n).collect(),
        _ => text.to_owned(),
    }
}

fn padded(verb: &Verb, text: String) -> String {
    let missing = verb.width.unwrap_or(0).saturating_sub(graphemes(&text).count());
    let padding = if verb.zero { "0" } else { " " }.repeat(missing);
    if verb.minus { text + &padding } else { padding + &text }
}
