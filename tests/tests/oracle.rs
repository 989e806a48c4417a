//! The real terraform as the judge: both programs on the same files, their answers side by side. What may differ stands in
//! `tests/oracle/differences.txt` with its reason, and nowhere else.
#![allow(clippy::print_stdout, reason = "a test says its seeds and its sums")]

mod answer;
mod case;
mod compare;
mod exact;
mod generate;
mod identity;
mod lines;
mod normal;
mod random;
mod record;
mod suite;
mod tool;
mod wanted;
