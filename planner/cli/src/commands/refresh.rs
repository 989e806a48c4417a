//! `cplan refresh`: makes the state what the world is.

use super::work::{self, Consent};
use crate::exit_code::ExitCode;
use crate::failure::CommandError;
use crate::session::Session;

/// The same as `apply -refresh-only -auto-approve`.
pub(crate) async fn run(session: &Session) -> Result<ExitCode, CommandError> {
    work::run(session, Consent { auto_approve: true, converge: false }).await
}
