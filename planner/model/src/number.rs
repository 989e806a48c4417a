//! Exact numbers: an integer fast path, otherwise 512-bit binary floats as Terraform computes and prints them.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Neg;
use std::sync::Arc;

use dashu_int::ops::BitTest;
use dashu_int::{IBig, UBig};

use self::shortest::shortest;

mod shortest;

/// The bits of a mantissa.
const PRECISION: usize = 512;

/// The largest decimal exponent that is read; beyond it a literal is refused instead of filling the memory.
const MAX_EXPONENT: i64 = 20_000;

/// A number. Equal numbers have equal representations.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Number(Repr);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Repr {
    /// Every integer that fits.
    Int(i64),
    /// Everything else.
    Big(Arc<Big>),
}

/// `mantissa * 2^exponent`, the mantissa odd and at most [`PRECISION`] bits wide.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Big {
    negative: bool,
    mantissa: UBig,
    exponent: i64,
}

/// A text that is not a number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a number is required")]
pub struct ParseNumberError;

impl Number {
    /// The integer, if it is one that fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self.0 {
            Repr::Int(n) => Some(n),
            Repr::Big(_) => None,
        }
    }

    /// The nearest double.
    pub fn as_f64(&self) -> f64 {
        match &self.0 {
            Repr::Int(n) => *n as f64,
            Repr::Big(_) => self.to_string().parse().unwrap_or(f64::NAN),
        }
    }

    /// Whether it has no fraction.
    pub fn is_integer(&self) -> bool {
        match &self.0 {
            Repr::Int(_) => true,
            Repr::Big(b) => b.exponent >= 0,
        }
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Repr::Int(n) => *n < 0,
            Repr::Big(b) => b.negative,
        }
    }

    /// Parses a decimal number as HCL writes it (`-1.5e3`).
    pub fn parse(text: &str) -> Result<Number, ParseNumberError> {
        if let Ok(n) = text.parse::<i64>() {
            return Ok(Number(Repr::Int(n)));
        }
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (digits, exponent) = match rest.split_once(['e', 'E']) {
            Some((digits, e)) => (digits, e.parse::<i64>().map_err(|_| ParseNumberError)?),
            None => (rest, 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all = format!("{whole}{fraction}");
        if all.is_empty() || !all.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ParseNumberError);
        }
        let exponent = exponent.checked_sub(i64::try_from(fraction.len()).map_err(|_| ParseNumberError)?);
        let exponent = exponent.filter(|e| e.abs() <= MAX_EXPONENT).ok_or(ParseNumberError)?;
        let mantissa: UBig = all.parse().map_err(|_| ParseNumberError)?;
        let scale = UBig::from(10u8).pow(usize::try_from(exponent.unsigned_abs()).map_err(|_| ParseNumberError)?);
        Ok(if exponent >= 0 {
            normal(negative, mantissa * scale, 0, false)
        } else {
            quotient(negative, mantissa, scale, 0)
        })
    }

    /// Parses an integer in a base from 2 to 36.
    pub fn parse_radix(text: &str, radix: u32) -> Result<Number, ParseNumberError> {
        let integer = IBig::from_str_radix(text, radix).map_err(|_| ParseNumberError)?;
        let (sign, magnitude) = integer.into_parts();
        Ok(normal(sign == dashu_int::Sign::Negative, magnitude, 0, false))
    }

    /// The digits in a base from 2 to 36, lower case, without the fraction.
    pub fn in_radix(&self, radix: u8) -> String {
        let (negative, mantissa, exponent) = self.trunc().parts();
        let integer = mantissa << usize::try_from(exponent).unwrap_or(0);
        format!("{}{}", if negative { "-" } else { "" }, integer.in_radix(radix))
    }

    /// The sum.
    #[must_use]
    pub fn add(&self, other: &Number) -> Number {
        if let (Repr::Int(a), Repr::Int(b)) = (&self.0, &other.0)
            && let Some(sum) = a.checked_add(*b)
        {
            return sum.into();
        }
        let ((n1, m1, e1), (n2, m2, e2)) = (self.parts(), other.parts());
        let low = e1.min(e2);
        let shifted = |negative: bool, mantissa: UBig, e: i64| {
            let integer = IBig::from(mantissa << usize::try_from(e - low).unwrap_or(0));
            if negative { -integer } else { integer }
        };
        let (sign, magnitude) = (shifted(n1, m1, e1) + shifted(n2, m2, e2)).into_parts();
        normal(sign == dashu_int::Sign::Negative, magnitude, low, false)
    }

    /// The difference.
    #[must_use]
    pub fn sub(&self, other: &Number) -> Number {
        self.add(&-other)
    }

    /// The product.
    #[must_use]
    pub fn mul(&self, other: &Number) -> Number {
        if let (Repr::Int(a), Repr::Int(b)) = (&self.0, &other.0)
            && let Some(product) = a.checked_mul(*b)
        {
            return product.into();
        }
        let ((n1, m1, e1), (n2, m2, e2)) = (self.parts(), other.parts());
        normal(n1 != n2, m1 * m2, e1 + e2, false)
    }

    /// The quotient; `None` for division by zero.
    #[must_use]
    pub fn div(&self, other: &Number) -> Option<Number> {
        let ((n1, m1, e1), (n2, m2, e2)) = (self.parts(), other.parts());
        (m2 != UBig::ZERO).then(|| quotient(n1 != n2, m1, m2, e1 - e2))
    }

    /// What remains of a truncating division, with the sign of the dividend; of a division by zero, the dividend.
    #[must_use]
    pub fn rem(&self, other: &Number) -> Number {
        match self.div(other) {
            Some(quotient) => self.sub(&quotient.trunc().mul(other)),
            None => self.clone(),
        }
    }

    /// Without its fraction.
    #[must_use]
    pub fn trunc(&self) -> Number {
        match &self.0 {
            Repr::Big(b) if b.exponent < 0 => {
                let shift = usize::try_from(-b.exponent).unwrap_or(usize::MAX);
                if shift > PRECISION {
                    return 0.into();
                }
                normal(b.negative, &b.mantissa >> shift, 0, false)
            }
            _ => self.clone(),
        }
    }

    /// The largest integer that is not above it.
    #[must_use]
    pub fn floor(&self) -> Number {
        let whole = self.trunc();
        if whole > *self { whole.sub(&1.into()) } else { whole }
    }

    /// The smallest integer that is not below it.
    #[must_use]
    pub fn ceil(&self) -> Number {
        let whole = self.trunc();
        if whole < *self { whole.add(&1.into()) } else { whole }
    }

    /// Its size.
    #[must_use]
    pub fn abs(&self) -> Number {
        if self.is_negative() { -self } else { self.clone() }
    }

    /// Sign, mantissa and binary exponent.
    fn parts(&self) -> (bool, UBig, i64) {
        match &self.0 {
            Repr::Int(n) => (*n < 0, UBig::from(n.unsigned_abs()), 0),
            Repr::Big(b) => (b.negative, b.mantissa.clone(), b.exponent),
        }
    }
}

/// Rounds to [`PRECISION`] bits, half to even, and brings to the one representation. `sticky`: something follows
/// below the last bit.
fn normal(negative: bool, mut mantissa: UBig, mut exponent: i64, sticky: bool) -> Number {
    let excess = mantissa.bit_len().saturating_sub(PRECISION);
    if excess > 0 {
        let low = &mantissa & ((UBig::ONE << excess) - UBig::ONE);
        let half = UBig::ONE << (excess - 1);
        mantissa >>= excess;
        exponent += i64::try_from(excess).unwrap_or(i64::MAX);
        let up = match low.cmp(&half) {
            Ordering::Less => false,
            Ordering::Equal => sticky || mantissa.bit(0),
            Ordering::Greater => true,
        };
        if up {
            mantissa += UBig::ONE;
        }
    }
    let Some(zeros) = mantissa.trailing_zeros() else { return 0.into() };
    mantissa >>= zeros;
    exponent += i64::try_from(zeros).unwrap_or(i64::MAX);
    if (0..64).contains(&exponent) && mantissa.bit_len() as i64 + exponent <= 64 {
        let magnitude = i128::try_from(&mantissa).unwrap_or(i128::MAX) << exponent;
        if let Ok(n) = i64::try_from(if negative { -magnitude } else { magnitude }) {
            return n.into();
        }
    }
    Number(Repr::Big(Arc::new(Big { negative, mantissa, exponent })))
}

fn quotient(negative: bool, dividend: UBig, divisor: UBig, exponent: i64) -> Number {
    let shift = (PRECISION + 2 + divisor.bit_len()).saturating_sub(dividend.bit_len());
    let dividend = dividend << shift;
    let quotient = &dividend / &divisor;
    let sticky = &quotient * &divisor != dividend;
    normal(negative, quotient, exponent - i64::try_from(shift).unwrap_or(i64::MAX), sticky)
}

impl Neg for &Number {
    type Output = Number;
    fn neg(self) -> Number {
        let (negative, mantissa, exponent) = self.parts();
        normal(!negative, mantissa, exponent, false)
    }
}

impl From<i64> for Number {
    fn from(n: i64) -> Self {
        Number(Repr::Int(n))
    }
}

impl From<i32> for Number {
    fn from(n: i32) -> Self {
        Number(Repr::Int(n.into()))
    }
}

impl From<u32> for Number {
    fn from(n: u32) -> Self {
        Number(Repr::Int(n.into()))
    }
}

impl From<u64> for Number {
    fn from(n: u64) -> Self {
        normal(false, UBig::from(n), 0, false)
    }
}

impl From<usize> for Number {
    fn from(n: usize) -> Self {
        Number::from(n as u64)
    }
}

/// By its shortest decimal spelling, so that it prints as the double does; what is not finite becomes 0.
impl From<f64> for Number {
    fn from(f: f64) -> Self {
        Number::parse(&format!("{f:e}")).unwrap_or(Number(Repr::Int(0)))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        if let (Repr::Int(a), Repr::Int(b)) = (&self.0, &other.0) {
            return a.cmp(b);
        }
        let ((n1, m1, e1), (n2, m2, e2)) = (self.parts(), other.parts());
        let size = |m: &UBig, e: i64| if *m == UBig::ZERO { i64::MIN } else { m.bit_len() as i64 + e };
        let magnitude = size(&m1, e1).cmp(&size(&m2, e2)).then_with(|| {
            let low = e1.min(e2);
            let shifted = |m: UBig, e: i64| m << usize::try_from(e - low).unwrap_or(0);
            shifted(m1, e1).cmp(&shifted(m2, e2))
        });
        match (n1, n2) {
            (false, false) => magnitude,
            (true, true) => magnitude.reverse(),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

/// Plain decimal digits, as few as tell it from its neighbours.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Int(n) => n.fmt(f),
            Repr::Big(b) => f.pad_integral(!b.negative, "", &shortest(&b.mantissa, b.exponent, PRECISION)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn prints_what_it_parses() {
        for text in
            ["0", "1", "-1", "0.1", "-2.5", "9223372036854775807", "9223372036854775808", "-9223372036854775808"]
        {
            assert_eq!(n(text).to_string(), text);
        }
        assert_eq!(n("1e30").to_string(), "1000000000000000000000000000000");
        assert_eq!(n("1.50").to_string(), "1.5");
        for f in [0.1, 2.5e-7, 123_456.789, 1.797_693_134_862_315_7e308, -1e21] {
            assert_eq!(Number::from(f).to_string(), format!("{f}"));
        }
        assert_eq!(Number::from(u64::MAX).to_string(), "18446744073709551615");
    }

    #[test]
    fn computes_with_512_bits() {
        assert_eq!(n("0.1").add(&n("0.2")), n("0.3"));
        assert_eq!(n("1").div(&n("3")).unwrap().mul(&n("3")), n("1"));
        assert_eq!(n("10").div(&n("4")).unwrap().to_string(), "2.5");
        assert_eq!(n("-7.5").rem(&n("2")).to_string(), "-1.5");
        assert_eq!(n("7").rem(&n("0")).to_string(), "7");
        assert_eq!(n("9223372036854775807").add(&n("1")).to_string(), "9223372036854775808");
        assert!(n("1").div(&n("0")).is_none());
    }

    #[test]
    fn rounds_and_orders() {
        assert_eq!(n("-1.5").floor(), n("-2"));
        assert_eq!(n("-1.5").ceil(), n("-1"));
        assert_eq!(n("1.2").ceil(), n("2"));
        assert!(n("-1e40") < n("-1") && n("1e-40") > n("0") && n("1.5") < n("2"));
        assert_eq!(n("255").in_radix(16), "ff");
        assert_eq!(Number::parse_radix("-ff", 16).unwrap(), n("-255"));
    }

    #[test]
    fn refuses_what_is_not_a_number() {
        for text in ["", "-", "a", "1.2.3", "1e", ".", "1e999999999", "0x10", "inf", "NaN"] {
            assert!(Number::parse(text).is_err(), "{text}");
        }
    }
}
