//! `cplan destroy`: deletes everything that is in the state.

use super::work::{self, Consent};
use crate::args::DestroyArgs;
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::session::Session;

/// Destroys.
pub(crate) async fn run(session: &Session, args: &DestroyArgs) -> Result<ExitCode, CommandError> {
    work::run(session, Consent { auto_approve: args.auto_approve, converge: false }).await
}
