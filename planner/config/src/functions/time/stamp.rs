//! Timestamps of RFC 3339, read as Go's `time.Parse` reads them and refused in the words of go-cty.

use crate::functions::quoted;
use std::cmp::Ordering;
use std::fmt;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};

/// 400 years of the calendar.
const CYCLE: SignedDuration = SignedDuration::from_hours(146_097 * 24);

/// A date and a time of day somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// What the clock there shows.
    pub(super) local: DateTime,
    /// How far that is before UTC, in seconds.
    pub(super) offset: i64,
}

/// Where a text stops being a timestamp.
struct Fault<'a> {
    /// What was wanted there: a part's name, or the separator itself.
    wanted: &'static str,
    /// What stands there.
    rest: &'a str,
    /// Instead of the two.
    message: Option<&'static str>,
}

impl Stamp {
    /// Reads what RFC 3339 allows and nothing else.
    pub(super) fn parse(text: &str) -> Result<Stamp, String> {
        // Go first reads more than that: hours of one digit, commas, offsets of a day.
        let stamp = read(text).map_err(|fault| fault.words())?;
        let fault = |wanted, rest| Err(Fault { wanted, rest, message: None }.words());
        let number = |at: usize| text.get(at..at + 2).and_then(|t| t.parse().ok()).unwrap_or(0);
        if text.as_bytes().get(12) == Some(&b':') {
            return fault("hour", &text[11..12]);
        }
        if text.as_bytes().get(19) == Some(&b',') {
            return fault("timestamp segment", ",");
        }
        if !text.ends_with('Z') && (number(text.len() - 5) >= 24 || number(text.len() - 2) >= 60) {
            return fault("UTC offset", &text[text.len() - 6..]);
        }
        Ok(stamp)
    }

    /// The stamp so much later, in RFC 3339; as in Go, years may have five digits or come before year 0.
    pub(super) fn plus(self, duration: SignedDuration) -> String {
        match self.local.checked_add(duration) {
            Ok(local) => Stamp { local, ..self }.shown(0),
            // The calendar repeats after 400 years.
            Err(_) => match self.local.checked_sub(CYCLE).and_then(|t| t.checked_add(duration)) {
                Ok(local) => Stamp { local, ..self }.shown(400),
                Err(_) => self.shown(0),
            },
        }
    }

    /// With so many years more.
    fn shown(&self, more: i16) -> String {
        let t = self.local;
        let (year, month, day) = (t.year() + more, t.month(), t.day());
        let (sign, year) = (if year < 0 { "-" } else { "" }, year.unsigned_abs());
        let zone = if self.offset == 0 { "Z".to_owned() } else { self.zone(":") };
        format!("{sign}{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}{zone}", t.hour(), t.minute(), t.second())
    }

    /// Which of two moments is earlier, wherever they are.
    pub(super) fn cmp_instant(&self, other: &Stamp) -> Ordering {
        let apart = self.local.duration_since(other.local).as_nanos();
        apart.cmp(&(i128::from(self.offset - other.offset) * 1_000_000_000))
    }

    /// The offset with its sign.
    pub(super) fn zone(&self, colon: &str) -> String {
        let minutes = self.offset.abs() / 60;
        let sign = if self.offset < 0 { '-' } else { '+' };
        format!("{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
    }
}

/// RFC 3339 to the second.
impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown(0))
    }
}

impl Fault<'_> {
    fn words(&self) -> String {
        const WHAT: &str = "not a valid RFC3339 timestamp: ";
        let (wanted, rest) = (self.wanted, self.rest);
        if let Some(message) = self.message {
            return format!("{WHAT}{message}");
        }
        match wanted {
            "T" => format!("{WHAT}missing required time introducer 'T'"),
            ":" | "-" if rest.is_empty() => format!("{WHAT}end of string where {} is expected", quoted(wanted)),
            ":" | "-" => format!("{WHAT}found {} where {} is expected", quoted(rest), quoted(wanted)),
            _ if rest.is_empty() => format!("{WHAT}end of string before {wanted}"),
            "hour" if rest.contains(':') => format!("{WHAT}hour must be between 0 and 23 inclusive"),
            "hour" | "minute" if rest.len() != 2 => format!("{WHAT}{wanted} must have exactly two digits"),
            _ => format!("{WHAT}cannot use {} as {wanted}", quoted(rest)),
        }
    }
}

fn read(text: &str) -> Result<Stamp, Fault<'_>> {
    let mut rest = text;
    let year = match text.get(..4).filter(|y| y.starts_with(|c: char| c.is_ascii_digit())).map(str::parse::<i16>) {
        Some(Ok(year)) => year,
        _ => return Err(Fault { wanted: "year", rest, message: None }),
    };
    rest = &rest[4..];
    separator(&mut rest, "-")?;
    let month = number(&mut rest, "month", true, 1..=12)?;
    separator(&mut rest, "-")?;
    let day = number(&mut rest, "day of month", true, 0..=99)?;
    separator(&mut rest, "T")?;
    let hour = number(&mut rest, "hour", false, 0..=23)?;
    separator(&mut rest, ":")?;
    let minute = number(&mut rest, "minute", true, 0..=59)?;
    separator(&mut rest, ":")?;
    let second = number(&mut rest, "second", true, 0..=59)?;
    let nanosecond = fraction(&mut rest);
    let offset = offset(&mut rest)?;
    if !rest.is_empty() {
        return Err(Fault { wanted: "timestamp segment", rest, message: None });
    }
    let date =
        Date::new(year, month, day).map_err(|_| Fault { wanted: "", rest, message: Some("day out of range") })?;
    let local = date.at(hour, minute, second, nanosecond);
    Ok(Stamp { local, offset })
}

fn separator<'a>(rest: &mut &'a str, wanted: &'static str) -> Result<(), Fault<'a>> {
    match rest.strip_prefix(wanted) {
        Some(after) => {
            *rest = after;
            Ok(())
        }
        None => Err(Fault { wanted, rest, message: None }),
    }
}

/// Two digits, or where `two` is not set also one.
fn number<'a>(
    rest: &mut &'a str,
    wanted: &'static str,
    two: bool,
    range: std::ops::RangeInclusive<i8>,
) -> Result<i8, Fault<'a>> {
    let digits = rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
    if digits == 0 || (two && digits < 2) {
        return Err(Fault { wanted, rest, message: None });
    }
    let (number, after) = rest.split_at(digits);
    let number = number.parse().unwrap_or(i8::MAX);
    *rest = after;
    if range.contains(&number) { Ok(number) } else { Err(Fault { wanted, rest: after, message: None }) }
}

/// Nanoseconds after a period or a comma; what is finer is cut off.
fn fraction(rest: &mut &str) -> i32 {
    let Some(after) = rest.strip_prefix(['.', ',']) else { return 0 };
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return 0;
    }
    let number = format!("{:0<9.9}", &after[..digits]).parse().unwrap_or(0);
    *rest = &after[digits..];
    number
}

fn offset<'a>(rest: &mut &'a str) -> Result<i64, Fault<'a>> {
    const WANTED: &str = "UTC offset";
    if let Some(after) = rest.strip_prefix('Z') {
        *rest = after;
        return Ok(0);
    }
    let fault = Fault { wanted: WANTED, rest, message: None };
    let (sign, mut after) = match rest.as_bytes() {
        [sign @ (b'+' | b'-'), ..] if rest.len() >= 6 => (*sign, &rest[1..]),
        _ => return Err(fault),
    };
    // What is out of range is told with what follows it.
    let too_much = |rest| Fault { wanted: WANTED, rest, message: None };
    let two = |text: &str| text.get(..2).filter(|t| t.bytes().all(|b| b.is_ascii_digit())).and_then(|t| t.parse().ok());
    let (Some(hours), Some(":"), Some(minutes)) = (two(after), after.get(2..3), after.get(3..).and_then(two)) else {
        return Err(fault);
    };
    after = &after[5..];
    let (hours, minutes): (i64, i64) = (hours, minutes);
    if hours > 24 || minutes > 60 {
        return Err(too_much(after));
    }
    *rest = after;
    let seconds = (hours * 60 + minutes) * 60;
    Ok(if sign == b'-' { -seconds } else { seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_print_as_they_were_read() {
        for text in ["2020-02-29T23:59:59Z", "0001-01-01T00:00:00+05:30", "9999-12-31T23:59:59-11:59"] {
            assert_eq!(Stamp::parse(text).unwrap().to_string(), text);
        }
        for wrong in ["2020-01-01T1:02:03Z", "2020-01-01T01:02:03,5Z", "2020-01-01T01:02:03+24:00"] {
            assert!(Stamp::parse(wrong).is_err(), "{wrong}");
        }
        let late = Stamp::parse("9999-12-31T23:59:59Z").unwrap();
        assert_eq!(late.plus(SignedDuration::from_secs(1)), "10000-01-01T00:00:00Z");
    }

    #[test]
    fn moments_are_compared_wherever_they_are() {
        let at = |text| Stamp::parse(text).unwrap();
        let order = at("2020-01-01T01:00:00+01:00").cmp_instant(&at("2020-01-01T00:00:00Z"));
        assert_eq!(order, Ordering::Equal);
        assert_eq!(at("2020-01-01T00:00:00.1Z").cmp_instant(&at("2020-01-01T00:00:00Z")), Ordering::Greater);
    }
}
