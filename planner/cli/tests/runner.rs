//! The binary in temporary folders, with `terraform_data` only: what is typed, and the whole of what is said.

mod session;
