//! `format` and `formatlist`: verbs as Terraform's.

use cplan_model::{Kind, Number, Type, Value, convert};

use super::text::graphemes;
use super::{Context, Failure, Outcome, str_of};

pub(super) fn format(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    if a.iter().any(|v| !v.is_wholly_known()) {
        return Ok(crate::evaluate::not_null(Type::String));
    }
    Ok(Value::string(text(str_of(&a[0]), &a[1..])?))
}

pub(super) fn formatlist(_: &mut Context<'_>, a: &[Value]) -> Outcome {
    let lists: Vec<Option<&[Value]>> =
        a[1..].iter().map(|v| if matches!(v.kind(), Kind::Set(..)) { None } else { v.as_slice() }).collect();
    let open = || Ok(Value::unknown(Type::list(Type::String)));
    if a.iter().any(|v| !v.is_known()) {
        return open();
    }
    let mut length: Option<(usize, usize)> = None;
    for (i, list) in lists.iter().enumerate().filter_map(|(i, l)| Some((i, (*l)?))) {
        match length {
            Some((first, n)) if n != list.len() => {
                return Err(Failure::Argument(
                    i + 1,
                    format!(
                        "argument {} has length {}, which is inconsistent with argument {} of length {n}",
                        i + 1,
                        list.len(),
                        first + 1
                    ),
                ));
            }
            Some(_) => {}
            None => length = Some((i, list.len())),
        }
    }
    let rows = length.map_or(1, |(_, n)| n);
    let mut out = Vec::new();
    for row in 0..rows {
        let args: Vec<Value> =
            a[1..].iter().zip(&lists).map(|(v, list)| list.map_or_else(|| v.clone(), |l| l[row].clone())).collect();
        if args.iter().any(|v| !v.is_wholly_known()) {
            out.push(Value::unknown(Type::String));
            continue;
        }
        let line = text(str_of(&a[0]), &args).map_err(|failure| match failure {
            Failure::Call(why) => Failure::Call(format!("error on format iteration {row}: {why}")),
            other => other,
        })?;
        out.push(Value::string(line));
    }
    Ok(Value::list(Type::String, out))
}

/// One verb with its flags.
#[derive(Default)]
struct Verb {
    mode: char,
    raw: String,
    offset: usize,
    sharp: bool,
    zero: bool,
    minus: bool,
    plus: bool,
    space: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

fn text(format: &str, args: &[Value]) -> Result<String, Failure> {
    let mut out = String::new();
    let (mut next, mut highest, mut explicit) = (0, 0, false);
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let offset = format.len() - rest.len() + at;
        let (mut verb, index, len) = scan(&rest[at..], offset)?;
        rest = &rest[at + len..];
        if verb.mode == '%' {
            out.push('%');
            continue;
        }
        let position = match index {
            Some(index) => {
                explicit = true;
                index.checked_sub(1).ok_or_else(|| {
                    Failure::Call(format!("unrecognized format character {:?} at offset {offset}", '['))
                })?
            }
            None => next,
        };
        next = position + 1;
        highest = highest.max(next);
        let Some(arg) = args.get(position) else {
            return Err(Failure::Call(format!(
                "not enough arguments for {:?} at {offset}: need index {} but have {} total",
                verb.raw,
                position + 1,
                args.len()
            )));
        };
        verb.offset = offset;
        out.push_str(&apply(&verb, arg, position)?);
    }
    out.push_str(rest);
    if !explicit && highest < args.len() {
        let why = if highest == 0 {
            "too many arguments; no verbs in format string".to_owned()
        } else {
            format!("too many arguments; only {highest} used by format string")
        };
        return Err(Failure::Argument(highest + 1, why));
    }
    Ok(out)
}

fn scan(text: &str, offset: usize) -> Result<(Verb, Option<usize>, usize), Failure> {
    let mut verb = Verb::default();
    let mut index = None;
    let mut chars = text.char_indices().skip(1).peekable();
    let number = |chars: &mut std::iter::Peekable<std::iter::Skip<std::str::CharIndices<'_>>>| {
        let mut n: Option<usize> = None;
        while let Some(d) = chars.peek().and_then(|(_, c)| c.to_digit(10)) {
            n = Some(n.unwrap_or(0).saturating_mul(10).saturating_add(d as usize).min(100_000));
            chars.next();
        }
        n
    };
    while let Some((_, c)) = chars.peek().copied() {
        match c {
            '#' => verb.sharp = true,
            '0' => verb.zero = true,
            '-' => verb.minus = true,
            '+' => verb.plus = true,
            ' ' => verb.space = true,
            _ => break,
        }
        chars.next();
    }
    verb.width = number(&mut chars);
    if chars.peek().is_some_and(|(_, c)| *c == '.') {
        chars.next();
        verb.precision = Some(number(&mut chars).unwrap_or(0));
    }
    if chars.peek().is_some_and(|(_, c)| *c == '[') {
        chars.next();
        index = number(&mut chars);
        if chars.next().is_none_or(|(_, c)| c != ']') || index.is_none() {
            return Err(Failure::Call(format!("unrecognized format character '[' at offset {offset}")));
        }
    }
    let Some((at, mode)) = chars.next() else {
        return Err(Failure::Call(format!("unexpected end of format string; incomplete verb at offset {offset}")));
    };
    let len = at + mode.len_utf8();
    if !"vtbdoxXeEfgGsq%".contains(mode) {
        return Err(Failure::Call(format!(
            "unsupported format verb {mode:?} in {:?} at offset {offset}",
            &text[..len]
        )));
    }
    verb.mode = mode;
    verb.raw = text[..len].to_owned();
    Ok((verb, index, len))
}

fn apply(verb: &Verb, arg: &Value, position: usize) -> Result<String, Failure> {
    let unsupported =
        |why: String| Failure::Call(format!("unsupported value for {:?} at {}: {why}", verb.raw, verb.offset));
    let needs = |ty: Type| {
        if arg.is_null() {
            return Err(unsupported(match ty {
                Type::String => "null value cannot be formatted".into(),
                _ => "null value cannot be formatted".into(),
            }));
        }
        convert(arg, &ty).map_err(|error| {
            let why = match error.message.as_str() {
                "string required" | "number required" | "bool required" => error.message.clone(),
                m => m.to_owned(),
            };
            unsupported(why)
        })
    };
    let _ = position;
    Ok(match verb.mode {
        'v' if verb.sharp => pad(verb, super::json::to_json(arg)?),
        'v' => match arg.kind() {
            Kind::String(s) => pad(verb, cut(verb, s)),
            Kind::Number(_) | Kind::Bool(_) => pad(verb, needs(Type::String)?.as_str().unwrap_or_default().to_owned()),
            Kind::Null(_) => pad(verb, "null".into()),
            _ => pad(verb, super::json::to_json(arg)?),
        },
        't' => pad(verb, needs(Type::Bool)?.as_bool().unwrap_or_default().to_string()),
        's' => pad(verb, cut(verb, str_of(&needs(Type::String)?))),
        'q' => {
            let value = needs(Type::String)?;
            pad(verb, super::json::to_json(&Value::string(cut(verb, str_of(&value))))?)
        }
        mode => {
            let value = needs(Type::Number)?;
            let n = super::number::of(&value);
            let negative = n.is_negative();
            let size = n.abs();
            let digits = match mode {
                'd' => size.trunc().to_string(),
                'b' => prefixed(verb, "0b", size.in_radix(2)),
                'o' => prefixed(verb, "0", size.in_radix(8)),
                'x' => prefixed(verb, "0x", size.in_radix(16)),
                'X' => prefixed(verb, "0X", size.in_radix(16).to_uppercase()),
                _ => float(mode, &size, verb.precision),
            };
            signed(verb, negative, &digits)
        }
    })
}

fn prefixed(verb: &Verb, prefix: &str, digits: String) -> String {
    if verb.sharp { format!("{prefix}{digits}") } else { digits }
}

fn cut(verb: &Verb, text: &str) -> String {
    match verb.precision {
        Some(n) => graphemes(text).take(n).collect(),
        None => text.to_owned(),
    }
}

fn pad(verb: &Verb, text: String) -> String {
    let missing = verb.width.unwrap_or(0).saturating_sub(graphemes(&text).count());
    if verb.minus {
        text + &" ".repeat(missing)
    } else if verb.zero {
        "0".repeat(missing) + &text
    } else {
        " ".repeat(missing) + &text
    }
}

fn signed(verb: &Verb, negative: bool, digits: &str) -> String {
    let sign = if negative {
        "-"
    } else if verb.plus {
        "+"
    } else if verb.space {
        " "
    } else {
        ""
    };
    let missing = verb.width.unwrap_or(0).saturating_sub(sign.len() + digits.len());
    if verb.minus {
        format!("{sign}{digits}{}", " ".repeat(missing))
    } else if verb.zero {
        format!("{sign}{}{digits}", "0".repeat(missing))
    } else {
        format!("{}{sign}{digits}", " ".repeat(missing))
    }
}

/// `%e`, `%E`, `%f`, `%g` and `%G` of a number that is not negative.
fn float(mode: char, n: &Number, precision: Option<usize>) -> String {
    match mode {
        'f' => fixed(n, precision.unwrap_or(6)),
        'e' | 'E' => {
            let text = exponent(n, precision.unwrap_or(6));
            if mode == 'E' { text.to_uppercase() } else { text }
        }
        _ => general(n, precision, mode == 'G'),
    }
}

/// Exactly so many decimals, half to even as Go rounds.
fn fixed(n: &Number, decimals: usize) -> String {
    let scale = Number::parse(&format!("1e{decimals}")).unwrap_or_else(|_| 1.into());
    let scaled = n.mul(&scale);
    let whole = scaled.trunc();
    let half = Number::from(0.5);
    let rest = scaled.sub(&whole);
    let odd = whole.rem(&2.into()) != Number::from(0);
    let rounded = if rest > half || (rest == half && odd) { whole.add(&1.into()) } else { whole };
    let digits = rounded.to_string();
    if decimals == 0 {
        return digits;
    }
    let digits = format!("{digits:0>width$}", width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    format!("{whole}.{fraction}")
}

/// `d.ddde+XX`
fn exponent(n: &Number, decimals: usize) -> String {
    let text = format!("{:.decimals$e}", n.as_f64());
    let (mantissa, e) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, e) = e.strip_prefix('-').map_or(('+', e), |e| ('-', e));
    format!("{mantissa}e{sign}{e:0>2}")
}

fn general(n: &Number, precision: Option<usize>, upper: bool) -> String {
    let f = n.as_f64();
    let shortest = format!("{f:e}");
    let e: i32 = shortest.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    let text = match precision {
        None if !(-4..21).contains(&e) => {
            let (mantissa, _) = shortest.split_once('e').unwrap_or((&shortest, "0"));
            format!("{mantissa}e{}{:0>2}", if e < 0 { '-' } else { '+' }, e.abs())
        }
        None => n.to_string(),
        Some(p) => {
            let p = p.max(1);
            let rounded = format!("{:.*e}", p - 1, f);
            let e: i32 = rounded.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
            let trim = |s: &str| {
                if s.contains('.') { s.trim_end_matches('0').trim_end_matches('.').to_owned() } else { s.to_owned() }
            };
            if e < -4 || e >= i32::try_from(p).unwrap_or(i32::MAX) {
                let mantissa = rounded.split_once('e').map_or(rounded.as_str(), |(m, _)| m);
                format!("{}e{}{:0>2}", trim(mantissa), if e < 0 { '-' } else { '+' }, e.abs())
            } else {
                let decimals = usize::try_from(i32::try_from(p).unwrap_or(i32::MAX) - 1 - e).unwrap_or(0);
                trim(&fixed(n, decimals))
            }
        }
    };
    if upper { text.to_uppercase() } else { text }
}
