//! `cplan cache …`: the host's images, and who holds them.

use std::path::PathBuf;
use std::time::SystemTime;

use cplan_libvirt::{CachedImage, PruneOptions};
use serde_json::{Value as Json, json};

use crate::args::{CacheArgs, CacheCommand, PruneArgs};
use crate::clock::Moment;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::host;
use crate::render;
use crate::session::Session;

/// Finds its command.
pub(crate) fn run(session: &Session, command: &CacheCommand) -> Result<ExitCode, CommandError> {
    match command {
        CacheCommand::List(args) => list(session, args),
        CacheCommand::Prune(args) => prune(session, args),
    }
}

fn folder(session: &Session, args: &CacheArgs) -> Result<PathBuf, CommandError> {
    match &args.cache_dir {
        Some(folder) => Ok(folder.clone()),
        None => Ok(host::of_folder(session, "lab", "-cache-dir=DIR")?.cache_dir),
    }
}

fn list(session: &Session, args: &CacheArgs) -> Result<ExitCode, CommandError> {
    let survey = cplan_libvirt::survey(&folder(session, args)?);
    let text = if args.json {
        render::json::text(&json!({
            "format_version": "1.0",
            "folder": survey.folder,
            "images": survey.images.iter().map(image_json).collect::<Vec<_>>(),
            "packages": {"files": survey.packages.0, "bytes": survey.packages.1},
            "leftovers": {"bytes": survey.leftovers},
        }))
    } else {
        render::cache::list(&survey, SystemTime::now(), session.terminal.style())
    };
    session.print(&text)?;
    Ok(ExitCode::Ok)
}

fn prune(session: &Session, args: &PruneArgs) -> Result<ExitCode, CommandError> {
    let options = PruneOptions { older_than: args.older_than, gone: args.gone, dry_run: args.dry_run };
    let pruned = cplan_libvirt::prune(&folder(session, &args.cache)?, options).map_err(cplan_sdk::ProviderError::from);
    let pruned = pruned.map_err(|e| CommandError::Failed(Box::new(e), String::new()))?;
    let text = if args.cache.json {
        render::json::text(&json!({
            "format_version": "1.0",
            "dry_run": args.dry_run,
            "images": pruned.images.iter().map(image_json).collect::<Vec<_>>(),
            "packages": pruned.packages,
            "leftovers": pruned.leftovers,
            "bytes": pruned.bytes,
        }))
    } else {
        render::cache::pruned(&pruned, args.dry_run)
    };
    session.print(&text)?;
    Ok(ExitCode::Ok)
}

fn image_json(image: &CachedImage) -> Json {
    let holders: Vec<_> = image
        .holders
        .iter()
        .map(|h| json!({"name": h.name, "lab": h.lab, "folder": h.folder, "gone": h.gone}))
        .collect();
    json!({
        "digest": image.digest,
        "flavor": image.flavor,
        "arch": image.arch,
        "whole": image.whole,
        "bytes": image.bytes,
        "made": Moment::of(image.made).rfc3339(),
        "holders": holders,
    })
}
