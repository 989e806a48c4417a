//! What the end-to-end tests share: the binaries under test, capabilities of the host, the repository.

pub mod binaries;
pub mod capability;
pub mod debian;
pub mod folder;
pub mod fuzz;
pub mod repository;
pub mod session;
