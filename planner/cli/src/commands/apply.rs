//! `cplan apply`: makes the world what the configuration says, or does what a saved plan says.

mod saved;

use super::work::{self, Consent};
use crate::args::ApplyArgs;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::session::Session;

/// Applies.
pub(crate) async fn run(session: &Session, args: &ApplyArgs) -> Result<ExitCode, CommandError> {
    match &args.plan {
        Some(path) => saved::run(session, args, path).await,
        None => work::run(session, Consent { auto_approve: args.auto_approve, converge: args.converge }).await,
    }
}
