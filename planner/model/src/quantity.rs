//! Quantities: strings with a unit, compared by what they mean.

use std::fmt;

/// What a quantity measures, and so which units fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// A size; parsed to bytes. `B`, `KB`, `MB`, `GB`, `TB` (powers of 1000), `KiB`, `MiB`, `GiB`, `TiB` (of 1024).
    Bytes,
    /// A time; parsed to nanoseconds. `ns`, `us`, `ms`, `s`, `m`, `h`.
    Duration,
    /// A data rate; parsed to bits per second. `bit`, `kbit`, `mbit`, `gbit` (powers of 1000).
    Rate,
    /// A share of one; parsed to parts per billion. `%`.
    Fraction,
    /// How fast data is read or written; parsed to bytes per second. The units of a size followed by `/s`.
    Throughput,
}

impl Format {
    /// The units with their factors to the base unit, smallest first.
    pub fn units(self) -> &'static [(&'static str, u64)] {
        const KI: u64 = 1024;
        match self {
            Format::Bytes => &[
                ("B", 1),
                ("KB", 1_000),
                ("KiB", KI),
                ("MB", 1_000_000),
                ("MiB", KI * KI),
                ("GB", 1_000_000_000),
                ("GiB", KI * KI * KI),
                ("TB", 1_000_000_000_000),
                ("TiB", KI * KI * KI * KI),
            ],
            Format::Duration => &[
                ("ns", 1),
                ("us", 1_000),
                ("ms", 1_000_000),
                ("s", 1_000_000_000),
                ("m", 60_000_000_000),
                ("h", 3_600_000_000_000),
            ],
            Format::Rate => &[("bit", 1), ("kbit", 1_000), ("mbit", 1_000_000), ("gbit", 1_000_000_000)],
            Format::Fraction => &[("%", 10_000_000)],
            Format::Throughput => &[
                ("B/s", 1),
                ("KB/s", 1_000),
                ("KiB/s", KI),
                ("MB/s", 1_000_000),
                ("MiB/s", KI * KI),
                ("GB/s", 1_000_000_000),
                ("GiB/s", KI * KI * KI),
            ],
        }
    }

    /// An example for messages.
    pub fn example(self) -> &'static str {
        match self {
            Format::Bytes => "512MiB",
            Format::Duration => "7.5ms",
            Format::Rate => "100mbit",
            Format::Fraction => "1%",
            Format::Throughput => "10MB/s",
        }
    }

    fn noun(self) -> &'static str {
        match self {
            Format::Bytes => "size",
            Format::Duration => "duration",
            Format::Rate => "rate",
            Format::Fraction => "fraction",
            Format::Throughput => "throughput",
        }
    }
}

/// Why a string is not a quantity of a format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct QuantityError {
    /// One sentence: what is wrong.
    pub what: String,
    /// One sentence: how to mend it.
    pub remedy: String,
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// Parses a quantity to its base unit (bytes, ns, bit/s, parts per billion); exact, rounding half up below
/// one base unit. An error says what is missing and which units fit.
pub fn parse_quantity(format: Format, text: &str) -> Result<u64, QuantityError> {
    let fail = |what: String| {
        let units: Vec<_> = format.units().iter().map(|(u, _)| format!("`{u}`")).collect();
        QuantityError {
            what,
            remedy: format!(
                "Write a {} with one of the units {}, such as \"{}\".",
                format.noun(),
                units.join(", "),
                format.example()
            ),
        }
    };
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || (digits.contains('.') && fraction.is_empty()) || fraction.contains('.') {
        return Err(fail(format!("\"{text}\" is not a {}: it does not begin with a number.", format.noun())));
    }
    if unit.is_empty() {
        return Err(fail(format!("\"{text}\" has no unit.")));
    }
    let Some((_, factor)) = format.units().iter().find(|(u, _)| *u == unit) else {
        return Err(fail(format!("\"{text}\" has the unit `{unit}`, which is not a unit of a {}.", format.noun())));
    };
    let too_large = || fail(format!("\"{text}\" is too large."));
    let scale = 10u128.checked_pow(u32::try_from(fraction.len()).unwrap_or(u32::MAX)).ok_or_else(too_large)?;
    let mantissa: u128 = format!("{whole}{fraction}").parse().map_err(|_| too_large())?;
    let product = mantissa.checked_mul(u128::from(*factor)).ok_or_else(too_large)?;
    u64::try_from((product + scale / 2) / scale).map_err(|_| too_large())
}

/// The shortest usual spelling of a base-unit amount: the largest unit that leaves at most three decimals.
pub fn spelling_for(format: Format, amount: u64) -> String {
    let units = format.units();
    let mut best = units[0];
    for unit in units {
        // A size is a power of 1024 here unless only a power of 1000 divides it.
        let thousandths = u128::from(amount) * 1000;
        if amount >= unit.1 && thousandths % u128::from(unit.1) == 0 {
            let whole = amount.is_multiple_of(unit.1);
            if whole || !matches!(format, Format::Bytes | Format::Throughput) {
                best = *unit;
            }
        }
    }
    let thousandths = u128::from(amount) * 1000 / u128::from(best.1);
    let (whole, rest) = (thousandths / 1000, thousandths % 1000);
    if rest == 0 {
        format!("{whole}{}", best.0)
    } else {
        format!("{whole}.{}{}", format!("{rest:03}").trim_end_matches('0'), best.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_exactly() {
        assert_eq!(parse_quantity(Format::Duration, "7.5ms"), Ok(7_500_000));
        assert_eq!(parse_quantity(Format::Rate, "29.66mbit"), Ok(29_660_000));
        assert_eq!(parse_quantity(Format::Bytes, "512MiB"), Ok(536_870_912));
        assert_eq!(parse_quantity(Format::Fraction, "1%"), Ok(10_000_000));
        assert_eq!(parse_quantity(Format::Fraction, "0.1%"), Ok(1_000_000));
        assert_eq!(parse_quantity(Format::Throughput, "10MB/s"), Ok(10_000_000));
    }

    #[test]
    fn refuses_what_has_no_or_a_wrong_unit() {
        for (format, text, says) in [
            (Format::Bytes, "512", "has no unit"),
            (Format::Duration, "7.5", "has no unit"),
            (Format::Rate, "5MBps", "not a unit of a rate"),
            (Format::Duration, "ms", "does not begin with a number"),
            (Format::Duration, "-1ms", "does not begin with a number"),
            (Format::Bytes, "99999999999TiB", "too large"),
            (Format::Bytes, "1.5.2MiB", "does not begin with a number"),
        ] {
            let error = parse_quantity(format, text).unwrap_err();
            assert!(error.what.contains(says), "{text}: {}", error.what);
            assert!(error.remedy.contains(format.example()));
        }
    }

    #[test]
    fn spells_in_field_units() {
        assert_eq!(spelling_for(Format::Duration, 7_500_000), "7.5ms");
        assert_eq!(spelling_for(Format::Duration, 45_000_000), "45ms");
        assert_eq!(spelling_for(Format::Rate, 29_660_000), "29.66mbit");
        assert_eq!(spelling_for(Format::Bytes, 536_870_912), "512MiB");
        assert_eq!(spelling_for(Format::Bytes, 1_500_000_000), "1500MB");
        assert_eq!(spelling_for(Format::Fraction, 5_000_000), "0.5%");
    }

    #[test]
    fn what_it_spells_it_parses() {
        for amount in [0, 1, 999, 1000, 1024, 123_456, 7_210_000, 86_400_000_000_000] {
            for format in [Format::Bytes, Format::Duration, Format::Rate] {
                assert_eq!(parse_quantity(format, &spelling_for(format, amount)), Ok(amount), "{format:?} {amount}");
            }
        }
    }
}
