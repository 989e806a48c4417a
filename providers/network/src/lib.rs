//! The links between machines: [`LinksSource`] compiles what the user says of them into rules for each machine,
//! [`ShaperResource`] keeps a machine's rules in its kernel, and [`measure`] proves them.

mod doctor;
mod host_bridge;
mod impairment;
mod links;
pub mod measure;
mod rule;
mod shaper;

pub use doctor::doctor;
pub use host_bridge::{HostBridgeResource, HostPlaces};
pub use links::LinksSource;
pub use shaper::{PROBE_TOS, ShaperResource};
