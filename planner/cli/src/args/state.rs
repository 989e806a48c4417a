//! `cplan state …`, `taint` and `untaint`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::planning::LockFlags;

/// What is to be done with the state.
#[derive(Debug, Subcommand)]
pub(crate) enum StateCommand {
    /// List the addresses of all objects
    List(StateListArgs),
    /// Show one object
    Show(StateShowArgs),
    /// Give a module, a resource or an instance another address
    Mv(StateMvArgs),
    /// Forget objects; they stay as they are in the world
    Rm(StateRmArgs),
    /// Print the whole state, secrets included
    Pull(StatePullArgs),
    /// Put a state that was pulled in the place of this one
    Push(StatePushArgs),
    /// Go back to the last snapshot when the database is damaged
    Restore,
}

/// Of `state list`.
#[derive(Debug, clap::Args)]
pub(crate) struct StateListArgs {
    /// Only these modules, resources and instances
    pub(crate) addresses: Vec<String>,
    /// Only objects whose attribute `id` is this
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
}

/// Of `state show`.
#[derive(Debug, clap::Args)]
pub(crate) struct StateShowArgs {
    /// The object
    pub(crate) address: String,
}

/// Of `state mv`.
#[derive(Debug, clap::Args)]
pub(crate) struct StateMvArgs {
    #[command(flatten)]
    pub(crate) lock: LockFlags,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The address that it has
    pub(crate) source: String,
    /// The address that it gets
    pub(crate) destination: String,
}

/// Of `state rm`.
#[derive(Debug, clap::Args)]
pub(crate) struct StateRmArgs {
    #[command(flatten)]
    pub(crate) lock: LockFlags,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Modules, resources and instances
    #[arg(required = true)]
    pub(crate) addresses: Vec<String>,
}

/// Of `state pull`.
#[derive(Debug, clap::Args)]
pub(crate) struct StatePullArgs {
    /// Terraform's state of version 4, or cplan's own format; `state push` takes either
    #[arg(long, value_enum, default_value = "terraform")]
    pub(crate) format: StateFormat,
}

/// How a state is written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum StateFormat {
    /// Version 4 of Terraform's, and what it has no place for in a member of our own.
    Terraform,
    /// Our own, as backups are written.
    Cplan,
}

/// Of `state push`.
#[derive(Debug, clap::Args)]
pub(crate) struct StatePushArgs {
    #[command(flatten)]
    pub(crate) lock: LockFlags,
    /// Push it even if it belongs to another state or is older
    #[arg(long)]
    pub(crate) force: bool,
    /// The file; `-` is standard input
    pub(crate) path: PathBuf,
}

/// Of `taint` and `untaint`.
#[derive(Debug, clap::Args)]
pub(crate) struct TaintArgs {
    #[command(flatten)]
    pub(crate) lock: LockFlags,
    /// Be content when there is no such object
    #[arg(long)]
    pub(crate) allow_missing: bool,
    /// The object
    pub(crate) address: String,
}
