//! `cplan cache …`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;
use cplan_model::{Format, parse_quantity};

/// What is to be done with the cache.
#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// List the images with their size, their age and who holds them
    List(CacheArgs),
    /// Remove images that no lab holds and no machine stands on, and what only they were made of
    Prune(PruneArgs),
}

/// Of both.
#[derive(Debug, clap::Args)]
pub(crate) struct CacheArgs {
    /// The cache; what the provider block of this folder says without it
    #[arg(long, value_name = "DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Of `cache prune`.
#[derive(Debug, clap::Args)]
pub(crate) struct PruneArgs {
    #[command(flatten)]
    pub(crate) cache: CacheArgs,
    /// Only images that were made longer ago than this, such as 12h or 7d
    #[arg(long, value_name = "AGE", value_parser = age, default_value = "0s")]
    pub(crate) older_than: Duration,
    /// Also images that only topologies hold whose folder is gone
    #[arg(long)]
    pub(crate) gone: bool,
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

fn age(text: &str) -> Result<Duration, String> {
    // Days are too long for what durations mean elsewhere.
    if let Some(days) = text.strip_suffix('d').and_then(|days| days.trim().parse::<u32>().ok()) {
        return Ok(Duration::from_secs(u64::from(days) * 86_400));
    }
    let nanoseconds = parse_quantity(Format::Duration, text).map_err(|e| format!("{} {}", e.what, e.remedy))?;
    Ok(Duration::from_nanos(nanoseconds))
}
