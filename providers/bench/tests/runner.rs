//! Whole runs on this host: machines are folders, their shell is the local one, the broker is real.

mod broker;
mod local;
mod runs;
