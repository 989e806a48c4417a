//! What is known of the size of numbers that are not known.

use cplan_model::{Bound, Kind, Number, Refinement, Value};

/// From where to where; an open end is infinite.
pub(super) struct Range {
    low: Bound,
    high: Bound,
}

impl Range {
    /// The limits of an unknown number.
    pub(super) fn of(refinement: &Refinement) -> Self {
        let open = |negative| Bound { at: Number::infinite(negative), inclusive: true };
        Range {
            low: refinement.min.clone().unwrap_or_else(|| open(true)),
            high: refinement.max.clone().unwrap_or_else(|| open(false)),
        }
    }

    /// Of a number, known or not.
    pub(super) fn of_value(value: &Value) -> Self {
        match value.kind() {
            Kind::Number(n) => {
                let bound = Bound { at: n.clone(), inclusive: true };
                Range { low: bound.clone(), high: bound }
            }
            Kind::Unknown(u) => Range::of(&u.refinement),
            _ => Range::of(&Refinement::default()),
        }
    }

    /// Both ranges and all between them.
    pub(super) fn with(self, other: Range) -> Refinement {
        let outer = |a: Bound, b: Bound, low: bool| {
            let order = a.at.compare(&b.at);
            let order = if low { order } else { order.reverse() };
            let bound = match order {
                std::cmp::Ordering::Less => a,
                std::cmp::Ordering::Greater => b,
                std::cmp::Ordering::Equal => Bound { inclusive: a.inclusive || b.inclusive, ..a },
            };
            (!bound.at.is_infinite()).then_some(bound)
        };
        Refinement {
            min: outer(self.low, other.low, true),
            max: outer(self.high, other.high, false),
            ..Refinement::default()
        }
    }

    /// Whether the number may be this one.
    pub(super) fn may_hold(&self, number: &Number) -> bool {
        let (low, high) = (number.compare(&self.low.at), number.compare(&self.high.at));
        !(low.is_lt() || low.is_eq() && !self.low.inclusive || high.is_gt() || high.is_eq() && !self.high.inclusive)
    }

    /// Whether all of it lies below all of the other; `None` where some does.
    pub(super) fn below(&self, other: &Range) -> Option<bool> {
        if self.high.at.compare(&other.low.at).is_lt() {
            return Some(true);
        }
        self.low.at.compare(&other.high.at).is_gt().then_some(false)
    }
}
