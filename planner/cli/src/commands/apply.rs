//! `cplan apply`: makes the world what the configuration says, or with `-destroy` as if it said nothing.

use super::work::{self, Kind};
use crate::args::ApplyArgs;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::session::Session;

/// Applies.
pub(crate) async fn run(session: &Session, args: &ApplyArgs) -> Result<ExitCode, CommandError> {
    let kind = if args.destroy { Kind::Destroy } else { Kind::Apply };
    work::run(session, args.auto_approve, kind).await
}
