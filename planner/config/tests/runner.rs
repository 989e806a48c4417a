//! The language from outside: beside the real terraform, and what its errors say.

mod diagnostics;
mod folders;
mod oracle;
mod scope;
