//! Rules of the repository that a machine can check.

mod layering;
mod layout;
mod text;
