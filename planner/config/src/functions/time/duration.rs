//! Durations such as `-1h30m` as Go's `time.ParseDuration` reads them: whole nanoseconds, at most some 292 years.

use crate::functions::quoted;
use jiff::SignedDuration;

/// Reads a duration.
pub(super) fn parse(text: &str) -> Result<SignedDuration, String> {
    let invalid = || format!("time: invalid duration {}", quoted(text));
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Ok(SignedDuration::ZERO);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let (whole, after) = rest.split_at(digits(rest));
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => after.split_at(digits(after)),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let (name, after) = after.split_at(after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len()));
        if name.is_empty() {
            return Err(format!("time: missing unit in duration {}", quoted(text)));
        }
        let unit =
            unit(name).ok_or_else(|| format!("time: unknown unit {} in duration {}", quoted(name), quoted(text)))?;
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| invalid())? };
        let part = whole.checked_mul(unit).and_then(|n| n.checked_add(fraction_of(fraction, unit)));
        total = part.and_then(|n| n.checked_add(total)).filter(|n| *n <= 1 << 63).ok_or_else(invalid)?;
        rest = after;
    }
    let total = i128::from(total) * if negative { -1 } else { 1 };
    i64::try_from(total).map(SignedDuration::from_nanos).map_err(|_| invalid())
}

/// Nanoseconds.
fn unit(name: &str) -> Option<u64> {
    Some(match name {
        "ns" => 1,
        // Both signs that look like mu.
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// The nanoseconds after the point, cut off as Go does: digits beyond what 63 bits hold do not count.
fn fraction_of(digits: &str, unit: u64) -> u64 {
    let (mut number, mut scale) = (0_u64, 1_f64);
    for digit in digits.bytes() {
        let next = number.checked_mul(10).and_then(|n| n.checked_add(u64::from(digit - b'0')));
        let Some(next) = next.filter(|n| *n <= i64::MAX as u64) else { break };
        number = next;
        scale *= 10.0;
    }
    (number as f64 * (unit as f64 / scale)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_go() {
        let nanos = |text| parse(text).map(|d| d.as_nanos());
        assert_eq!(nanos("-1h30m"), Ok(-5_400_000_000_000));
        assert_eq!(nanos("1.5s500ms.5us"), Ok(2_000_000_500));
        assert_eq!(nanos("-9223372036854775808ns"), Ok(i64::MIN.into()));
        for wrong in ["", "-", "5", "1d", "1h ", ".s", "9223372036854775808ns", "s", "1h--3m"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
