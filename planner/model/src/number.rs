//! Exact numbers: an integer fast path, otherwise binary floats as Terraform computes and prints them. What is written
//! has 512 bits; what functions count has 64, what they compute in doubles 53, and operations round to the wider operand.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Neg;
use std::sync::Arc;

use dashu_int::ops::BitTest;
use dashu_int::{IBig, UBig};

use self::shortest::shortest;

mod equality;
mod shortest;
#[cfg(test)]
mod tests;

/// The bits of a mantissa at most, and those of whatever was parsed.
const PRECISION: u16 = 512;

/// The bits of a number that a function counted, such as a length or an index.
const COUNTED: u16 = 64;

/// The bits of a double.
const DOUBLE: u16 = 53;

/// The binary digits before or after the point at most, some 19,700 decimal ones; what is larger is infinite, what is
/// smaller is zero. Terraform's limit is far wider, so that the digits of a number can fill the memory.
const MAX_BITS: i64 = 1 << 16;

/// From this decimal exponent on, Terraform's numbers are infinite too.
const INFINITE_EXPONENT: i64 = 646_456_994;

/// Beyond this exponent, a text is no number to Terraform.
const LAST_EXPONENT: i64 = i32::MAX as i64 - 64;

/// A number, infinite ones and the negative zero included. Those are equal that print the same digits: `pow(0.1, 1)` is
/// a double next to 0.1 and equals it. The two zeros differ here and are the same to [`Number::compare`]; what the
/// language calls equal is [`Number::equals`].
#[derive(Clone, Debug)]
pub struct Number(Repr);

#[derive(Clone, Debug)]
enum Repr {
    /// Every integer that fits and that its bits can tell from its neighbours.
    Int { n: i64, bits: u16 },
    /// Every other finite number.
    Big(Arc<Big>),
    /// `-0`, which prints as such.
    NegativeZero,
    /// Of a division by zero.
    Infinite { negative: bool },
}

/// `mantissa * 2^exponent`, the mantissa odd and at most `bits` wide.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Big {
    negative: bool,
    mantissa: UBig,
    exponent: i64,
    bits: u16,
}

/// A text that is not a number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a number is required")]
pub struct ParseNumberError;

impl Number {
    /// The integer, if it is one that fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self.0 {
            Repr::Int { n, .. } => Some(n),
            Repr::NegativeZero => Some(0),
            Repr::Big(ref b) => b.as_i64(),
            Repr::Infinite { .. } => None,
        }
    }

    /// The infinite number.
    pub fn infinite(negative: bool) -> Number {
        Number(Repr::Infinite { negative })
    }

    /// Whether it is infinite.
    pub fn is_infinite(&self) -> bool {
        matches!(self.0, Repr::Infinite { .. })
    }

    /// Whether it is zero, negative or not.
    pub fn is_zero(&self) -> bool {
        matches!(self.0, Repr::Int { n: 0, .. } | Repr::NegativeZero)
    }

    /// The nearest double.
    pub fn as_f64(&self) -> f64 {
        match &self.0 {
            Repr::Int { n, .. } => *n as f64,
            Repr::Big(_) => self.to_string().parse().unwrap_or(f64::NAN),
            Repr::NegativeZero => -0.0,
            Repr::Infinite { negative } => {
                if *negative {
                    f64::NEG_INFINITY
                } else {
                    f64::INFINITY
                }
            }
        }
    }

    /// Whether it has no fraction.
    pub fn is_integer(&self) -> bool {
        match &self.0 {
            Repr::Int { .. } | Repr::NegativeZero => true,
            Repr::Big(b) => b.exponent >= 0,
            Repr::Infinite { .. } => false,
        }
    }

    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        match &self.0 {
            Repr::Int { n, .. } => *n < 0,
            Repr::Big(b) => b.negative,
            Repr::NegativeZero => false,
            Repr::Infinite { negative } => *negative,
        }
    }

    /// Parses a decimal number as HCL writes it (`-1.5e3`), with the forms that Terraform takes from strings besides:
    /// a binary exponent (`1p3`) and `Inf`.
    pub fn parse(text: &str) -> Result<Number, ParseNumberError> {
        if let Ok(n) = text.parse::<i64>() {
            return Ok(if n == 0 && text.starts_with('-') {
                zero(true)
            } else {
                Number(Repr::Int { n, bits: PRECISION })
            });
        }
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if matches!(rest, "inf" | "Inf") {
            return Ok(Number::infinite(negative));
        }
        let binary = rest.contains(['p', 'P']);
        let (digits, exponent) = match rest.split_once(['e', 'E', 'p', 'P']) {
            Some((digits, e)) => (digits, e.parse::<i64>().map_err(|_| ParseNumberError)?),
            None => (rest, 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all = format!("{whole}{fraction}");
        if all.is_empty() || !all.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ParseNumberError);
        }
        let places = i64::try_from(fraction.len()).map_err(|_| ParseNumberError)?;
        let (decimal, shift) = if binary { (-places, exponent) } else { (exponent.saturating_sub(places), 0) };
        if all.bytes().all(|b| b == b'0') {
            return Ok(zero(negative));
        }
        let size = decimal.saturating_add(i64::try_from(all.len()).map_err(|_| ParseNumberError)?);
        match (decimal.saturating_abs().max(shift.saturating_abs()), size) {
            (e, _) if e >= LAST_EXPONENT => return Err(ParseNumberError),
            (_, n) if n > INFINITE_EXPONENT => return Ok(Number::infinite(negative)),
            (_, n) if n < -INFINITE_EXPONENT => return Ok(zero(negative)),
            // Below Terraform's limits and above ours: nothing that is equal can be given.
            (e, n) if e > MAX_BITS || n > MAX_BITS => return Err(ParseNumberError),
            _ => {}
        }
        let mantissa: UBig = all.parse().map_err(|_| ParseNumberError)?;
        let scale = UBig::from(10u8).pow(usize::try_from(decimal.unsigned_abs()).map_err(|_| ParseNumberError)?);
        let number = if decimal >= 0 {
            normal(negative, mantissa * scale, shift, false, PRECISION)
        } else {
            quotient(negative, mantissa, scale, shift, PRECISION)
        };
        if number.is_infinite() || number.is_zero() { Err(ParseNumberError) } else { Ok(number) }
    }

    /// Parses an integer in a base from 2 to 36. It has as many bits as it needs, and 64 at least.
    pub fn parse_radix(text: &str, radix: u32) -> Result<Number, ParseNumberError> {
        let integer = IBig::from_str_radix(text, radix).map_err(|_| ParseNumberError)?;
        let (sign, magnitude) = integer.into_parts();
        let bits = u16::try_from(magnitude.bit_len()).unwrap_or(PRECISION).clamp(COUNTED, PRECISION);
        let number = normal(sign == dashu_int::Sign::Negative, magnitude, 0, false, bits);
        if number.is_infinite() { Err(ParseNumberError) } else { Ok(number) }
    }

    /// The digits in a base from 2 to 36, lower case, without the fraction.
    pub fn in_radix(&self, radix: u8) -> String {
        let (negative, mantissa, exponent) = self.trunc().parts();
        let integer = mantissa << usize::try_from(exponent).unwrap_or(0);
        format!("{}{}", if negative { "-" } else { "" }, integer.in_radix(radix))
    }

    /// The sum; of opposing infinities, which have none, the first.
    #[must_use]
    pub fn add(&self, other: &Number) -> Number {
        self.add_to(other, self.bits().max(other.bits()))
    }

    /// The sum, rounded to some bits.
    fn add_to(&self, other: &Number, bits: u16) -> Number {
        match (&self.0, &other.0) {
            (Repr::Int { n: a, .. }, Repr::Int { n: b, .. }) => {
                if let Some(sum) = a.checked_add(*b) {
                    return integer(sum, bits);
                }
            }
            (Repr::Infinite { .. }, _) => return self.clone(),
            (_, Repr::Infinite { .. }) => return other.clone(),
            (Repr::NegativeZero, Repr::NegativeZero) => return self.clone(),
            _ => {}
        }
        let ((n1, m1, e1), (n2, m2, e2)) = (self.parts(), other.parts());
        let low = e1.min(e2);
        let shifted = |negative: bool, mantissa: UBig, e: i64| {
            let integer = IBig::from(mantissa << usize::try_from(e - low).unwrap_or(0));
            if negative { -integer } else { integer }
        };
        let (sign, magnitude) = (shifted(n1, m1, e1) + shifted(n2, m2, e2)).into_parts();
        normal(sign == dashu_int::Sign::Negative, magnitude, low, false, bits)
    }

    /// The difference.
    #[must_use]
    pub fn sub(&self, other: &Number) -> Number {
        self.add(&-other)
    }

    /// The product; of zero and infinity, which have none, zero. It is wider than its operands where it needs to be.
    #[must_use]
    pub fn mul(&self, other: &Number) -> Number {
        let negative = self.signed() != other.signed();
        if self.is_zero() || other.is_zero() {
            return zero(negative);
        }
        if self.is_infinite() || other.is_infinite() {
            return Number::infinite(negative);
        }
        let bits = self.bits().max(other.bits());
        if let (Repr::Int { n: a, .. }, Repr::Int { n: b, .. }) = (&self.0, &other.0)
            && let Some(product) = a.checked_mul(*b)
        {
            return integer(product, bits.max(COUNTED));
        }
        let ((n1, m1, e1), (n2, m2, e2)) = (self.parts(), other.parts());
        let mantissa = m1 * m2;
        let needed = mantissa.bit_len() - mantissa.trailing_zeros().unwrap_or(0);
        let bits = u16::try_from(needed).unwrap_or(PRECISION).clamp(bits, PRECISION);
        normal(n1 != n2, mantissa, e1 + e2, false, bits)
    }

    /// The quotient, infinite where only the divisor is zero; `None` for zero by zero and infinity by infinity.
    #[must_use]
    pub fn div(&self, other: &Number) -> Option<Number> {
        let negative = self.signed() != other.signed();
        if self.is_zero() && other.is_zero() || self.is_infinite() && other.is_infinite() {
            return None;
        }
        if self.is_infinite() || other.is_zero() {
            return Some(Number::infinite(negative));
        }
        if self.is_zero() || other.is_infinite() {
            return Some(zero(negative));
        }
        let ((n1, m1, e1), (n2, m2, e2)) = (self.parts(), other.parts());
        Some(quotient(n1 != n2, m1, m2, e1 - e2, self.bits().max(other.bits())))
    }

    /// What remains of a truncating division, with the sign of the dividend; of a division by zero, the dividend. Of
    /// infinity and by infinity nothing is defined, and the dividend is given.
    #[must_use]
    pub fn rem(&self, other: &Number) -> Number {
        if other.is_zero() || self.is_infinite() || other.is_infinite() {
            return self.clone();
        }
        match self.div(other) {
            // All of it with the bits of the dividend.
            Some(quotient) => {
                let whole = quotient.trunc().mul(other).rounded(self.bits());
                self.add_to(&-&whole, self.bits())
            }
            None => self.clone(),
        }
    }

    /// Without its fraction.
    #[must_use]
    pub fn trunc(&self) -> Number {
        match &self.0 {
            Repr::Big(b) if b.exponent < 0 => {
                let shift = usize::try_from(-b.exponent).unwrap_or(usize::MAX);
                if shift > usize::from(PRECISION) {
                    return integer(0, b.bits);
                }
                normal(b.negative, &b.mantissa >> shift, 0, false, b.bits)
            }
            Repr::NegativeZero => zero(false),
            _ => self.clone(),
        }
    }

    /// The largest integer that is not above it.
    #[must_use]
    pub fn floor(&self) -> Number {
        let whole = self.trunc();
        if whole.compare(self).is_gt() { whole.add_to(&(-1).into(), self.bits()) } else { whole }
    }

    /// The smallest integer that is not below it.
    #[must_use]
    pub fn ceil(&self) -> Number {
        let whole = self.trunc();
        if whole.compare(self).is_lt() { whole.add_to(&1.into(), self.bits()) } else { whole }
    }

    /// Its size.
    #[must_use]
    pub fn abs(&self) -> Number {
        if self.signed() { -self } else { self.clone() }
    }

    /// The order by size alone: the two zeros are equal.
    pub fn compare(&self, other: &Number) -> Ordering {
        if self.is_zero() && other.is_zero() { Ordering::Equal } else { self.cmp(other) }
    }

    /// Whether the language calls them equal: integers that are the same, and what else prints the same digits.
    pub fn equals(&self, other: &Number) -> bool {
        if self.is_integer() && other.is_integer() { self.compare(other).is_eq() } else { self == other }
    }

    /// Whether it has the sign of a negative number.
    fn signed(&self) -> bool {
        self.is_negative() || matches!(self.0, Repr::NegativeZero)
    }

    /// Sign, mantissa and binary exponent of a finite number.
    fn parts(&self) -> (bool, UBig, i64) {
        match &self.0 {
            Repr::Int { n, .. } => (*n < 0, UBig::from(n.unsigned_abs()), 0),
            Repr::Big(b) => (b.negative, b.mantissa.clone(), b.exponent),
            Repr::NegativeZero | Repr::Infinite { .. } => (false, UBig::ZERO, 0),
        }
    }

    fn bits(&self) -> u16 {
        match &self.0 {
            Repr::Int { bits, .. } => *bits,
            Repr::Big(b) => b.bits,
            Repr::NegativeZero | Repr::Infinite { .. } => PRECISION,
        }
    }

    fn rounded(&self, bits: u16) -> Number {
        match &self.0 {
            Repr::NegativeZero | Repr::Infinite { .. } => self.clone(),
            _ => {
                let (negative, mantissa, exponent) = self.parts();
                normal(negative, mantissa, exponent, false, bits)
            }
        }
    }
}

impl Big {
    fn as_i64(&self) -> Option<i64> {
        if !(0..64).contains(&self.exponent) || self.mantissa.bit_len() as i64 + self.exponent > 64 {
            return None;
        }
        let magnitude = i128::try_from(&self.mantissa).ok()? << self.exponent;
        i64::try_from(if self.negative { -magnitude } else { magnitude }).ok()
    }

    /// What its digits say when they are read again, where that is something else.
    fn reread(&self) -> Option<Number> {
        if self.bits == PRECISION {
            return None;
        }
        Number::parse(&Number(Repr::Big(Arc::new(self.clone()))).to_string()).ok()
    }
}

/// An integer that fits, in so many bits.
fn integer(n: i64, bits: u16) -> Number {
    if bits >= COUNTED || n.unsigned_abs() < 1 << DOUBLE {
        return Number(Repr::Int { n, bits });
    }
    normal(n < 0, UBig::from(n.unsigned_abs()), 0, false, bits)
}

/// The zero of a sign.
fn zero(negative: bool) -> Number {
    Number(if negative { Repr::NegativeZero } else { Repr::Int { n: 0, bits: PRECISION } })
}

/// Rounds to some bits, half to even, and brings to the one representation. `sticky`: something follows below the last
/// bit.
fn normal(negative: bool, mut mantissa: UBig, mut exponent: i64, sticky: bool, bits: u16) -> Number {
    let excess = mantissa.bit_len().saturating_sub(bits.into());
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
    let Some(zeros) = mantissa.trailing_zeros() else { return integer(0, bits) };
    mantissa >>= zeros;
    exponent += i64::try_from(zeros).unwrap_or(i64::MAX);
    let big = Big { negative, mantissa, exponent, bits };
    if let Some(n) = big.as_i64()
        && (bits >= COUNTED || n.unsigned_abs() < 1 << DOUBLE)
    {
        return Number(Repr::Int { n, bits });
    }
    let size = big.mantissa.bit_len() as i64 + exponent;
    if size > MAX_BITS {
        return Number::infinite(negative);
    }
    if size < -MAX_BITS {
        return zero(negative);
    }
    Number(Repr::Big(Arc::new(big)))
}

fn quotient(negative: bool, dividend: UBig, divisor: UBig, exponent: i64, bits: u16) -> Number {
    let shift = (usize::from(bits) + 2 + divisor.bit_len()).saturating_sub(dividend.bit_len());
    let dividend = dividend << shift;
    let quotient = &dividend / &divisor;
    let sticky = &quotient * &divisor != dividend;
    normal(negative, quotient, exponent - i64::try_from(shift).unwrap_or(i64::MAX), sticky, bits)
}

impl Neg for &Number {
    type Output = Number;
    fn neg(self) -> Number {
        match self.0 {
            Repr::Int { n: 0, .. } => zero(true),
            Repr::NegativeZero => zero(false),
            Repr::Infinite { negative } => Number::infinite(!negative),
            _ => {
                let (negative, mantissa, exponent) = self.parts();
                normal(!negative, mantissa, exponent, false, self.bits())
            }
        }
    }
}

/// As a function counts.
impl From<i64> for Number {
    fn from(n: i64) -> Self {
        Number(Repr::Int { n, bits: COUNTED })
    }
}

impl From<i32> for Number {
    fn from(n: i32) -> Self {
        Number::from(i64::from(n))
    }
}

impl From<u32> for Number {
    fn from(n: u32) -> Self {
        Number::from(i64::from(n))
    }
}

impl From<u64> for Number {
    fn from(n: u64) -> Self {
        normal(false, UBig::from(n), 0, false, COUNTED)
    }
}

impl From<usize> for Number {
    fn from(n: usize) -> Self {
        Number::from(n as u64)
    }
}

/// Exactly, with the bits of a double, and prints as the double does; what is no number becomes 0.
impl From<f64> for Number {
    fn from(f: f64) -> Self {
        if f.is_infinite() {
            return Number::infinite(f < 0.0);
        }
        let parts = f.to_bits();
        let (fraction, power) = (parts & ((1 << 52) - 1), (parts >> 52) & 0x7ff);
        // Numbers next to zero have no leading one.
        let (mantissa, power) = if power == 0 { (fraction, 1) } else { (fraction | 1 << 52, power) };
        if f.is_nan() || mantissa == 0 {
            return zero(f.is_sign_negative() && !f.is_nan());
        }
        normal(f < 0.0, UBig::from(mantissa), i64::try_from(power).unwrap_or(0) - 1075, false, DOUBLE)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By size, the negative zero before the other.
impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        if let (Repr::Int { n: a, .. }, Repr::Int { n: b, .. }) = (&self.0, &other.0) {
            return a.cmp(b);
        }
        if self.is_zero() && other.is_zero() {
            return other.signed().cmp(&self.signed());
        }
        let rank = |n: &Number| match n.0 {
            Repr::Infinite { negative } => {
                if negative {
                    -1
                } else {
                    1
                }
            }
            _ => 0,
        };
        if self.is_infinite() || other.is_infinite() {
            return rank(self).cmp(&rank(other));
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
            Repr::Int { n, .. } => n.fmt(f),
            Repr::NegativeZero => f.pad("-0"),
            Repr::Infinite { negative } => f.pad(if *negative { "-Inf" } else { "+Inf" }),
            Repr::Big(b) => f.pad_integral(!b.negative, "", &shortest(&b.mantissa, b.exponent, b.bits.into())),
        }
    }
}
