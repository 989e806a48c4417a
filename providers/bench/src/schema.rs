//! What a `lab_benchmark` block may contain.

use cplan_model::{Attribute, Format, Schema, Type, Value};
use cplan_sdk::Access;

/// The computed attributes: null until a run is complete.
pub(crate) const RESULTS: [&str; 12] = [
    "digest",
    "run_id",
    "started_at",
    "sent",
    "received",
    "lost",
    "mean_ms",
    "stdev_ms",
    "p50_ms",
    "p95_ms",
    "p99_ms",
    "results",
];

/// The schema. Nothing says `replaces` here: what forces a new run is decided by meaning, not by spelling.
pub(crate) fn schema() -> Schema {
    let endpoint = Type::object([("machine", Access::ty()), ("broker", Type::String), ("worker", Type::String)]);
    let ms = |doc| Attribute::computed(Type::Number, doc);
    Schema::new(
        "One measured run: publishers on the endpoints send through brokers to workers, which work and answer.",
        [
            ("kind", Attribute::required(Type::String, "What is run: `mqtt`.")),
            (
                "endpoints",
                Attribute::required(
                    Type::map(endpoint),
                    "By name: the machine that publishes, the address of its broker (port 1883 unless given), the name of its worker.",
                ),
            ),
            ("workers", Attribute::required(Type::map(Access::ty()), "By name: the machines that do the work.")),
            ("payload", Attribute::required(Type::String, "The size of a message.").format(Format::Bytes)),
            ("rate", Attribute::required(Type::Number, "Messages per second that each endpoint sends.")),
            ("duration", Attribute::required(Type::String, "How long is measured.").format(Format::Duration)),
            (
                "warmup",
                Attribute::optional(Type::String, "How long is sent before that, not counted; 1s unless given.")
                    .format(Format::Duration),
            ),
            (
                "drain",
                Attribute::optional(
                    Type::String,
                    "How long answers are awaited after the last send, before they count as lost; 5s unless given.",
                )
                .format(Format::Duration),
            ),
            (
                "work",
                Attribute::required(
                    Type::Number,
                    "Iterations of the worker's loop per message: an amount, not a time.",
                ),
            ),
            (
                "threads",
                Attribute::optional(Type::Number, "How many messages a worker works on at a time; 1 unless given."),
            ),
            (
                "environment",
                Attribute::optional(
                    Type::Dynamic,
                    "Whatever else the result depends on: a change of it plans a new run.",
                ),
            ),
            ("generation", Attribute::optional(Type::Number, "Another number forces a new run.")),
            (
                "digest",
                Attribute::computed(Type::String, "The sha256 of what was measured, the same for comparable runs."),
            ),
            ("run_id", Attribute::computed(Type::String, "The folder of the records below `.cplan/runs`.")),
            ("started_at", Attribute::computed(Type::String, "When it started, in UTC (RFC 3339).")),
            ("sent", ms("Messages sent by all endpoints, the warm-up aside.")),
            ("received", ms("Of these, answered in time.")),
            ("lost", ms("Of these, not answered in time.")),
            ("mean_ms", ms("The mean latency over all endpoints.")),
            ("stdev_ms", ms("Its sample standard deviation.")),
            ("p50_ms", ms("The median latency, by nearest rank.")),
            ("p95_ms", ms("The 95th percentile.")),
            ("p99_ms", ms("The 99th percentile.")),
            ("results", Attribute::computed(results_type(), "The same for each endpoint.")),
        ],
    )
}

/// The type of `results`.
pub(crate) fn results_type() -> Type {
    Type::map(Type::object(
        ["sent", "received", "lost", "mean_ms", "stdev_ms", "p50_ms", "p95_ms", "p99_ms"].map(|n| (n, Type::Number)),
    ))
}

/// `values` with every computed attribute made by `make`.
pub(crate) fn with_results(values: &Value, schema: &Schema, make: impl Fn(Type) -> Value) -> Value {
    RESULTS.iter().fold(values.clone(), |values, name| match schema.attributes.get(*name) {
        Some(attribute) => values.with(name, make(attribute.ty.clone())),
        None => values,
    })
}
