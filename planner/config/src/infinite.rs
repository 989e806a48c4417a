//! Infinite numbers, which expressions may use and nothing can store.

use cplan_model::{Diagnostic, Span, Value};

/// The error of a value that goes into state or plan, where it holds an infinite number.
pub fn refuse_infinite(value: &Value, place: Span) -> Option<Diagnostic> {
    holds_infinity(value).then(|| {
        Diagnostic::error(
            "infinite-number",
            "Infinite number",
            "The value holds an infinite number, which cannot be written into a plan or a state.",
        )
        .remedy("Guard the division by zero with a condition.")
        .at(place)
    })
}

fn holds_infinity(value: &Value) -> bool {
    value.as_number().is_some_and(cplan_model::Number::is_infinite) || value.children().any(holds_infinity)
}

#[cfg(test)]
mod tests {
    use cplan_model::{Number, SourceId};

    use super::*;

    #[test]
    fn finds_infinity_deep_down() {
        let place = Span::new(SourceId(0), 0, 1);
        let deep = Value::tuple([Value::object([("a", Value::number(Number::infinite(true)))])]);
        assert_eq!(refuse_infinite(&deep, place).unwrap().id, "infinite-number");
        assert!(refuse_infinite(&Value::tuple([Value::number(1)]), place).is_none());
    }
}
