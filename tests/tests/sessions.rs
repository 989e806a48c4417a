//! cplan as a process against the fake world, judged by the world's own log.

mod claims;
mod crash;
mod drift;
mod failure;
mod inside;
mod lock;
mod secret;
mod together;
