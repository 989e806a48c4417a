//! A rule: what a machine does to its packets towards one peer, as a value.

use cplan_model::{Format, Type, Value, parse_quantity};

use crate::impairment::Impairment;

/// `object({address, delay, jitter, loss, rate, link})`, all strings; what is not impaired is null.
pub(crate) fn ty() -> Type {
    Type::object(["address", "delay", "jitter", "loss", "rate", "link"].map(|name| (name, Type::String)))
}

/// The quantities of a rule with their formats.
pub(crate) const QUANTITIES: [(&str, Format); 4] =
    [("delay", Format::Duration), ("jitter", Format::Duration), ("loss", Format::Fraction), ("rate", Format::Rate)];

/// The impairment of a known rule; what does not parse counts as absent ([`crate::ShaperResource`] refuses it earlier).
pub(crate) fn impairment(rule: &Value) -> Impairment {
    let amount = |name, format| {
        rule.get(name).and_then(Value::as_str).and_then(|text| parse_quantity(format, text).ok()).filter(|n| *n > 0)
    };
    Impairment {
        delay: amount("delay", Format::Duration),
        jitter: amount("jitter", Format::Duration),
        loss: amount("loss", Format::Fraction),
        rate: amount("rate", Format::Rate),
    }
}
