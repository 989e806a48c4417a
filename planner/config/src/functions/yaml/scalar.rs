//! What a scalar of YAML is: mostly the words of version 1.1, the numbers of 1.2.

use crate::functions::quoted;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cplan_model::{Number, Type, Value};
use jiff::civil::Date;
use libyaml_safer::ScalarStyle;

use super::decode::CORE;

/// The value of a scalar with its tag, which is empty where there is none.
pub(super) fn scalar(tag: &str, text: &str, style: ScalarStyle) -> Result<Value, String> {
    let core = tag.strip_prefix(CORE);
    if !tag.is_empty() && !matches!(core, Some("str" | "bool" | "int" | "float" | "null" | "timestamp" | "binary")) {
        return Err(format!("unsupported tag {}", quoted(tag)));
    }
    let refused = || Err(format!("cannot parse {} as {tag}", quoted(text)));
    match core {
        Some("str") => return Ok(Value::string(text)),
        Some("binary") if BASE64_STANDARD.decode(text.replace(['\n', '\r'], "")).is_err() => {
            return Err(format!("cannot parse {} as {tag}: not valid base64", quoted(text)));
        }
        Some("binary") => return Ok(Value::string(text)),
        _ => {}
    }
    // Other beginnings are those of strings, whatever follows.
    let hinted = text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit() || "+-yYnNtTfFoO~.".contains(c));
    if hinted {
        if matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted) {
            return Ok(Value::string(text));
        }
        if text.is_empty() && matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            return Ok(Value::null(Type::String));
        }
        if let Some(value) = word(text) {
            return Ok(value);
        }
        if tag.is_empty() && matches!(text, ".nan" | ".NaN" | ".NAN") {
            return Err("floating point NaN is not supported".into());
        }
        if text.starts_with('.')
            && let Ok(number) = Number::parse(text)
        {
            return Ok(Value::number(number));
        }
        if matches!(core, None | Some("timestamp"))
            && let Some(time) = timestamp(text)
        {
            return Ok(Value::string(time));
        }
        if is_number(text) {
            return number(text).map_or_else(refused, Ok);
        }
    }
    match core {
        None => Ok(Value::string(text)),
        Some("int" | "float") => number(text).map_or_else(refused, Ok),
        Some("null") => Ok(Value::null(Type::Dynamic)),
        _ => refused(),
    }
}

/// Words that are no strings.
fn word(text: &str) -> Option<Value> {
    Some(match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Value::bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Value::bool(false),
        "" | "~" | "null" | "Null" | "NULL" => Value::null(Type::Dynamic),
        _ if matches!(text.trim_start_matches(['+', '-']), ".inf" | ".Inf" | ".INF") && text.len() <= 5 => {
            Value::number(Number::infinite(text.starts_with('-')))
        }
        _ => return None,
    })
}

/// Whether it is a number of YAML 1.2 (its section 10.3.2).
fn is_number(text: &str) -> bool {
    let all = |text: &str, radix| !text.is_empty() && text.chars().all(|c| c.is_digit(radix));
    if let Some(digits) = text.strip_prefix("0o") {
        return all(digits, 8);
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return all(digits, 16);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, None), |(m, e)| (m, Some(e)));
    let mantissa = match mantissa.split_once('.') {
        Some((whole, part)) => (!whole.is_empty() || !part.is_empty()) && [whole, part].iter().all(|d| none_or_all(d)),
        None => all(mantissa, 10),
    };
    mantissa && exponent.is_none_or(|e| all(e.strip_prefix(['+', '-']).unwrap_or(e), 10))
}

fn none_or_all(digits: &str) -> bool {
    digits.bytes().all(|b| b.is_ascii_digit())
}

/// Decimal of any size, or an integer of 64 bits in the base that its prefix says.
fn number(text: &str) -> Option<Value> {
    let plain = text.replace('_', "");
    let unsigned = plain.strip_prefix('+').unwrap_or(&plain);
    // A point at the end or before the exponent has no digits behind it.
    let decimal = unsigned.strip_suffix('.').unwrap_or(unsigned).replace(".e", "e").replace(".E", "E");
    if let Ok(number) = Number::parse(&decimal) {
        return Some(Value::number(number));
    }
    let (negative, digits) = unsigned.strip_prefix('-').map_or((false, unsigned), |digits| (true, digits));
    let (radix, digits) = match digits.get(..2)? {
        "0x" | "0X" => (16, &digits[2..]),
        "0o" | "0O" => (8, &digits[2..]),
        "0b" | "0B" => (2, &digits[2..]),
        _ => return None,
    };
    let size = u64::from_str_radix(digits, radix).ok().filter(|_| !digits.starts_with('+'))?;
    if negative {
        return (size <= 1 << 63).then(|| Value::number(-&Number::from(size)));
    }
    Some(Value::number(size))
}

/// Dates and times, as loosely as the type `!!timestamp` lets them be written, in RFC 3339 to the second.
fn timestamp(text: &str) -> Option<String> {
    let (date, time, zoned) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], Some(&text[at + 1..]), !text[at..].starts_with(' ')),
        None => (text, None, false),
    };
    let number = |text: &str, most: i8| {
        let few = (1..=2).contains(&text.len()) && none_or_all(text);
        text.parse::<i8>().ok().filter(|n| few && *n <= most)
    };
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, number(parts.next()?, 12)?, number(parts.next()?, 31)?);
    if parts.next().is_some() || year.len() != 4 || !none_or_all(year) {
        return None;
    }
    let date = Date::new(year.parse().ok()?, month, day).ok()?;
    let mut shown = format!("{:04}-{:02}-{:02}T", date.year(), date.month(), date.day());
    let Some(time) = time else { return Some(shown + "00:00:00Z") };
    let (time, zone) = match time.find(['Z', '+', '-']) {
        Some(at) if zoned => time.split_at(at),
        None if !zoned => (time, "Z"),
        _ => return None,
    };
    let time = match time.split_once(['.', ',']) {
        Some((time, fraction)) if !fraction.is_empty() && none_or_all(fraction) => time,
        Some(_) => return None,
        None => time,
    };
    let mut parts = time.split(':');
    let (hour, minute, second) = (number(parts.next()?, 23)?, number(parts.next()?, 59)?, number(parts.next()?, 59)?);
    if parts.next().is_some() || !is_zone(zone) {
        return None;
    }
    let zone = if matches!(zone, "+00:00" | "-00:00") { "Z" } else { zone };
    shown.push_str(&format!("{hour:02}:{minute:02}:{second:02}{zone}"));
    Some(shown)
}

/// `Z`, or hours and minutes with their sign.
fn is_zone(zone: &str) -> bool {
    match zone.as_bytes() {
        b"Z" => true,
        [b'+' | b'-', h @ .., b':', m1, m2] => h.len() == 2 && [h[0], h[1], *m1, *m2].iter().all(u8::is_ascii_digit),
        _ => false,
    }
}
