//! The shortest decimal digits that tell a binary float from its neighbours (Go's `big.Float.Text('f', -1)`).

use std::cmp::Ordering;

use dashu_int::UBig;
use dashu_int::ops::BitTest;

/// Digits of `mantissa * 2^exponent` for floats of `precision` bits.
pub(super) fn shortest(mantissa: &UBig, exponent: i64, precision: usize) -> String {
    // One bit more than the precision, so that the last bit is half a unit.
    let shift = (precision + 1).saturating_sub(mantissa.bit_len());
    let wide = mantissa << shift;
    let exponent = exponent - i64::try_from(shift).unwrap_or(0);
    let inclusive = !wide.bit(1);
    let lower = Decimal::new(&(&wide - UBig::ONE), exponent);
    let upper = Decimal::new(&(&wide + UBig::ONE), exponent);
    let mut decimal = Decimal::new(&wide, exponent);
    for i in 0..decimal.digits.len() {
        let (digit, low, up) = (decimal.digits[i], lower.at(i), upper.at(i));
        let down_fits = low != digit || (inclusive && i + 1 == lower.digits.len());
        let up_fits = digit != up && (inclusive || digit + 1 < up || i + 1 < upper.digits.len());
        match (down_fits, up_fits) {
            (true, true) => decimal.round(i + 1),
            (true, false) => decimal.round_down(i + 1),
            (false, true) => decimal.round_up(i + 1),
            (false, false) => continue,
        }
        break;
    }
    decimal.to_text()
}

/// `0.d1d2d3… * 10^point`.
struct Decimal {
    digits: Vec<u8>,
    point: i64,
}

impl Decimal {
    fn new(mantissa: &UBig, exponent: i64) -> Self {
        let size = usize::try_from(exponent.unsigned_abs()).unwrap_or(0);
        let (integer, fraction) = if exponent >= 0 {
            (mantissa << size, 0)
        } else {
            // m / 2^n is m * 5^n / 10^n
            (mantissa * UBig::from(5u8).pow(size), exponent)
        };
        let digits = integer.to_string().into_bytes();
        let point = i64::try_from(digits.len()).unwrap_or(i64::MAX) + fraction;
        let mut decimal = Decimal { digits, point };
        decimal.trim();
        decimal
    }

    fn at(&self, i: usize) -> u8 {
        self.digits.get(i).copied().unwrap_or(b'0')
    }

    fn trim(&mut self) {
        while self.digits.last() == Some(&b'0') {
            self.digits.pop();
        }
    }

    fn round(&mut self, n: usize) {
        let rest = &self.digits[n.min(self.digits.len())..];
        let half = rest.first().map_or(Ordering::Less, |d| d.cmp(&b'5')).then((rest.len() > 1).cmp(&false));
        let odd = n > 0 && (self.at(n - 1) - b'0') % 2 == 1;
        match half {
            Ordering::Greater => self.round_up(n),
            Ordering::Equal if odd => self.round_up(n),
            _ => self.round_down(n),
        }
    }

    fn round_down(&mut self, n: usize) {
        self.digits.truncate(n);
        self.trim();
    }

    fn round_up(&mut self, n: usize) {
        if n >= self.digits.len() {
            return;
        }
        self.digits.truncate(n);
        while self.digits.last() == Some(&b'9') {
            self.digits.pop();
        }
        match self.digits.last_mut() {
            Some(digit) => *digit += 1,
            None => {
                self.digits.push(b'1');
                self.point += 1;
            }
        }
    }

    fn to_text(&self) -> String {
        let digits = String::from_utf8_lossy(&self.digits);
        let count = i64::try_from(self.digits.len()).unwrap_or(i64::MAX);
        let zeros = |n: i64| "0".repeat(usize::try_from(n).unwrap_or(0));
        if self.point <= 0 {
            format!("0.{}{digits}", zeros(-self.point))
        } else if self.point >= count {
            format!("{digits}{}", zeros(self.point - count))
        } else {
            let (whole, fraction) = digits.split_at(usize::try_from(self.point).unwrap_or(0));
            format!("{whole}.{fraction}")
        }
    }
}
