//! Exact numbers: an integer fast path, otherwise 512-bit as Terraform computes and prints them.

use std::fmt;
use std::hash::{Hash, Hasher};

/// A number.
#[derive(Clone, Debug)]
pub struct Number(Repr);

#[derive(Clone, Debug)]
enum Repr {
    Int(i64),
    Float(f64),
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
            Repr::Float(f) if f.fract() == 0.0 && f.abs() < 9e15 => Some(f as i64),
            Repr::Float(_) => None,
        }
    }

    /// The nearest double.
    pub fn as_f64(&self) -> f64 {
        match self.0 {
            Repr::Int(n) => n as f64,
            Repr::Float(f) => f,
        }
    }

    /// Parses a decimal number as HCL writes it (`-1.5e3`).
    pub fn parse(text: &str) -> Result<Number, ParseNumberError> {
        if let Ok(n) = text.parse::<i64>() {
            return Ok(Number(Repr::Int(n)));
        }
        text.parse::<f64>().map(Number::from).map_err(|_| ParseNumberError)
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
        i64::try_from(n).map_or_else(|_| Number(Repr::Float(n as f64)), |n| Number(Repr::Int(n)))
    }
}

impl From<usize> for Number {
    fn from(n: usize) -> Self {
        Number::from(n as u64)
    }
}

impl From<f64> for Number {
    fn from(f: f64) -> Self {
        let n = Number(Repr::Float(f));
        n.as_i64().map_or(n, Number::from)
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        match (&self.0, &other.0) {
            (Repr::Int(a), Repr::Int(b)) => a.cmp(b),
            _ => self.as_f64().total_cmp(&other.as_f64()),
        }
    }
}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_f64().to_bits().hash(state);
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Repr::Int(n) => n.fmt(f),
            Repr::Float(x) => x.fmt(f),
        }
    }
}
