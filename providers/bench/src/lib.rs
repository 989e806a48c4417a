//! Benchmark runs as resources: `lab_benchmark` puts load on machines, measures, and keeps the records.
//!
//! A run is immutable. Its [`digest`](Inputs::digest) covers everything that was to be measured: the load, the names of the
//! machines and brokers, and the `environment` that the user ties it to. Another digest plans a new run, drift never does.
//!
//! Records of a run, in `<data_dir>/runs/<run id>/`, written as a whole or not at all, kept when the resource is destroyed:
//!
//! * `run.json`: see [`RunRecord`].
//! * `summary.csv`: one row per endpoint and one named `all`; see [`export::csv::summary`].
//! * `samples.csv`: one row per message; see [`export::csv::samples`].

mod benchmark;
mod clock;
pub mod export;
mod guest;
mod inputs;
mod record;
mod run;
mod samples;
mod schema;
mod statistics;
mod validate;

pub use benchmark::BenchmarkResource;
pub use guest::GuestBinary;
pub use inputs::{Endpoint, Inputs};
pub use record::RunRecord;
pub use samples::{Sample, Samples, Sums};
pub use statistics::Summary;
