//! The layouts of `formatdate`: runs of one letter stand for parts, text between single quotes for itself.

use super::stamp::Stamp;
use crate::functions::quoted;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The time in a layout.
pub(super) fn format(layout: &str, time: &Stamp) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = layout;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '\'' => literal(rest, &mut out)?,
            c if c.is_ascii_alphabetic() => {
                let end = rest.find(|d| d != c).unwrap_or(rest.len());
                out.push_str(&part(&rest[..end], time)?);
                end
            }
            _ => {
                let end = rest.find(|c: char| c == '\'' || c.is_ascii_alphabetic()).unwrap_or(rest.len());
                out.push_str(&rest[..end]);
                end
            }
        };
        rest = &rest[end..];
    }
    Ok(out)
}

/// Text in quotes, in which two quotes stand for one; where it ends.
fn literal(text: &str, out: &mut String) -> Result<usize, String> {
    if text.starts_with("''") {
        out.push('\'');
        return Ok(2);
    }
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != '\'' {
            out.push(c);
            continue;
        }
        match chars.next_if(|(_, next)| *next == '\'') {
            // A doubled quote at the very end both stands for one and closes.
            Some((second, _)) => {
                out.push('\'');
                if second + 1 == text.len() {
                    return Ok(text.len());
                }
            }
            None => return Ok(at + 1),
        }
    }
    Err("unterminated literal '".into())
}

fn part(verb: &str, time: &Stamp) -> Result<String, String> {
    let t = time.local;
    let invalid = |rule: &str| Err(format!("invalid date format verb {}: {rule}", quoted(verb)));
    let short = |name: &str| name[..3].to_owned();
    let (letter, length) = (verb.as_bytes()[0], verb.len());
    // A number as it is, or of two digits.
    let number = |n: i8, rule: &str| match length {
        1 => Ok(n.to_string()),
        2 => Ok(format!("{n:02}")),
        _ => invalid(rule),
    };
    match letter {
        b'Y' => match length {
            2 => Ok(format!("{:02}", t.year() % 100)),
            4 => Ok(format!("{:04}", t.year())),
            _ => invalid("year must either be \"YY\" or \"YYYY\""),
        },
        b'M' => match (length, usize::try_from(t.month() - 1).ok().and_then(|i| MONTHS.get(i))) {
            (3, Some(name)) => Ok(short(name)),
            (4, Some(name)) => Ok((*name).to_owned()),
            _ => number(t.month(), "month must be \"M\", \"MM\", \"MMM\", or \"MMMM\""),
        },
        b'D' => number(t.day(), "day of month must either be \"D\" or \"DD\""),
        b'E' => {
            let name = DAYS[usize::from(t.date().weekday().to_sunday_zero_offset().unsigned_abs()) % 7];
            match length {
                3 => Ok(short(name)),
                4 => Ok(name.to_owned()),
                _ => invalid("day of week must either be \"EEE\" or \"EEEE\""),
            }
        }
        b'h' => number(t.hour(), "24-hour must either be \"h\" or \"hh\""),
        b'H' => number((t.hour() + 11) % 12 + 1, "12-hour must either be \"H\" or \"HH\""),
        b'A' | b'a' if length != 2 => {
            let letter = char::from(letter);
            invalid(&format!("must be \"{letter}{letter}\""))
        }
        b'A' => Ok(if t.hour() < 12 { "AM" } else { "PM" }.into()),
        b'a' => Ok(if t.hour() < 12 { "am" } else { "pm" }.into()),
        b'm' => number(t.minute(), "minute must either be \"m\" or \"mm\""),
        b's' => number(t.second(), "second must either be \"s\" or \"ss\""),
        b'Z' => match length {
            1 if time.offset == 0 => Ok("Z".into()),
            3 if time.offset == 0 => Ok("UTC".into()),
            3 | 4 => Ok(time.zone("")),
            1 | 5 => Ok(time.zone(":")),
            _ => invalid("timezone must be Z, ZZZZ, or ZZZZZ"),
        },
        _ => Err(format!("invalid date format verb {}", quoted(verb))),
    }
}
