//! What the user says of one link.

use cplan_model::{Diagnostic, Diagnostics, Format, Step, Type, Value, parse_quantity, spelling_for};

use super::near::near;
use super::{at, error};

const ATTRIBUTES: [(&str, Format); 5] = [
    ("one_way_delay", Format::Duration),
    ("rtt", Format::Duration),
    ("jitter", Format::Duration),
    ("loss", Format::Fraction),
    ("rate", Format::Rate),
];
/// netem counts delays in 32-bit ticks of 64 ns.
const LONGEST_DELAY: u64 = 200_000_000_000;

/// A link's content: string values, null or unknown.
#[derive(Clone, Debug)]
pub(super) struct Spec {
    /// One way; half of `rtt` where that was given.
    pub(super) delay: Value,
    pub(super) jitter: Value,
    pub(super) loss: Value,
    pub(super) rate: Value,
}

impl Spec {
    /// Of known texts, without loss.
    pub(super) fn of(delay: &str, jitter: &str, rate: &str) -> Spec {
        let text = |text: &str| Value::string(text);
        Spec { delay: text(delay), jitter: text(jitter), loss: Value::null(Type::String), rate: text(rate) }
    }

    /// Reads the object of a link; says all that is wrong with it. `None` when there were errors, or nothing is known.
    pub(super) fn read(key: &str, link: &Value, found: &mut Diagnostics) -> Option<Spec> {
        if !link.is_known() {
            return None;
        }
        let Some(given) = link.as_map() else {
            let what = format!("The link `{key}` is a {}, not an object.", link.ty().friendly());
            found.push(error(
                "link-not-an-object",
                key,
                what,
                "Write `{ one_way_delay = \"7.5ms\", rate = \"100mbit\" }`.",
            ));
            return None;
        };
        let before = found.len();
        for name in given.keys() {
            if !ATTRIBUTES.iter().any(|(n, _)| *n == &**name) {
                let names = ATTRIBUTES.map(|(n, _)| n);
                let remedy = match near(name, names) {
                    Some(meant) => format!("Did you mean `{meant}`?"),
                    None => format!("A link has {}.", names.map(|n| format!("`{n}`")).join(", ")),
                };
                let what = format!("A link has no attribute `{name}`.");
                found.push(error("link-attribute-unknown", key, what, remedy).attribute(at(key).then_attr(name)));
            }
        }
        let mut values = ATTRIBUTES.map(|(name, format)| quantity(key, name, format, given.get(name), found));
        let [one_way, rtt, ..] = &values;
        if !one_way.is_null() && !rtt.is_null() {
            let what = format!("The link `{key}` has both `one_way_delay` and `rtt`.");
            found.push(
                error("link-delay-twice", key, what, "Keep one of them; a round trip is two one-way delays.")
                    .attribute(at(key).then_attr("rtt")),
            );
        }
        if found.len() > before {
            return None;
        }
        if !rtt.is_null() {
            values[0] = match amount(rtt, Format::Duration) {
                Some(rtt) => Value::string(spelling_for(Format::Duration, rtt / 2)),
                None => Value::unknown(Type::String),
            };
        }
        let [delay, _, jitter, loss, rate] = values;
        let spec = Spec { delay, jitter, loss, rate };
        found.extend(spec.lints(key));
        Some(spec)
    }

    /// What works, and surprises.
    fn lints(&self, key: &str) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let lint = |id, what: String, remedy: &str| {
            Diagnostic::warning(id, "Surprising link", what).remedy(remedy).attribute(at(key).then_attr("jitter"))
        };
        let jitter = amount(&self.jitter, Format::Duration).unwrap_or(0);
        if self.delay.is_known() && jitter > amount(&self.delay, Format::Duration).unwrap_or(0) {
            found.push(lint(
                "link-jitter-clipped",
                format!("The jitter of the link `{key}` is larger than its delay; no packet arrives before it is sent, so the mean delay grows."),
                "Make the jitter at most a third of the delay.",
            ));
        } else if jitter > 0 && self.rate.is_null() {
            found.push(lint(
                "link-jitter-reorders",
                format!("The link `{key}` has jitter and no rate, so packets overtake each other."),
                "Set a `rate`, which keeps them in order, or accept it.",
            ));
        }
        found
    }
}

/// The amount of a known quantity.
pub(super) fn amount(value: &Value, format: Format) -> Option<u64> {
    value.as_str().and_then(|text| parse_quantity(format, text).ok())
}

fn quantity(key: &str, name: &str, format: Format, value: Option<&Value>, found: &mut Diagnostics) -> Value {
    let Some(value) = value.filter(|v| !v.is_null()) else { return Value::null(Type::String) };
    if !value.is_known() {
        return Value::unknown(Type::String);
    }
    let path = at(key).then(Step::Attr(name.into()));
    let mut wrong = |what: String, remedy: String| {
        found.push(
            Diagnostic::error("invalid-quantity", "Invalid quantity", what).remedy(remedy).attribute(path.clone()),
        );
        Value::null(Type::String)
    };
    // A bare number becomes a text without a unit, which says the same as a quoted one would.
    let text = match (value.as_str(), value.as_number()) {
        (Some(text), _) => text.to_owned(),
        (None, Some(number)) => number.to_string(),
        (None, None) => {
            return wrong(
                format!("`{name}` is a {}, not a string.", value.ty().friendly()),
                format!("Write a string with a unit, such as \"{}\".", format.example()),
            );
        }
    };
    match parse_quantity(format, &text) {
        Err(e) => wrong(format!("`{name}` of the link `{key}`: {}", e.what), e.remedy),
        Ok(0) if format == Format::Rate => wrong(
            format!("The rate of the link `{key}` is zero."),
            "Leave `rate` out for a link without a limit.".into(),
        ),
        Ok(n) if format == Format::Fraction && n > 1_000_000_000 => {
            wrong(format!("The loss of the link `{key}` is more than all packets."), "Write at most \"100%\".".into())
        }
        Ok(n) if format == Format::Duration && n > LONGEST_DELAY => wrong(
            format!("`{name}` of the link `{key}` is longer than the kernel can delay a packet."),
            "Write at most \"200s\".".into(),
        ),
        Ok(_) => Value::string(text),
    }
}
