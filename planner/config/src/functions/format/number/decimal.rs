//! Decimal digits of numbers, all of them or the fewest, and what is written from them.

use cplan_model::Number;

/// `0.d1d2d3… * 10^point`, without zeros at the end; zero has no digits.
pub(super) struct Decimal {
    digits: Vec<u8>,
    point: i64,
}

/// The binary places behind the point up to which all decimal digits are computed.
const PLACES: usize = 8192;

impl Decimal {
    /// All digits of a number that is not negative.
    pub(super) fn exact(n: &Number) -> Self {
        let power = |k: usize| Number::parse_radix(&format!("1{}", "0".repeat(k)), 2).unwrap_or_else(|_| 1.into());
        let mut places = 0;
        while places <= PLACES && !n.mul(&power(places)).is_integer() {
            places += 64;
        }
        if places > PLACES {
            return Self::shortest(n);
        }
        // n * 2^k is whole, and n is that times 5^k / 10^k.
        let mut digits: Vec<u8> = n.mul(&power(places)).in_radix(10).bytes().rev().map(|b| b - b'0').collect();
        let mut left = places;
        while left > 0 {
            let step = left.min(13);
            left -= step;
            multiply(&mut digits, 5u64.pow(u32::try_from(step).unwrap_or(0)));
        }
        digits.reverse();
        let point = i64::try_from(digits.len()).unwrap_or(0) - i64::try_from(places).unwrap_or(0);
        Self::trimmed(digits, point)
    }

    /// The fewest digits that tell a number that is not negative from its neighbours.
    pub(super) fn shortest(n: &Number) -> Self {
        let text = n.to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let digits = whole.bytes().chain(fraction.bytes()).map(|b| b - b'0').collect();
        Self::trimmed(digits, i64::try_from(whole.len()).unwrap_or(0))
    }

    fn trimmed(mut digits: Vec<u8>, mut point: i64) -> Self {
        let leading = digits.iter().take_while(|d| **d == 0).count();
        digits.drain(..leading);
        point -= i64::try_from(leading).unwrap_or(0);
        while digits.last() == Some(&0) {
            digits.pop();
        }
        if digits.is_empty() { Decimal { digits, point: 0 } } else { Decimal { digits, point } }
    }

    /// How many digits there are.
    pub(super) fn digits(&self) -> i64 {
        i64::try_from(self.digits.len()).unwrap_or(i64::MAX)
    }

    /// The place of the point.
    pub(super) fn point(&self) -> i64 {
        self.point
    }

    /// To `n` digits, half to even.
    pub(super) fn round(&mut self, n: i64) {
        let Some(n) = usize::try_from(n).ok().filter(|n| *n < self.digits.len()) else { return };
        let half = self.digits[n] == 5 && n + 1 == self.digits.len();
        let up = if half { n > 0 && self.digits[n - 1] % 2 == 1 } else { self.digits[n] >= 5 };
        self.digits.truncate(n);
        if up {
            while self.digits.last() == Some(&9) {
                self.digits.pop();
            }
            match self.digits.last_mut() {
                Some(digit) => *digit += 1,
                None => {
                    self.digits.push(1);
                    self.point += 1;
                }
            }
        } else {
            while self.digits.last() == Some(&0) {
                self.digits.pop();
            }
        }
        if self.digits.is_empty() {
            self.point = 0;
        }
    }

    fn at(&self, i: i64) -> char {
        let digit = usize::try_from(i).ok().and_then(|i| self.digits.get(i)).copied().unwrap_or(0);
        char::from(b'0' + digit)
    }

    /// Without an exponent, with so many decimals.
    pub(super) fn fixed(mut self, decimals: usize) -> String {
        let decimals = i64::try_from(decimals).unwrap_or(i64::MAX);
        self.round(self.point.saturating_add(decimals));
        let mut out: String = (0..self.point).map(|i| self.at(i)).collect();
        if out.is_empty() {
            out.push('0');
        }
        if decimals > 0 {
            out.push('.');
            out.extend((0..decimals).map(|i| self.at(self.point + i)));
        }
        out
    }

    /// One digit, so many decimals, an exponent of two digits at least.
    pub(super) fn scientific(&self, decimals: usize, e: char) -> String {
        let decimals = i64::try_from(decimals).unwrap_or(i64::MAX);
        let mut out = String::from(self.at(0));
        if decimals > 0 {
            out.push('.');
            out.extend((1..=decimals).map(|i| self.at(i)));
        }
        let exponent = if self.digits.is_empty() { 0 } else { self.point - 1 };
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{out}{e}{sign}{:02}", exponent.abs())
    }
}

/// Digits from the last to the first, times a factor.
fn multiply(digits: &mut Vec<u8>, factor: u64) {
    let mut carry = 0;
    for digit in digits.iter_mut() {
        let product = u64::from(*digit) * factor + carry;
        *digit = (product % 10) as u8;
        carry = product / 10;
    }
    while carry > 0 {
        digits.push((carry % 10) as u8);
        carry /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_exact_and_round_half_to_even() {
        let exact = |text: &str| Decimal::exact(&Number::parse(text).unwrap());
        assert_eq!(exact("0.5").fixed(0), "0");
        assert_eq!(exact("2.5").fixed(0), "2");
        assert_eq!(exact("0.0004").fixed(0), "0");
        assert_eq!(exact("9.99").fixed(1), "10.0");
        // The nearest number of 512 bits is a little smaller.
        assert_eq!(exact("2.675").fixed(2), "2.67");
        assert_eq!(exact("0").scientific(2, 'e'), "0.00e+00");
        assert_eq!(exact("0.00012").scientific(1, 'e'), "1.2e-04");
    }
}
