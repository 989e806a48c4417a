//! Which numbers are the same: those that print the same digits, whatever their bits.

use std::hash::{Hash, Hasher};

use super::{Number, PRECISION, Repr};

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Repr::Int { n: a, .. }, Repr::Int { n: b, .. }) => a == b,
            (Repr::Big(a), Repr::Big(b)) if a.bits == b.bits => {
                a.negative == b.negative && a.exponent == b.exponent && a.mantissa == b.mantissa
            }
            (Repr::Big(b), _) if b.bits != PRECISION => b.reread().is_some_and(|b| b == *other),
            (_, Repr::Big(b)) if b.bits != PRECISION => b.reread().is_some_and(|b| *self == b),
            (Repr::NegativeZero, Repr::NegativeZero) => true,
            (Repr::Infinite { negative: a }, Repr::Infinite { negative: b }) => a == b,
            _ => false,
        }
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.0 {
            Repr::Int { n, .. } => n.hash(state),
            Repr::Big(b) => match b.reread() {
                Some(number) => number.hash(state),
                None => (b.negative, &b.mantissa, b.exponent).hash(state),
            },
            Repr::NegativeZero => "-0".hash(state),
            Repr::Infinite { negative } => (*negative, "Inf").hash(state),
        }
    }
}
