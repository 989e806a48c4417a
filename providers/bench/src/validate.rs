//! Checks of a configuration that the schema cannot say; unknowns pass.

use cplan_model::{AttrPath, Diagnostic, Diagnostics, Format, Step, Value, parse_quantity};

/// A message is at least as long as its header.
const SMALLEST_PAYLOAD: u64 = 20;
/// More messages than that per endpoint do not fit a small machine's memory.
const MOST_MESSAGES: f64 = 2e6;

/// All problems of a configuration.
pub(crate) fn validate(config: &Value) -> Diagnostics {
    let mut found = Diagnostics::new();
    kind(config, &mut found);
    amounts(config, &mut found);
    endpoints(config, &mut found);
    found
}

/// Machines that cannot run the load generator, which is for one architecture.
pub(crate) fn elsewhere(config: &Value, generator: &str) -> Vec<Diagnostic> {
    let map = |name: &str| config.get(name).and_then(Value::as_map).into_iter().flatten();
    let at = |block: &str, name: &str| AttrPath::attr(block).then(Step::Key(name.into()));
    let workers = map("workers").map(|(name, machine)| (at("workers", name), Some(machine)));
    let endpoints =
        map("endpoints").map(|(name, endpoint)| (at("endpoints", name).then_attr("machine"), endpoint.get("machine")));
    let told = workers.chain(endpoints).filter_map(|(path, machine)| {
        let text = |name: &str| machine.and_then(|m| m.get(name)).and_then(Value::as_str);
        let arch = text("arch").filter(|arch| !arch.is_empty() && *arch != generator)?;
        let what = format!(
            "Machine `{}` is of {arch}, and the load generator that would run on it is of {generator}.",
            text("name").unwrap_or("it")
        );
        let diagnostic = Diagnostic::error("benchmark-arch", "Machine of another architecture", what);
        let remedy =
            format!("Measure between machines of {generator}, or name a `cplan-guest` of {arch} in CPLAN_GUEST.");
        Some(diagnostic.remedy(remedy).attribute(path))
    });
    told.collect()
}

fn kind(config: &Value, found: &mut Diagnostics) {
    let Some(kind) = config.get("kind").and_then(Value::as_str).filter(|k| *k != "mqtt") else { return };
    found.push(
        Diagnostic::error(
            "benchmark-kind",
            "Unknown kind of benchmark",
            format!("There is no benchmark of kind `{kind}`."),
        )
        .remedy("Write kind = \"mqtt\".")
        .attribute(AttrPath::attr("kind")),
    );
}

fn amounts(config: &Value, found: &mut Diagnostics) {
    let mut wrong = |attribute: &str, what: String, remedy: &str| {
        found.push(
            Diagnostic::error("benchmark-amount", "Impossible amount", what)
                .remedy(remedy)
                .attribute(AttrPath::attr(attribute)),
        );
    };
    let quantity = |name, format| config.get(name).and_then(Value::as_str).and_then(|t| parse_quantity(format, t).ok());
    if let Some(payload) = quantity("payload", Format::Bytes).filter(|p| *p < SMALLEST_PAYLOAD || *p > 256 << 20) {
        wrong(
            "payload",
            format!("A message of {payload} bytes cannot be sent."),
            "Choose a payload of at least 20B, which is the header's size, and at most 256MiB, which is MQTT's limit.",
        );
    }
    let duration = quantity("duration", Format::Duration);
    if duration == Some(0) {
        wrong("duration", "Nothing can be measured in no time.".into(), "Choose a duration such as \"30s\".");
    }
    let rate = config.get("rate").and_then(Value::as_number).map(|n| n.as_f64());
    if let Some(rate) = rate.filter(|r| *r <= 0.0 || r.is_nan()) {
        wrong("rate", format!("A rate of {rate} messages per second sends nothing."), "Choose a rate above zero.");
    }
    if let (Some(rate), Some(duration)) = (rate, duration) {
        let messages = rate * duration as f64 / 1e9;
        if messages > MOST_MESSAGES {
            wrong(
                "rate",
                format!("{messages:.0} messages per endpoint are more than a small machine can keep samples of."),
                "Choose a lower rate or a shorter duration, so that it is at most two million messages.",
            );
        }
        if messages < 1.0 && messages > 0.0 {
            wrong(
                "rate",
                format!("At {rate} messages per second not one is sent in the duration."),
                "Choose a higher rate or a longer duration.",
            );
        }
    }
    for (name, least) in [("work", 0), ("threads", 1), ("generation", 0)] {
        let Some(number) = config.get(name).and_then(Value::as_number) else { continue };
        if number.as_i64().is_none_or(|n| n < least) {
            wrong(
                name,
                format!("`{name}` is {number}, which is not a whole number of at least {least}."),
                "Write a whole number.",
            );
        }
    }
}

fn endpoints(config: &Value, found: &mut Diagnostics) {
    let Some(endpoints) = config.get("endpoints").and_then(Value::as_map) else { return };
    let at = |name: &str| AttrPath::attr("endpoints").then(Step::Key(name.into()));
    if endpoints.is_empty() {
        found.push(
            Diagnostic::error("benchmark-endpoints", "No endpoints", "Nobody would send anything.")
                .remedy("Name at least one endpoint.")
                .attribute(AttrPath::attr("endpoints")),
        );
    }
    let workers = config.get("workers").and_then(Value::as_map);
    for (name, endpoint) in endpoints {
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
            found.push(
                Diagnostic::error(
                    "benchmark-endpoint-name",
                    "Invalid name",
                    format!("The endpoint `{name}` cannot be a part of an MQTT topic."),
                )
                .remedy("Use letters, digits, `-`, `_` and `.`, such as the machine's name.")
                .attribute(at(name)),
            );
        }
        let (Some(workers), Some(worker)) = (workers, endpoint.get("worker").and_then(Value::as_str)) else { continue };
        if !workers.contains_key(worker) {
            let names: Vec<_> = workers.keys().map(|w| format!("`{w}`")).collect();
            found.push(
                Diagnostic::error(
                    "benchmark-worker",
                    "Unknown worker",
                    format!("The endpoint `{name}` names the worker `{worker}`, which is not in `workers`."),
                )
                .remedy(format!("Name one of the workers {}, or add it.", names.join(", ")))
                .attribute(at(name).then_attr("worker")),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::tests::values;
    use cplan_model::Type;

    #[test]
    fn a_good_configuration_passes_and_unknowns_do() {
        assert_eq!(validate(&values()), Diagnostics::new());
        let unknown =
            values().with("endpoints", Value::unknown(Type::Dynamic)).with("rate", Value::unknown(Type::Number));
        assert_eq!(validate(&unknown), Diagnostics::new());
    }

    #[test]
    fn names_what_cannot_be() {
        for (attribute, value, id) in [
            ("kind", Value::string("http"), "benchmark-kind"),
            ("payload", Value::string("19B"), "benchmark-amount"),
            ("duration", Value::string("0s"), "benchmark-amount"),
            ("rate", Value::number(0), "benchmark-amount"),
            ("rate", Value::number(0.1), "benchmark-amount"),
            ("rate", Value::number(1e7), "benchmark-amount"),
            ("work", Value::number(1.5), "benchmark-amount"),
            ("threads", Value::number(0), "benchmark-amount"),
            ("workers", Value::map(Type::Dynamic, [("other", Value::null(Type::Dynamic))]), "benchmark-worker"),
            ("endpoints", Value::map(Type::Dynamic, [] as [(&str, Value); 0]), "benchmark-endpoints"),
        ] {
            let found = validate(&values().with(attribute, value));
            let ids: Vec<_> = found.iter().map(|d| d.id).collect();
            assert_eq!(ids, [id], "{attribute}");
            assert!(found.iter().all(|d| !d.remedy.is_empty() && d.attribute.is_some()));
        }
        let endpoints = values().get("endpoints").unwrap().get("e0").unwrap().clone();
        let bad = values().with("endpoints", Value::map(endpoints.ty(), [("a/b", endpoints)]));
        assert_eq!(validate(&bad).iter().next().unwrap().id, "benchmark-endpoint-name");
    }
}
