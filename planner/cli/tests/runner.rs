//! The binary in temporary folders, with `terraform_data` only: what is typed, and the whole of what is said.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage fails there")]

mod session;
