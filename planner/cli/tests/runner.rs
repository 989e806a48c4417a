//! The binary in temporary folders, with `terraform_data` only.
