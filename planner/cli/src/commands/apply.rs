//! `cplan apply`: makes the world what the configuration says.

use super::work::{self, Kind};
use crate::args::ApplyArgs;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::session::Session;

/// Applies.
pub(crate) async fn run(session: &Session, args: &ApplyArgs) -> Result<ExitCode, CommandError> {
    work::run(session, args, Kind::Apply).await
}
