//! The command line of cplan: the only place that prints, reads the environment and exits.

mod args;
mod clock;
mod commands;
mod data_folder;
mod exit_code;
mod failure;
mod host;
mod interrupt;
mod machines;
mod progress;
mod registry;
mod render;
mod run_log;
mod session;
mod settings;
mod terminal;

use std::process;

use mimalloc::MiMalloc;

/// A plan is millions of small allocations.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> process::ExitCode {
    commands::run(std::env::args_os()).into()
}
