//! What the end-to-end tests share: the binaries under test, capabilities of the host, the repository.

pub mod capability;
pub mod repository;
