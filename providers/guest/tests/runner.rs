//! The binary against a real broker on loopback.

mod broker;
mod loopback;
