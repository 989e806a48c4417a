//! What is to be measured, as plain numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cplan_model::{AttrPath, Format, Value, parse_quantity};
use cplan_sdk::{Access, ProviderError, to_json};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

/// The broker's port unless an address names another (IANA: mqtt).
const MQTT_PORT: &str = "1883";

/// One publisher.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    /// Where it runs.
    pub machine: Access,
    /// `host:port` of its broker.
    pub broker: String,
    /// The name of its worker.
    pub worker: String,
}

/// A benchmark's inputs, all known.
#[derive(Clone, Debug, PartialEq)]
pub struct Inputs {
    /// `mqtt`
    pub kind: String,
    /// By name.
    pub endpoints: BTreeMap<String, Endpoint>,
    /// By name.
    pub workers: BTreeMap<String, Access>,
    /// Bytes per message.
    pub payload: u64,
    /// Messages per second and endpoint.
    pub rate: f64,
    /// How long is measured.
    pub duration: Duration,
    /// How long is sent before that.
    pub warmup: Duration,
    /// How long late answers are awaited.
    pub drain: Duration,
    /// Iterations per message.
    pub work: u64,
    /// Messages that a worker works on at a time.
    pub threads: u64,
    /// What the user ties the run to.
    pub environment: Json,
    /// Another one forces a new run.
    pub generation: Option<u64>,
}

impl Inputs {
    /// Reads values; `None` while anything is unknown or missing, or does not parse.
    pub fn from_value(values: &Value) -> Option<Inputs> {
        let whole = |name| values.get(name).and_then(Value::as_u64);
        let time = |name, default: Option<u64>| match values.get(name) {
            Some(v) if !v.is_null() => parse_quantity(Format::Duration, v.as_str()?).ok().map(Duration::from_nanos),
            _ => default.map(Duration::from_secs),
        };
        let environment = values.get("environment");
        if environment.is_some_and(|v| !v.is_wholly_known()) {
            return None;
        }
        Some(Inputs {
            kind: values.get("kind")?.as_str()?.to_owned(),
            endpoints: pairs(values.get("endpoints")?, endpoint)?,
            workers: pairs(values.get("workers")?, Access::from_value)?,
            payload: parse_quantity(Format::Bytes, values.get("payload")?.as_str()?).ok()?,
            rate: values.get("rate")?.as_number()?.as_f64(),
            duration: time("duration", None)?,
            warmup: time("warmup", Some(1))?,
            drain: time("drain", Some(5))?,
            work: whole("work")?,
            threads: if optional(values, "threads") { whole("threads")? } else { 1 },
            environment: environment.map_or(Json::Null, to_json),
            generation: if optional(values, "generation") { Some(whole("generation")?) } else { None },
        })
    }

    /// As [`Inputs::from_value`], for an apply, where everything is known.
    pub fn known(values: &Value) -> Result<Inputs, ProviderError> {
        Inputs::from_value(values).ok_or_else(|| ProviderError::failed("the benchmark's inputs are not all known"))
    }

    /// Everything that makes two runs comparable, as JSON with sorted keys: names and amounts, no spellings, no keys, no
    /// management addresses; neither the generation, nor which object a machine is.
    pub fn essence(&self) -> Json {
        let endpoints: BTreeMap<_, _> = self
            .endpoints
            .iter()
            .map(|(n, e)| (n, json!({"machine": e.machine.name, "broker": e.broker, "worker": e.worker})))
            .collect();
        let workers: BTreeMap<_, _> = self.workers.iter().map(|(n, a)| (n, &a.name)).collect();
        json!({
            "kind": self.kind, "endpoints": endpoints, "workers": workers, "payload_bytes": self.payload,
            "rate_hz": self.rate, "duration_ns": nanos(self.duration), "warmup_ns": nanos(self.warmup),
            "drain_ns": nanos(self.drain), "work": self.work, "threads": self.threads, "environment": self.environment,
        })
    }

    /// The sha256 of [`Inputs::essence`], in hex.
    pub fn digest(&self) -> String {
        Sha256::digest(self.essence().to_string().as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
    }

    /// All machines, each once, by identity.
    pub fn machines(&self) -> Vec<&Access> {
        let mut seen = BTreeSet::new();
        let all = self.workers.values().chain(self.endpoints.values().map(|e| &e.machine));
        all.filter(|a| seen.insert(&a.id)).collect()
    }

    /// The attributes in which `next` asks for another run than this: what the digest covers, the generation, and
    /// machines that are other objects now.
    pub fn differences(&self, next: &Inputs) -> Vec<AttrPath> {
        let (ours, theirs) = (self.essence(), next.essence());
        let changed = |keys: &[&str]| keys.iter().any(|k| ours[*k] != theirs[*k]);
        let ids = |i: &Inputs| -> Vec<String> { i.endpoints.values().map(|e| e.machine.id.clone()).collect() };
        let worker_ids = |i: &Inputs| -> Vec<String> { i.workers.values().map(|a| a.id.clone()).collect() };
        [
            ("kind", changed(&["kind"])),
            ("endpoints", changed(&["endpoints"]) || ids(self) != ids(next)),
            ("workers", changed(&["workers"]) || worker_ids(self) != worker_ids(next)),
            ("payload", changed(&["payload_bytes"])),
            ("rate", changed(&["rate_hz"])),
            ("duration", changed(&["duration_ns"])),
            ("warmup", changed(&["warmup_ns"])),
            ("drain", changed(&["drain_ns"])),
            ("work", changed(&["work"])),
            ("threads", changed(&["threads"])),
            ("environment", changed(&["environment"])),
            ("generation", self.generation != next.generation),
        ]
        .into_iter()
        .filter(|(_, changed)| *changed)
        .map(|(name, _)| AttrPath::attr(name))
        .collect()
    }
}

fn optional(values: &Value, name: &str) -> bool {
    values.get(name).is_some_and(|v| !v.is_null())
}

fn endpoint(value: &Value) -> Option<Endpoint> {
    let broker = value.get("broker")?.as_str()?;
    let broker = if broker.contains(':') { broker.to_owned() } else { format!("{broker}:{MQTT_PORT}") };
    Some(Endpoint {
        machine: Access::from_value(value.get("machine")?)?,
        broker,
        worker: value.get("worker")?.as_str()?.to_owned(),
    })
}

fn pairs<T>(value: &Value, read: impl Fn(&Value) -> Option<T>) -> Option<BTreeMap<String, T>> {
    value.as_map()?.iter().map(|(name, v)| Some((name.to_string(), read(v)?))).collect()
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use cplan_model::Type;

    /// An access of a machine of this name and identity.
    pub(crate) fn access(id: &str) -> Access {
        Access {
            id: id.into(),
            name: "endpoint0".into(),
            address: "127.0.0.1".into(),
            port: 22,
            user: "root".into(),
            host_key: "ssh-ed25519 AAAA".into(),
            key_file: "/k".into(),
            flavor: String::new(),
            arch: String::new(),
        }
    }

    /// The values of a small benchmark, the computed ones null.
    pub(crate) fn values() -> Value {
        let endpoint = Value::object([
            ("machine", access("id-0").to_value()),
            ("broker", Value::string("10.0.0.1")),
            ("worker", Value::string("w")),
        ]);
        let given = Value::object([
            ("kind", Value::string("mqtt")),
            ("endpoints", Value::map(endpoint.ty(), [("e0", endpoint)])),
            ("workers", Value::map(Access::ty(), [("w", access("id-1").to_value())])),
            ("payload", Value::string("1KiB")),
            ("rate", Value::number(10)),
            ("duration", Value::string("5s")),
            ("warmup", Value::null(Type::String)),
            ("drain", Value::null(Type::String)),
            ("work", Value::number(1000)),
            ("threads", Value::null(Type::Number)),
            ("environment", Value::object([("links", Value::string("7.5ms"))])),
            ("generation", Value::null(Type::Number)),
        ]);
        crate::schema::with_results(&given, &crate::schema::schema(), Value::null)
    }

    #[test]
    fn defaults_are_filled_in() {
        let inputs = Inputs::from_value(&values()).unwrap();
        assert_eq!((inputs.warmup, inputs.drain), (Duration::from_secs(1), Duration::from_secs(5)));
        assert_eq!((inputs.payload, inputs.threads, inputs.generation), (1024, 1, None));
        assert_eq!(inputs.endpoints["e0"].broker, "10.0.0.1:1883");
    }

    #[test]
    fn spelling_is_no_difference_and_meaning_is() {
        let before = Inputs::from_value(&values()).unwrap();
        let respelt = values().with("payload", Value::string("1024B")).with("duration", Value::string("5000ms"));
        let after = Inputs::from_value(&respelt).unwrap();
        assert_eq!((before.differences(&after), before.digest()), (vec![], after.digest()));
        let slower = values().with("environment", Value::object([("links", Value::string("45ms"))]));
        let slower = Inputs::from_value(&slower).unwrap();
        assert_eq!(before.differences(&slower), [AttrPath::attr("environment")]);
        assert_ne!(before.digest(), slower.digest());
    }

    #[test]
    fn a_replaced_machine_is_another_run_of_the_same_digest() {
        let before = Inputs::from_value(&values()).unwrap();
        let moved = values().with("workers", Value::map(Access::ty(), [("w", access("id-2").to_value())]));
        let after = Inputs::from_value(&moved).unwrap();
        assert_eq!(before.differences(&after), [AttrPath::attr("workers")]);
        assert_eq!(before.digest(), after.digest());
    }

    #[test]
    fn unknown_is_not_known() {
        let unknown = values().with("environment", Value::object([("image", Value::unknown(Type::String))]));
        assert_eq!(Inputs::from_value(&unknown), None);
    }
}
