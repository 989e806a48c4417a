//! Rules of the repository that a machine can check.

mod diagnostics;
mod layering;
mod layout;
mod text;
